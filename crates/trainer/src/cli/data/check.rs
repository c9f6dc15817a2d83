//! `trainer data check`: everything that is odd about a data set, at once.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use dataset::{
    BrokenPicture, CopiedPictures, Dataset, DatasetError, OpenOptions, Source, Split,
    check_pictures,
};
use serde_json::{Value, json};

use crate::cli::output::print;

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Data set: a folder with one folder a class, `digits` or `cifar100`
    #[arg(value_name = "DIR|NAME")]
    dataset: Source,
    /// Folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exits with 1 where something needs a person: a picture that cannot be decoded, or copies in
/// two classes or two splits.
pub fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let options = OpenOptions {
        data_dir: arguments.data_dir.clone(),
        ..OpenOptions::default()
    };
    let dataset = dataset::open(&arguments.dataset, &options)?;
    let findings = Findings {
        broken: match check_pictures(&dataset) {
            Ok(()) => Vec::new(),
            Err(DatasetError::Undecodable { broken, .. }) => broken,
            Err(other) => return Err(other.into()),
        },
        copies: CopiedPictures::of(&dataset),
    };
    print(match arguments.json {
        true => serde_json::to_string_pretty(&findings.to_json(&dataset))?,
        false => findings.to_text(&dataset),
    })?;
    Ok(match findings.need_a_person() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// What was found in the pictures.
struct Findings {
    broken: Vec<BrokenPicture>,
    copies: CopiedPictures,
}

impl Findings {
    fn need_a_person(&self) -> bool {
        let copies = &self.copies;
        !(self.broken.is_empty()
            && copies.across_classes.is_empty()
            && copies.across_splits.is_empty())
    }

    /// The sections that have something in them: a title, then a line each.
    fn to_text(&self, dataset: &Dataset) -> String {
        let mut lines = counts(dataset);
        lines.extend(dataset.notes.iter().map(|note| format!("note: {note}")));
        let broken = self.broken.iter();
        let broken = broken.map(|picture| format!("{}: {}", picture.file, picture.reason));
        let pairs = |pairs: &[[String; 2]]| pairs.iter().map(|pair| pair.join(" = ")).collect();
        let sections: [(&str, Vec<String>); 4] = [
            ("cannot be decoded", broken.collect()),
            ("copies in two classes", pairs(&self.copies.across_classes)),
            ("copies in two splits", pairs(&self.copies.across_splits)),
            ("copies in one class", pairs(&self.copies.alike)),
        ];
        let found: Vec<_> = sections
            .iter()
            .filter(|(_, found)| !found.is_empty())
            .collect();
        for (title, found) in &found {
            lines.push(format!("\n{title}: {}", found.len()));
            lines.extend(found.iter().map(|line| format!("  {line}")));
        }
        if found.is_empty() {
            lines.push("every picture can be decoded, and none is there twice".to_owned());
        }
        lines.join("\n")
    }

    fn to_json(&self, dataset: &Dataset) -> Value {
        let broken = self.broken.iter();
        let broken = broken.map(|picture| json!({"file": picture.file, "reason": picture.reason}));
        let counts: serde_json::Map<String, Value> = dataset
            .splits()
            .map(|(name, split)| {
                let of_classes = dataset.classes.iter().zip(class_counts(dataset, split));
                let of_classes = of_classes.map(|(class, count)| (class.clone(), count.into()));
                (name.to_owned(), Value::Object(of_classes.collect()))
            })
            .collect();
        json!({
            "name": dataset.name,
            "sha256": dataset.sha256,
            "images": counts,
            "notes": dataset.notes,
            "broken": broken.collect::<Vec<_>>(),
            "copies": {
                "across_classes": self.copies.across_classes,
                "across_splits": self.copies.across_splits,
                "alike": self.copies.alike,
            },
        })
    }
}

/// A table of the images of each class in each split.
fn counts(dataset: &Dataset) -> Vec<String> {
    const TOTAL: &str = "all";
    let names = dataset.classes.iter().map(|name| name.chars().count());
    let width = names.max().unwrap_or(0).max(TOTAL.len());
    let splits: Vec<(&str, Vec<usize>)> = dataset
        .splits()
        .map(|(name, split)| (name, class_counts(dataset, split)))
        .collect();
    let line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:>7}")).collect();
        format!("{name:<width$}{cells}")
    };
    let count = |count: usize| count.to_string();
    let mut lines = vec![line(
        "",
        splits.iter().map(|(name, _)| (*name).to_owned()).collect(),
    )];
    for (label, name) in dataset.classes.iter().enumerate() {
        lines.push(line(
            name,
            splits
                .iter()
                .map(|(_, counts)| count(counts[label]))
                .collect(),
        ));
    }
    lines.push(line(
        TOTAL,
        splits
            .iter()
            .map(|(_, counts)| count(counts.iter().sum()))
            .collect(),
    ));
    lines
}

fn class_counts(dataset: &Dataset, split: &Split) -> Vec<usize> {
    let mut counts = vec![0; dataset.classes.len()];
    for label in split.labels() {
        counts[label] += 1;
    }
    counts
}
