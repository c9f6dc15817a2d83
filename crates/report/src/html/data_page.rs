//! The page about a data set: counts, and the pictures that need a look.

use std::path::Path;

use askama::Template;
use image::RgbImage;

use crate::output::{self, draw_error};
use crate::{ReportError, picture};

/// What the page shows. Text may hold anything: it is escaped.
#[derive(Clone, Debug)]
pub struct DataPage<'a> {
    /// The data set.
    pub title: &'a str,
    /// Names and values of what one has to know.
    pub facts: &'a [(&'static str, String)],
    /// What is odd, in a line each.
    pub notes: &'a [String],
    /// Names of the splits, the columns of `counts`.
    pub splits: &'a [&'static str],
    /// Images of each class in each split.
    pub counts: &'a [(String, Vec<usize>)],
    /// What was found, each kind in a section.
    pub sections: &'a [DataSection],
}

/// Pictures that have something in common that a person should look at.
#[derive(Clone, Debug)]
pub struct DataSection {
    /// What it is.
    pub title: &'static str,
    /// What it means, in a sentence.
    pub note: &'static str,
    /// How many there are.
    pub found: usize,
    /// Those that are shown.
    pub items: Vec<DataItem>,
}

/// A picture, or several that belong together.
#[derive(Clone, Debug)]
pub struct DataItem {
    /// The pictures, of any size, with their files; none where they cannot be shown.
    pub pictures: Vec<(RgbImage, String)>,
    /// What there is to say.
    pub caption: String,
}

#[derive(Template)]
#[template(path = "data.html")]
struct Page<'a> {
    page: &'a DataPage<'a>,
    style: &'static str,
    totals: Vec<usize>,
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    section: &'a DataSection,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    caption: &'a str,
    /// Address of the picture, and its file.
    pictures: Vec<(String, &'a str)>,
}

/// Writes the page to the HTML file `path`. It holds its pictures, reduced to 96 pixels a side,
/// so it opens anywhere without a network.
///
/// # Errors
/// [`ReportError`] if the file cannot be written; the folder must exist.
pub fn write_data_page(path: &Path, page: &DataPage<'_>) -> Result<(), ReportError> {
    let cannot = |error: &dyn std::fmt::Display| draw_error(path, error);
    let item = |item: &'_ DataItem| -> Result<Vec<String>, ReportError> {
        let uris = item
            .pictures
            .iter()
            .map(|(pixels, _)| picture::data_uri(pixels));
        uris.collect::<Result<_, _>>()
            .map_err(|error| cannot(&error))
    };
    let mut sections = Vec::new();
    for section in page.sections {
        let mut items = Vec::new();
        for shown in &section.items {
            let names = shown.pictures.iter().map(|(_, name)| name.as_str());
            items.push(Item {
                caption: &shown.caption,
                pictures: item(shown)?.into_iter().zip(names).collect(),
            });
        }
        sections.push(Section { section, items });
    }
    let total = |split: usize| page.counts.iter().map(|(_, counts)| counts[split]).sum();
    let html = Page {
        page,
        style: include_str!("../../templates/report.css"),
        totals: (0..page.splits.len()).map(total).collect(),
        sections,
    };
    let html = html.render().map_err(|error| cannot(&error))?;
    output::write(path, html.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_pictures_are_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.html");
        let section = DataSection {
            title: "Suspect labels",
            note: "A note.",
            found: 3,
            items: vec![DataItem {
                pictures: vec![(RgbImage::new(300, 100), "a/<b>.jpg".into())],
                caption: "'rose', more like 'tulip'".into(),
            }],
        };
        let page = DataPage {
            title: "data set <flowers>",
            facts: &[("SHA-256", "00".into())],
            notes: &["x < y".into()],
            splits: &["train", "test"],
            counts: &[("rose".into(), vec![3, 1]), ("<i>".into(), vec![4, 2])],
            sections: &[section],
        };
        write_data_page(&path, &page).unwrap();
        let html = std::fs::read_to_string(path).unwrap();
        for part in [
            "data set &#60;flowers&#62;",
            "a/&#60;b&#62;.jpg",
            "x &#60; y",
            "1 of 3 are shown",
            "data:image/png;base64,",
            "<td class=\"number\">7</td><td class=\"number\">3</td>",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("<i>") && !html.contains("<script"));
    }
}
