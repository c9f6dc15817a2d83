//! Agreement with scikit-learn, see `golden/README.md`.

use metrics::{Calibration, Evaluation, ImageScores, RunningEvaluation, argmax, fit_temperature};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Case {
    names: Vec<String>,
    labels: Vec<usize>,
    predictions: Vec<usize>,
    logits: Vec<Vec<f32>>,
    report: Map<String, Value>,
    balanced_accuracy: f64,
    confusion: Vec<Vec<u64>>,
    log_loss: f64,
    top5: f64,
    calibration: CalibrationCase,
    scaled: CalibrationCase,
}

#[derive(Deserialize)]
struct CalibrationCase {
    temperature: f64,
    brier: f64,
    ece: f64,
    loss: f64,
}

fn check(json: &str, text: &str) {
    let case: Case = serde_json::from_str(json).expect("the fixture parses");
    let mut running = RunningEvaluation::new(&case.names);
    for ((logits, &label), &predicted) in
        case.logits.iter().zip(&case.labels).zip(&case.predictions)
    {
        assert_eq!(argmax(logits), predicted);
        running.add(logits, label);
    }
    let evaluation = running.finish();
    assert_eq!(evaluation.images, case.labels.len() as u64);
    close(evaluation.loss, case.log_loss, "log loss");
    close(evaluation.top5, case.top5, "top-5");
    assert_eq!(evaluation.confusion.counts(), case.confusion.concat());
    assert_eq!(evaluation.report.to_string(), text);
    check_numbers(&evaluation, &case.report);
    let balanced = evaluation.report.balanced_accuracy();
    close(balanced, case.balanced_accuracy, "balanced accuracy");
    check_calibration(&case, &case.calibration);
    check_calibration(&case, &case.scaled);
    let fitted = fit_temperature(&case.logits.concat(), &case.labels).expect("a temperature");
    // scipy's minimum is where the loss is flat to the last bits.
    let (found, expected) = (fitted, case.scaled.temperature);
    assert!(
        (found / expected - 1.0).abs() < 1e-6,
        "{found}, scipy has {expected}"
    );
}

fn check_calibration(case: &Case, expected: &CalibrationCase) {
    let scores = ImageScores::of_images(&case.logits.concat(), &case.labels, expected.temperature);
    let found = Calibration::new(&scores);
    close(found.brier, expected.brier, "Brier score");
    close(found.ece, expected.ece, "calibration error");
    close(found.loss, expected.loss, "scaled loss");
}

fn check_numbers(evaluation: &Evaluation, expected: &Map<String, Value>) {
    let report = &evaluation.report;
    let accuracy = expected["accuracy"].as_f64().expect("a number");
    close(report.accuracy, accuracy, "accuracy");
    close(evaluation.top1, accuracy, "top-1");
    for class in &report.classes {
        let scores = [class.precision, class.recall, class.f1];
        check_row(&expected[&class.name], &class.name, scores, class.support);
    }
    for (name, average) in [
        ("macro avg", report.macro_average),
        ("weighted avg", report.weighted_average),
    ] {
        let scores = [average.precision, average.recall, average.f1];
        check_row(&expected[name], name, scores, report.support);
    }
}

fn check_row(expected: &Value, name: &str, scores: [f64; 3], support: u64) {
    for (key, got) in ["precision", "recall", "f1-score"].into_iter().zip(scores) {
        let value = expected[key].as_f64().expect("a number");
        close(got, value, &format!("{key} of {name}"));
    }
    assert_eq!(expected["support"].as_f64(), Some(support as f64), "{name}");
}

fn close(got: f64, expected: f64, what: &str) {
    assert!(
        (got - expected).abs() < 1e-12,
        "{what}: {got}, scikit-learn has {expected}"
    );
}

macro_rules! case {
    ($name:ident) => {
        #[test]
        fn $name() {
            check(
                include_str!(concat!("golden/", stringify!($name), ".json")),
                include_str!(concat!("golden/", stringify!($name), ".txt")),
            );
        }
    };
}

case!(ten);
case!(hundred);
case!(undefined);
