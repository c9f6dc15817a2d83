//! The results as tables for a person.

use infer::results::EvalResults;
use metrics::Estimate;

use crate::cli::output;

/// Rows of the tables below the classification report.
const ROWS: usize = 10;

/// The summary, the classification report and what went wrong most.
pub fn of(results: &EvalResults<'_>) -> String {
    let mut parts = vec![summary(results), report(results), weakest_classes(results)];
    if !results.most_confused.is_empty() {
        parts.push(most_confused(results));
        parts.push(worst_errors(results));
    }
    parts.join("\n\n")
}

/// The classification report, whose lines hold the classes' names.
fn report(results: &EvalResults<'_>) -> String {
    let report = results.evaluation.report.to_string();
    let lines: Vec<String> = report.trim_end().lines().map(output::printable).collect();
    lines.join("\n")
}

fn summary(results: &EvalResults<'_>) -> String {
    let plural = if results.sessions == 1 { "" } else { "s" };
    let headline = &results.headline;
    let mut rows = vec![
        (
            "Model",
            format!(
                "{} ({}, {} classes)",
                results.model.path.display(),
                results.model.architecture,
                results.classes.len()
            ),
        ),
        (
            "Data set",
            format!("{}, {} split", results.dataset.name, results.dataset.split),
        ),
        (
            "Provider",
            format!(
                "{}, {} session{plural}, batch size {}",
                results.provider, results.sessions, results.batch_size
            ),
        ),
        (
            "Runtime",
            format!("ONNX Runtime {}", results.runtime.version),
        ),
        (
            "Images",
            format!("{} in {:.1} s", results.evaluation.images, results.seconds),
        ),
        (
            "Throughput",
            format!("{:.1} img/s", results.images_per_second),
        ),
        ("Loss", number(headline.loss)),
        ("Top-1", share(headline.top1)),
        ("Top-5", share(headline.top5)),
    ];
    if let Some(accuracy) = headline.superclass_accuracy {
        rows.push(("Superclass", share(accuracy)));
    }
    rows.extend([
        ("Macro F1", share(headline.macro_f1)),
        ("ECE", number(headline.ece)),
        ("Brier", number(headline.brier)),
        ("Temperature", temperature(results)),
        (
            "Intervals",
            format!(
                "{:.0} %, {} bootstrap resamples, seed {}",
                100.0 * results.bootstrap.level,
                results.bootstrap.resamples,
                results.bootstrap.seed
            ),
        ),
    ]);
    output::facts(&rows)
}

/// A share and its interval in percent.
pub fn share(estimate: Estimate) -> String {
    format!(
        "{:.2} %  ({:.2} to {:.2})",
        100.0 * estimate.value,
        100.0 * estimate.low,
        100.0 * estimate.high
    )
}

fn number(estimate: Estimate) -> String {
    format!(
        "{:.4}  ({:.4} to {:.4})",
        estimate.value, estimate.low, estimate.high
    )
}

fn temperature(results: &EvalResults<'_>) -> String {
    let Some(temperature) = results.temperature else {
        let reason = results.no_temperature_because.unwrap_or_default();
        return format!("not fitted: {reason}");
    };
    format!(
        "{:.4}: ECE {:.4}, loss {:.4} with it; {}",
        temperature.value,
        temperature.scaled.ece,
        temperature.scaled.loss,
        temperature.fitted_on()
    )
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn weakest_classes(results: &EvalResults<'_>) -> String {
    let classes = results.classes_by_accuracy.iter().take(ROWS);
    let rows = classes
        .map(|class| {
            vec![
                class.class.to_owned(),
                percent(class.accuracy),
                class.images.to_string(),
            ]
        })
        .collect();
    output::columns(&["Lowest accuracy", "Accuracy", "Images"], rows, 1)
}

fn most_confused(results: &EvalResults<'_>) -> String {
    let pairs = results.most_confused.iter().take(ROWS);
    let rows = pairs
        .map(|pair| {
            vec![
                pair.label.to_owned(),
                pair.prediction.to_owned(),
                pair.images.to_string(),
                percent(pair.share),
            ]
        })
        .collect();
    let header = ["Most confused", "Predicted as", "Images", "Of the class"];
    output::columns(&header, rows, 2)
}

fn worst_errors(results: &EvalResults<'_>) -> String {
    let errors = results.worst_errors.iter().take(ROWS);
    let rows = errors
        .map(|error| {
            vec![
                error.file.clone(),
                error.label.to_owned(),
                error.prediction.to_owned(),
                percent(error.probability.into()),
            ]
        })
        .collect();
    let header = ["Worst errors", "Label", "Predicted as", "Probability"];
    output::columns(&header, rows, 3)
}
