//! The HTML report as a file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{HOSTILE, Sample};
use report::{EvaluationPage, ReportError, write_html};

fn write(page: &EvaluationPage<'_>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    write_html(&path, page).unwrap();
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_hundred_classes_and_ten_thousand_images_stay_below_five_megabytes() {
    let html = write(&Sample::new(100, 10_000, true).page());
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    assert_eq!(html.matches("<img ").count(), 24 + 24 + 16);
}

#[test]
fn nothing_is_fetched() {
    let html = write(&Sample::new(10, 500, true).page());
    for fetching in [
        "src=\"http",
        "href=\"http",
        "src=\"/",
        "@import",
        "url(",
        "<link rel=\"stylesheet",
    ] {
        assert!(!html.contains(fetching), "{fetching}");
    }
}

#[test]
fn text_from_outside_is_escaped() {
    let html = write(&Sample::new(10, 500, true).page());
    assert!(!html.contains(HOSTILE));
    // One for the data and one for the script, whatever the names hold.
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script>").count(), 2);
}

#[test]
fn what_is_not_known_is_left_out() {
    let sample = Sample::new(10, 500, false);
    let html = write(&EvaluationPage {
        scaled: None,
        curves: &[],
        findings: &[],
        grid: &[],
        errors: &[],
        confident_errors: &[],
        ..sample.page()
    });
    assert!(!html.contains("Superclass") && !html.contains("id=\"training\""));
    assert!(!html.contains("class=\"findings\""));
    assert!(html.contains("No temperature was fitted."));
    assert_eq!(html.matches("<p>None.</p>").count(), 3);
}

#[test]
fn every_finding_is_listed() {
    let html = write(&Sample::new(10, 500, false).page());
    let (_, list) = html.split_once("<ul class=\"findings\">").unwrap();
    let (list, _) = list.split_once("</ul>").unwrap();
    assert_eq!(list.matches("<li>").count(), 2);
    assert!(list.contains("<li>overfitting</li>"), "{list}");
}

#[test]
fn an_unwritable_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/report.html");
    let error = write_html(&path, &Sample::new(10, 100, false).page()).unwrap_err();
    assert!(matches!(error, ReportError::Write { .. }));
    assert!(error.to_string().contains("missing/report.html"), "{error}");
}
