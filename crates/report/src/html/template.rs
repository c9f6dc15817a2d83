//! The report's content as the template wants it: text and numbers, formatted.

use std::path::Path;

use askama::Template;
use metrics::{BOOTSTRAP_RESAMPLES, CONFIDENCE_LEVEL, Estimate};

use super::{EvaluationPage, script_data};
use crate::output::draw_error;
use crate::{Picture, ReportError, curves, reliability};

/// Pairs of classes in the list of confusions.
const PAIRS: usize = 20;

#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Report<'a> {
    title: &'a str,
    style: &'static str,
    script: &'static str,
    /// JSON for the script.
    data: String,
    facts: &'a [(&'static str, String)],
    findings: &'a [String],
    figures: Vec<Figure>,
    intervals: String,
    /// SVG pictures.
    curves: Vec<String>,
    reliability: String,
    temperature: Option<Temperature>,
    has_superclasses: bool,
    classes: Vec<ClassRow<'a>>,
    pairs: Vec<PairRow<'a>>,
    galleries: Vec<Gallery<'a>>,
}

/// A headline figure.
struct Figure {
    name: &'static str,
    value: String,
    interval: String,
}

/// What temperature scaling changes.
struct Temperature {
    value: String,
    /// Name, before, after.
    rows: Vec<(&'static str, String, String)>,
}

/// A row of the table of classes.
struct ClassRow<'a> {
    name: &'a str,
    superclass: &'a str,
    images: u64,
    /// Recall, precision and F1: for sorting and for reading.
    scores: [(f64, String); 3],
    /// What its images are most often taken for, and how many.
    confused_with: Option<(&'a str, u64)>,
}

struct PairRow<'a> {
    label: &'a str,
    predicted: &'a str,
    images: u64,
    percent: String,
}

struct Gallery<'a> {
    title: &'static str,
    note: &'static str,
    /// Four pictures a row, rather than as many as fit.
    is_grid: bool,
    pictures: Vec<Tile<'a>>,
}

struct Tile<'a> {
    picture: &'a Picture,
    uri: String,
    percent: String,
}

impl<'a> Report<'a> {
    /// Draws the plots and formats the numbers; `path` is named in errors.
    pub(super) fn new(path: &Path, page: &'a EvaluationPage<'a>) -> Result<Self, ReportError> {
        let plots = page.curves.iter();
        let curves = plots.map(|plot| curves::svg(path, &plot.title, &plot.y_label, &plot.curves));
        let title = "Reliability diagram";
        Ok(Self {
            title: page.title,
            style: include_str!("../../templates/report.css"),
            script: include_str!("../../templates/report.js"),
            data: script_data::json(page.evaluation, page.superclasses)
                .map_err(|error| draw_error(path, error))?,
            facts: page.facts,
            findings: page.findings,
            figures: figures(page),
            intervals: format!(
                "{:.0} % intervals from {BOOTSTRAP_RESAMPLES} bootstrap resamples of {} images",
                100.0 * CONFIDENCE_LEVEL,
                page.evaluation.images
            ),
            curves: curves.collect::<Result<_, _>>()?,
            reliability: reliability::svg(path, title, page.calibration, page.scaled)?,
            temperature: temperature(page),
            has_superclasses: page.superclasses.is_some(),
            classes: class_rows(page),
            pairs: pair_rows(page),
            galleries: [
                gallery(
                    "Sure, but wrong",
                    "The wrong predictions with the highest probability.",
                    false,
                    page.confident_errors,
                ),
                gallery(
                    "Errors",
                    "Wrong predictions, drawn at random.",
                    false,
                    page.errors,
                ),
                gallery("Examples", "Pictures drawn at random.", true, page.grid),
            ]
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| draw_error(path, error))?,
        })
    }
}

fn percent(share: f64) -> String {
    // A no-break space: the sign stays with its number.
    format!("{:.1}\u{a0}%", 100.0 * share)
}

fn figures(page: &EvaluationPage<'_>) -> Vec<Figure> {
    let share = |name, estimate: Estimate| Figure {
        name,
        value: format!("{:.2} %", 100.0 * estimate.value),
        interval: format!(
            "{:.2} – {:.2} %",
            100.0 * estimate.low,
            100.0 * estimate.high
        ),
    };
    let number = |name, estimate: Estimate| Figure {
        name,
        value: format!("{:.4}", estimate.value),
        interval: format!("{:.4} – {:.4}", estimate.low, estimate.high),
    };
    let headline = page.headline;
    let superclasses = headline.superclass_accuracy;
    [
        Some(share("Top-1 accuracy", headline.top1)),
        Some(share("Top-5 accuracy", headline.top5)),
        superclasses.map(|accuracy| share("Superclass accuracy", accuracy)),
        Some(share("Macro F1", headline.macro_f1)),
        Some(number("Cross-entropy", headline.loss)),
        Some(number("Calibration error", headline.ece)),
        Some(number("Brier score", headline.brier)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn temperature(page: &EvaluationPage<'_>) -> Option<Temperature> {
    let scaled = page.scaled?;
    let (before, after) = (page.calibration, &scaled.calibration);
    let row = |name, before: f64, after: f64| (name, format!("{before:.4}"), format!("{after:.4}"));
    Some(Temperature {
        value: format!("{:.4}", scaled.temperature),
        rows: vec![
            row("Calibration error (ECE)", before.ece, after.ece),
            row("Cross-entropy", before.loss, after.loss),
            row("Brier score", before.brier, after.brier),
        ],
    })
}

fn class_rows<'a>(page: &'a EvaluationPage<'a>) -> Vec<ClassRow<'a>> {
    let matrix = &page.evaluation.confusion;
    let classes = &page.evaluation.report.classes;
    let confused_with = |label: usize| {
        let others = (0..classes.len()).filter(|&other| other != label);
        let most = others.max_by_key(|&other| (matrix.get(label, other), usize::MAX - other))?;
        let images = matrix.get(label, most);
        (images > 0).then_some((classes[most].name.as_str(), images))
    };
    let superclass = |label: usize| match page.superclasses {
        Some(groups) => groups.names[groups.of_class[label]].as_str(),
        None => "",
    };
    let rows = classes.iter().enumerate();
    rows.map(|(label, scores)| ClassRow {
        name: &scores.name,
        superclass: superclass(label),
        images: scores.support,
        scores: [scores.recall, scores.precision, scores.f1].map(|score| (score, percent(score))),
        confused_with: confused_with(label),
    })
    .collect()
}

fn pair_rows<'a>(page: &'a EvaluationPage<'a>) -> Vec<PairRow<'a>> {
    let classes = &page.evaluation.report.classes;
    let pairs = page.evaluation.confusion.most_confused(PAIRS).into_iter();
    pairs
        .map(|pair| PairRow {
            label: &classes[pair.label].name,
            predicted: &classes[pair.predicted].name,
            images: pair.images,
            percent: percent(pair.share),
        })
        .collect()
}

fn gallery<'a>(
    title: &'static str,
    note: &'static str,
    is_grid: bool,
    pictures: &'a [Picture],
) -> Result<Gallery<'a>, image::ImageError> {
    let tile = |picture: &'a Picture| {
        Ok::<_, image::ImageError>(Tile {
            picture,
            uri: picture.data_uri()?,
            percent: percent(picture.confidence),
        })
    };
    Ok(Gallery {
        title,
        note,
        is_grid,
        pictures: pictures.iter().map(tile).collect::<Result<_, _>>()?,
    })
}
