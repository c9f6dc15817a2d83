//! What `infer compare` found out, as JSON and CSV.

use std::path::Path;

use infer::{Classifier, Comparison, LogitDifference, Speed};
use metrics::McNemar;
use serde::Serialize;

use crate::cli::data::Data;
use crate::cli::output::csv_cell;
use crate::cli::{Failure, output};

/// The document that `--json` prints.
#[derive(Serialize)]
pub struct Document<'a> {
    pub models: [&'a Path; 2],
    pub dataset: &'a str,
    pub split: &'static str,
    pub images: usize,
    /// ONNX Runtime's names of the execution providers that ran.
    pub providers: [String; 2],
    pub agreement: f64,
    pub accuracy: [f64; 2],
    /// The second's accuracy less the first's.
    pub accuracy_difference: f64,
    pub mcnemar: McNemar,
    pub logits: LogitDifference,
    pub speed: Speed,
    pub disagreements: Vec<Difference<'a>>,
}

/// An image on which the models differ.
#[derive(Serialize)]
pub struct Difference<'a> {
    pub index: usize,
    pub image: String,
    pub label: &'a str,
    pub predicted: [&'a str; 2],
    pub probability: [f32; 2],
}

impl<'a> Document<'a> {
    pub fn new(
        paths: [&'a Path; 2],
        models: [&'a Classifier; 2],
        data: &'a Data,
        comparison: Comparison,
    ) -> Self {
        let classes = &models[0].contract().classes;
        let difference = |found: infer::Disagreement| Difference {
            index: found.index,
            image: data.split.describe(found.index),
            label: &classes[found.label],
            predicted: found.predicted.map(|class| classes[class].as_str()),
            probability: found.probability,
        };
        let [first, second] = comparison.accuracy;
        Self {
            models: paths,
            dataset: &data.name,
            split: data.split_name.as_str(),
            images: comparison.images,
            providers: models.map(|model| model.provider().to_string()),
            agreement: comparison.agreement,
            accuracy: comparison.accuracy,
            accuracy_difference: second - first,
            mcnemar: comparison.mcnemar,
            logits: comparison.logits,
            speed: comparison.speed,
            disagreements: comparison
                .disagreements
                .into_iter()
                .map(difference)
                .collect(),
        }
    }

    /// The disagreements as CSV with a header.
    pub fn differences_csv(&self) -> Result<Vec<u8>, Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = [
            "index",
            "image",
            "label",
            "first",
            "first_probability",
            "second",
            "second_probability",
        ];
        let write = || -> Result<Vec<u8>, csv::Error> {
            writer.write_record(header)?;
            for row in &self.disagreements {
                writer.write_record([
                    row.index.to_string().as_str(),
                    &csv_cell(&row.image),
                    &csv_cell(row.label),
                    &csv_cell(row.predicted[0]),
                    &row.probability[0].to_string(),
                    &csv_cell(row.predicted[1]),
                    &row.probability[1].to_string(),
                ])?;
            }
            writer
                .into_inner()
                .map_err(|error| error.into_error().into())
        };
        write().map_err(|error| output::internal("CSV", &error))
    }
}
