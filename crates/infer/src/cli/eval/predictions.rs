//! The file of `--predictions`: a line an image.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use contract::Contract;
use metrics::softmax;
use serde::Serialize;

use super::files;
use super::results::Evaluated;
use crate::cli::Failure;

/// Where to write the predictions, and how.
#[derive(Debug, Clone)]
pub struct PredictionsFile {
    path: PathBuf,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

impl FromStr for PredictionsFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = PathBuf::from(text);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension {
            Some("csv") => Format::Csv,
            Some("jsonl") => Format::JsonLines,
            _ => return Err("the name has to end in .csv or .jsonl"),
        };
        Ok(Self { path, format })
    }
}

/// One image. The probabilities are the softmax of the logits, in the order of
/// the model's classes.
#[derive(Serialize)]
struct Line<'a> {
    /// In the split.
    index: usize,
    file: String,
    label: &'a str,
    prediction: &'a str,
    probabilities: Vec<f32>,
}

impl PredictionsFile {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line for each image that was evaluated, in the split's order.
    pub fn write(&self, evaluated: &Evaluated<'_>) -> Result<(), Failure> {
        let contract = evaluated.classifier.contract();
        let lines = lines(evaluated, contract);
        let bytes = match self.format {
            Format::Csv => csv(lines, &contract.classes).map_err(cannot_format)?,
            Format::JsonLines => json_lines(lines).map_err(cannot_format)?,
        };
        files::write_file(&self.path, &bytes)
    }
}

fn lines<'a>(
    evaluated: &'a Evaluated<'_>,
    contract: &'a Contract,
) -> impl Iterator<Item = Line<'a>> {
    let outcome = evaluated.outcome;
    let rows = outcome.logits.chunks_exact(contract.classes.len());
    let predictions = outcome.predictions.iter().zip(rows);
    predictions.map(|(prediction, logits)| Line {
        index: prediction.index,
        file: evaluated.data.split.describe(prediction.index),
        label: &contract.classes[prediction.label],
        prediction: &contract.classes[prediction.predicted],
        probabilities: softmax(logits),
    })
}

/// A header (`index,file,label,prediction` and `p:` with each class's name),
/// then the lines.
fn csv<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    classes: &[String],
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let fixed = ["index", "file", "label", "prediction"].map(str::to_owned);
    let probabilities = classes.iter().map(|class| format!("p:{class}"));
    writer.write_record(fixed.into_iter().chain(probabilities))?;
    for line in lines {
        // Serialised, the probabilities become a column each.
        writer.serialize(line)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn json_lines<'a>(lines: impl Iterator<Item = Line<'a>>) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn cannot_format(error: impl std::fmt::Display) -> Failure {
    Failure::new(
        format!("cannot format the predictions: {error}"),
        "report this as a bug",
    )
}
