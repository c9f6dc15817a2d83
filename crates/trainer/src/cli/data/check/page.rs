//! The findings with the pictures, as an HTML page.

use std::{collections::HashMap, path::Path};

use image::RgbImage;
use report::{DataItem, DataPage, DataSection, ReportError, write_data_page};

use super::findings::Findings;

/// Most items of a section.
const SHOWN: usize = 100;

/// Writes the page to `path`.
///
/// # Errors
/// The file cannot be written.
pub fn write(findings: &Findings, path: &Path) -> Result<(), ReportError> {
    let (splits, counts) = findings.counts();
    let dataset = &findings.dataset;
    let mut notes = dataset.notes.clone();
    if let Err(why) = &findings.suspects {
        notes.push(format!(
            "near copies, suspect labels and odd pictures were not looked for ({why})"
        ));
    }
    write_data_page(
        path,
        &DataPage {
            title: &format!("Data set {}", dataset.name),
            facts: &[
                ("Pictures", dataset.all().len().to_string()),
                ("Classes", dataset.classes.len().to_string()),
                ("SHA-256", dataset.sha256.clone()),
            ],
            notes: &notes,
            splits: &splits,
            counts: &counts,
            sections: &sections(findings),
        },
    )
}

fn sections(findings: &Findings) -> Vec<DataSection> {
    let shown = Shown::of(findings);
    let broken = findings.survey.broken.iter();
    let mut sections = vec![
        section(
            "Cannot be decoded",
            "Replace or remove them, or leave them out with --skip-broken.",
            broken.map(|picture| DataItem {
                pictures: Vec::new(),
                caption: format!("{}: {}", picture.file, picture.reason),
            }),
        ),
        section(
            "Copies in two classes",
            "The same file with two labels: one of them is wrong.",
            shown.copies(&findings.copies.across_classes),
        ),
        section(
            "Copies in two splits",
            "Figures on them tell what was learnt by heart.",
            shown.copies(&findings.copies.across_splits),
        ),
    ];
    if let Ok(suspects) = &findings.suspects {
        let (pictures, class) = (&findings.pictures, |label: usize| findings.class(label));
        sections.extend([
            section(
                "Nearly the same",
                "Recompressed, scaled, cropped, or taken in a burst. In two splits or two classes \
                 they do what copies do.",
                suspects.near_copies.iter().map(|pair| DataItem {
                    pictures: shown.images(&[pair.first, pair.second]),
                    caption: shown.classes(&[pair.first, pair.second]),
                }),
            ),
            section(
                "Suspect labels",
                "Networks that learnt from the other pictures see another class (confident \
                 learning, Northcutt et al. 2021). The surest come first.",
                suspects.labels.iter().map(|issue| DataItem {
                    pictures: shown.images(&[issue.image]),
                    caption: format!(
                        "'{}', more like '{}'",
                        class(pictures.label(issue.image)),
                        class(issue.likely)
                    ),
                }),
            ),
            section(
                "Like no other picture",
                "Far from all others, as the pretrained network sees them.",
                suspects.odd.iter().map(|&image| DataItem {
                    pictures: shown.images(&[image]),
                    caption: class(pictures.label(image)).to_owned(),
                }),
            ),
        ]);
    }
    sections.retain(|section| section.found > 0);
    sections
}

fn section(
    title: &'static str,
    note: &'static str,
    items: impl ExactSizeIterator<Item = DataItem>,
) -> DataSection {
    DataSection {
        title,
        note,
        found: items.len(),
        items: items.take(SHOWN).collect(),
    }
}

/// The pictures that can be shown.
struct Shown<'a> {
    findings: &'a Findings,
    /// By file.
    numbers: HashMap<String, usize>,
}

impl<'a> Shown<'a> {
    fn of(findings: &'a Findings) -> Self {
        let pictures = &findings.pictures;
        Self {
            findings,
            numbers: (0..pictures.len())
                .map(|i| (pictures.describe(i), i))
                .collect(),
        }
    }

    /// The pictures with these numbers, with their files. One that is gone since is left out.
    fn images(&self, numbers: &[usize]) -> Vec<(RgbImage, String)> {
        let pictures = &self.findings.pictures;
        let image = |&number: &usize| {
            let image = pictures.image(number).ok()?;
            let (width, height) = (image.width as u32, image.height as u32);
            let pixels = RgbImage::from_raw(width, height, image.pixels)?;
            Some((pixels, pictures.describe(number)))
        };
        numbers.iter().filter_map(image).collect()
    }

    /// The classes that pictures have: `'rose' and 'tulip'`.
    fn classes(&self, numbers: &[usize]) -> String {
        let class = |&number: &usize| self.findings.class(self.findings.pictures.label(number));
        let mut classes: Vec<String> = numbers
            .iter()
            .map(|number| format!("'{}'", class(number)))
            .collect();
        classes.dedup();
        classes.join(" and ")
    }

    fn copies<'b>(
        &'b self,
        pairs: &'b [[String; 2]],
    ) -> impl ExactSizeIterator<Item = DataItem> + 'b {
        pairs.iter().map(|pair| {
            let numbers = pair.iter().filter_map(|file| self.numbers.get(file));
            let numbers: Vec<usize> = numbers.copied().collect();
            DataItem {
                pictures: self.images(&numbers),
                caption: self.classes(&numbers),
            }
        })
    }
}
