//! The file of `--predictions`: a line an image.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use contract::Contract;
use contract::fs::AtomicFile;
use dataset::Split;
use infer::Answer;
use metrics::{argmax, softmax};
use serde::Serialize;

use super::files;
use crate::cli::Failure;
use crate::cli::output::csv_cell;

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
    file: Cow<'a, str>,
    label: Cow<'a, str>,
    prediction: Cow<'a, str>,
    probabilities: Vec<f32>,
}

impl PredictionsFile {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file, which appears when it is committed. CSV begins with a
    /// header: `index,file,label,prediction` and `p:` with each class's name.
    pub fn create<'a>(
        &'a self,
        contract: &'a Contract,
        split: &'a Split,
    ) -> Result<PredictionsWriter<'a>, Failure> {
        let failed = |error: io::Error| files::cannot_write(&self.path, &error);
        let file = AtomicFile::create(&self.path).map_err(failed)?;
        let lines = match self.format {
            Format::JsonLines => Lines::Json(file),
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(file);
                let fixed = ["index", "file", "label", "prediction"].map(str::to_owned);
                let probabilities = contract.classes.iter().map(|class| format!("p:{class}"));
                writer
                    .write_record(fixed.into_iter().chain(probabilities))
                    .map_err(|error| failed(error.into()))?;
                Lines::Csv(Box::new(writer))
            }
        };
        Ok(PredictionsWriter {
            path: &self.path,
            lines,
            contract,
            split,
        })
    }
}

/// Writes a line for each image, as its answer comes.
pub struct PredictionsWriter<'a> {
    path: &'a Path,
    lines: Lines,
    contract: &'a Contract,
    split: &'a Split,
}

enum Lines {
    Csv(Box<csv::Writer<AtomicFile>>),
    Json(AtomicFile),
}

impl<'a> PredictionsWriter<'a> {
    /// Writes the line of one image.
    pub fn write(&mut self, answer: &Answer<'_>) -> Result<(), Failure> {
        let classes = &self.contract.classes;
        let line = Line {
            index: answer.index,
            file: self.split.describe(answer.index).into(),
            label: (&classes[answer.label]).into(),
            prediction: (&classes[argmax(answer.logits)]).into(),
            probabilities: softmax(answer.logits),
        };
        let written = match &mut self.lines {
            // Serialised, the probabilities become a column each.
            Lines::Csv(writer) => {
                let line = Line {
                    file: csv_cell(&line.file),
                    label: csv_cell(&line.label),
                    prediction: csv_cell(&line.prediction),
                    ..line
                };
                writer.serialize(line).map_err(io::Error::from)
            }
            Lines::Json(file) => serde_json::to_writer(&mut *file, &line)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n")),
        };
        written.map_err(|error| files::cannot_write(self.path, &error))
    }

    /// Puts the file in its place, which it gives.
    pub fn commit(self) -> Result<&'a Path, Failure> {
        let file = match self.lines {
            Lines::Csv(writer) => writer.into_inner().map_err(|error| error.into_error()),
            Lines::Json(file) => Ok(file),
        };
        file.and_then(AtomicFile::commit)
            .map(|()| self.path)
            .map_err(|error| files::cannot_write(self.path, &error))
    }
}
