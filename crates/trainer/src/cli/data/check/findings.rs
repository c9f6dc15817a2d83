//! What was found in a data set.

use std::collections::HashSet;

use dataset::{CopiedPictures, Dataset, Split, Survey};
use serde_json::{Value, json};
use trainer::{suspects::Suspects, train::class_counts};

use super::{CheckArguments, suspects};

/// A data set and what there is to say of it.
pub struct Findings {
    pub dataset: Dataset,
    pub survey: Survey,
    pub copies: CopiedPictures,
    /// The pictures of all splits that can be decoded; suspects are numbered by them.
    pub pictures: Split,
    /// What the network doubts, or why it was not asked.
    pub suspects: Result<Suspects, String>,
}

impl Findings {
    /// Looks at every picture, and asks the network if `arguments` do not forbid it.
    pub fn of(dataset: Dataset, arguments: &CheckArguments) -> anyhow::Result<Self> {
        let survey = Survey::of(&dataset);
        let all = dataset.all();
        let broken = survey.broken.iter().map(|picture| picture.file.as_str());
        let broken: HashSet<&str> = broken.collect();
        let whole: Vec<usize> = (0..all.len())
            .filter(|&i| !broken.contains(all.describe(i).as_str()))
            .collect();
        let pictures = all.subset(&whole);
        Ok(Self {
            suspects: suspects::find(&dataset, &pictures, arguments)?,
            copies: CopiedPictures::of(&dataset),
            dataset,
            survey,
            pictures,
        })
    }

    /// Whether anything was found that is wrong for sure.
    pub fn need_a_person(&self) -> bool {
        let copies = &self.copies;
        !(self.survey.broken.is_empty()
            && copies.across_classes.is_empty()
            && copies.across_splits.is_empty())
    }

    /// The splits' names, and the images of each class in each.
    pub fn counts(&self) -> (Vec<&'static str>, Vec<(String, Vec<usize>)>) {
        let classes = &self.dataset.classes;
        let splits: Vec<(&'static str, Vec<usize>)> = self
            .dataset
            .splits()
            .map(|(name, split)| (name, class_counts(&split.labels(), classes.len())))
            .collect();
        let row = |(label, class): (usize, &String)| {
            let counts = splits.iter().map(|(_, counts)| counts[label]);
            (class.clone(), counts.collect())
        };
        let rows = classes.iter().enumerate().map(row).collect();
        (splits.into_iter().map(|(name, _)| name).collect(), rows)
    }

    /// The name of a class.
    pub fn class(&self, label: usize) -> &str {
        &self.dataset.classes[label]
    }

    /// As `trainer data check --json` prints it.
    pub fn to_json(&self) -> Value {
        let (splits, counts) = self.counts();
        let of_split = |split: usize| {
            let of_classes = counts
                .iter()
                .map(|(class, counts)| (class.clone(), counts[split].into()));
            Value::Object(of_classes.collect())
        };
        let images: serde_json::Map<String, Value> = splits
            .iter()
            .enumerate()
            .map(|(split, name)| ((*name).to_owned(), of_split(split)))
            .collect();
        let broken = self.survey.broken.iter();
        let broken = broken.map(|picture| json!({"file": picture.file, "reason": picture.reason}));
        let mut found = json!({
            "name": self.dataset.name,
            "sha256": self.dataset.sha256,
            "images": images,
            "notes": self.dataset.notes,
            "broken": broken.collect::<Vec<_>>(),
            "copies": {
                "across_classes": self.copies.across_classes,
                "across_splits": self.copies.across_splits,
                "alike": self.copies.alike,
            },
            "tiny": self.survey.tiny,
            "huge": self.survey.huge,
            "elongated": self.survey.elongated,
            "grey": self.survey.grey,
        });
        if let (Ok(suspects), Value::Object(found)) = (&self.suspects, &mut found) {
            let file = |image: usize| self.pictures.describe(image);
            let near = suspects.near_copies.iter().map(|pair| {
                json!({"files": [file(pair.first), file(pair.second)], "similarity": pair.similarity})
            });
            let labels = suspects.labels.iter().map(|issue| {
                json!({
                    "file": file(issue.image),
                    "label": self.class(self.pictures.label(issue.image)),
                    "likely": self.class(issue.likely),
                    "self_confidence": issue.self_confidence,
                })
            });
            let odd = suspects.odd.iter().map(|image| file(*image).into());
            found.insert("near_copies".into(), near.collect());
            found.insert("suspect_labels".into(), labels.collect());
            found.insert("odd".into(), Value::Array(odd.collect()));
        }
        found
    }
}
