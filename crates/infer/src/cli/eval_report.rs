//! The results of `infer eval` as text, JSON and files.

use std::fs;
use std::path::Path;

use contract::fs::write_atomically;
use infer::{Classifier, EvaluationOutcome};
use metrics::Evaluation;
use serde::Serialize;

use super::data::{Data, SplitName};
use super::{Failure, output};

const FILES: [&str; 4] = [
    "confusion.csv",
    "confusion.png",
    "report.txt",
    "metrics.json",
];

/// Everything that `infer eval` found out; serialised, it is the document
/// that `--json` prints.
#[derive(Serialize)]
pub struct EvalReport<'a> {
    model: ModelFacts<'a>,
    dataset: DatasetFacts<'a>,
    /// ONNX Runtime's name of the execution provider that ran.
    provider: String,
    runtime: RuntimeFacts<'a>,
    sessions: usize,
    batch_size: usize,
    /// Wall-clock time.
    seconds: f64,
    images_per_second: f64,
    /// `images`, `loss`, `top1`, `top5`, `confusion`, `report`.
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    #[serde(skip)]
    classes: &'a [String],
}

#[derive(Serialize)]
struct ModelFacts<'a> {
    path: &'a Path,
    architecture: &'a str,
    parameters: u64,
    classes: &'a [String],
}

#[derive(Serialize)]
struct DatasetFacts<'a> {
    name: &'a str,
    split: &'static str,
    sha256: &'a str,
    matches_training: bool,
}

#[derive(Serialize)]
struct RuntimeFacts<'a> {
    path: &'a Path,
    version: &'a str,
}

impl<'a> EvalReport<'a> {
    /// Gathers what is to be shown.
    pub fn new(
        model: &'a Path,
        classifier: &'a Classifier,
        data: &'a Data,
        split: SplitName,
        outcome: &'a EvaluationOutcome,
    ) -> Self {
        let contract = classifier.contract();
        let runtime = classifier.runtime();
        Self {
            model: ModelFacts {
                path: model,
                architecture: &contract.architecture,
                parameters: contract.parameters,
                classes: &contract.classes,
            },
            dataset: DatasetFacts {
                name: &data.name,
                split: split.as_str(),
                sha256: &data.sha256,
                matches_training: data.matches_training,
            },
            provider: classifier.provider().to_string(),
            runtime: RuntimeFacts {
                path: &runtime.path,
                version: &runtime.version,
            },
            sessions: classifier.sessions(),
            batch_size: outcome.batch_size,
            seconds: outcome.times.wall.as_secs_f64(),
            images_per_second: outcome.images_per_second(),
            evaluation: &outcome.evaluation,
            classes: &contract.classes,
        }
    }

    /// The summary and the classification report for a person.
    pub fn to_text(&self) -> String {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let plural = if self.sessions == 1 { "" } else { "s" };
        let summary = output::facts(&[
            (
                "Model",
                format!(
                    "{} ({}, {} classes)",
                    self.model.path.display(),
                    self.model.architecture,
                    self.classes.len()
                ),
            ),
            (
                "Data set",
                format!("{}, {} split", self.dataset.name, self.dataset.split),
            ),
            (
                "Provider",
                format!(
                    "{}, {} session{plural}, batch size {}",
                    self.provider, self.sessions, self.batch_size
                ),
            ),
            ("Runtime", format!("ONNX Runtime {}", self.runtime.version)),
            (
                "Images",
                format!("{} in {:.1} s", self.evaluation.images, self.seconds),
            ),
            ("Throughput", format!("{:.1} img/s", self.images_per_second)),
            ("Loss", format!("{:.4}", self.evaluation.loss)),
            ("Top-1", percent(self.evaluation.top1)),
            ("Top-5", percent(self.evaluation.top5)),
        ]);
        format!("{summary}\n\n{}", self.evaluation.report)
    }

    /// Makes the folder and checks that files can be made in it, before time
    /// is spent on the evaluation.
    pub fn check_folder(dir: &Path) -> Result<(), Failure> {
        let probe = dir.join(format!(".infer-{}", std::process::id()));
        fs::create_dir_all(dir)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| cannot_write(dir, &error))
    }

    /// Writes the files to `dir`.
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let [csv, png, text, json] = FILES.map(|name| dir.join(name));
        let confusion = &self.evaluation.confusion;
        let write = |path: &Path, contents: &str| {
            write_atomically(path, contents.as_bytes()).map_err(|error| cannot_write(path, &error))
        };
        write(&csv, &confusion.to_csv(self.classes))?;
        let title = format!(
            "{} on {} {}",
            self.model.architecture, self.dataset.name, self.dataset.split,
        );
        report::write_confusion_png(&png, &title, confusion, self.classes)?;
        write(&text, &format!("{}\n", self.to_text().trim_end()))?;
        write(&json, &format!("{}\n", output::to_json(self)?))
    }

    /// The names of the files in `dir`, for a message.
    pub fn files(dir: &Path) -> String {
        format!("{}/{{{}}}", dir.display(), FILES.join(","))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("cannot write {}: {error}", path.display()),
        "pass a folder with --out that you may write to",
    )
}
