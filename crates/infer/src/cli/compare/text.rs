//! What `infer compare` found out, for people.

use super::document::Document;
use crate::cli::output::{self, printable};

/// Differences shown; a file has them all.
const SHOWN: usize = 10;
/// Usual level of significance.
const SIGNIFICANT: f64 = 0.05;

/// The tables that the command prints.
pub fn text(document: &Document) -> String {
    let facts = output::facts(&rows(document));
    if document.disagreements.is_empty() {
        return facts;
    }
    format!("{facts}\n\n{}", differences(document))
}

fn rows(document: &Document) -> Vec<(&'static str, String)> {
    let [first, second] = document.models.map(|path| path.display().to_string());
    let [first_top1, second_top1] = document.accuracy.map(|share| 100.0 * share);
    let test = &document.mcnemar;
    let verdict = if test.p_value < SIGNIFICANT {
        "a significant difference"
    } else {
        "no significant difference"
    };
    let kind = if test.exact {
        "exact"
    } else {
        "chi-squared, continuity correction"
    };
    let [first_speed, second_speed] = document.speed.images_per_second;
    vec![
        ("A", format!("{first}, {}", document.providers[0])),
        ("B", format!("{second}, {}", document.providers[1])),
        (
            "Data set",
            format!(
                "{}, {} split, {} images",
                document.dataset, document.split, document.images
            ),
        ),
        (
            "Agreement",
            format!(
                "{:.2} %, {} image(s) differ",
                100.0 * document.agreement,
                document.disagreements.len()
            ),
        ),
        (
            "Top-1",
            format!(
                "A {first_top1:.2} %, B {second_top1:.2} %, difference {:+.2} points",
                second_top1 - first_top1
            ),
        ),
        (
            "McNemar",
            format!(
                "p = {:.4} ({kind}; only A right {}, only B right {}): {verdict}",
                test.p_value, test.only_first, test.only_second
            ),
        ),
        (
            "Logits",
            format!(
                "|A - B| at most {:.6}, mean {:.6}",
                document.logits.max, document.logits.mean
            ),
        ),
        (
            "Speed",
            format!(
                "A {first_speed:.1}, B {second_speed:.1} img/s in turn; B / A = {:.3}",
                document.speed.ratio
            ),
        ),
    ]
}

fn differences(document: &Document) -> String {
    let row = |difference: &super::document::Difference| {
        let side = |i: usize| {
            format!(
                "{} {:.2} %",
                printable(difference.predicted[i]),
                100.0 * difference.probability[i]
            )
        };
        vec![
            printable(&difference.image),
            printable(difference.label),
            side(0),
            side(1),
        ]
    };
    let shown = document.disagreements.iter().take(SHOWN).map(row);
    let table = output::columns(&["Image", "Label", "A", "B"], shown.collect(), 4);
    let rest = document.disagreements.len().saturating_sub(SHOWN);
    if rest == 0 {
        return table;
    }
    format!("{table}\n{rest} more; --differences FILE writes all of them")
}
