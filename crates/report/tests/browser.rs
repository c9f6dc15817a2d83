//! The HTML report in headless Chromium, where there is one (`CHROMIUM`, or
//! the usual names on `PATH`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{HOSTILE, Sample};
use report::write_html;
use serde_json::Value;

/// Longer than Chromium takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What a reader does, as a script; it leaves its findings in `#findings`.
const READER: &str = include_str!("browser/reader.js");

/// The program to run, or a word on why the test is skipped.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = || {
        env::split_paths(&path)
            .flat_map(|folder| names.map(|name| folder.join(name)))
            .find(|program| program.is_file())
    };
    let found = env::var_os("CHROMIUM").map(PathBuf::from).or_else(on_path);
    if found.is_none() {
        eprintln!("skipped: no Chromium in CHROMIUM or on PATH (apt-get install chromium)");
    }
    found
}

/// A page as Chromium shows it.
struct Shown {
    /// The document after its scripts have run.
    document: String,
    /// What the page wrote to the console, errors of scripts among it.
    console: Vec<String>,
}

impl Shown {
    fn findings(&self) -> Value {
        let (_, rest) = self.document.split_once("<pre id=\"findings\">").unwrap();
        let (text, _) = rest.split_once("</pre>").unwrap();
        let text = text.replace("&lt;", "<").replace("&gt;", ">");
        serde_json::from_str(&text.replace("&amp;", "&")).unwrap()
    }
}

/// Opens `html` from disk, in a window 1280 pixels wide.
fn show(chromium: &Path, html: &str) -> Shown {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    fs::write(&page, html).unwrap();
    let output = |name: &str| fs::File::create(folder.path().join(name)).unwrap();
    let mut child = Command::new(chromium)
        // The sandbox refuses to run as root, as CI does; the page is our own.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--window-size=1280,900",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}", page.display()))
        .stdout(output("document"))
        .stderr(output("log"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait(&mut child);
    let read = |name: &str| {
        String::from_utf8_lossy(&fs::read(folder.path().join(name)).unwrap()).into_owned()
    };
    let log = read("log");
    Shown {
        document: read("document"),
        console: log
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned)
            .collect(),
    }
}

fn wait(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("Chromium did not end within {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The report on a sample, with `script` at its end.
fn report(sample: &Sample, script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    write_html(&path, &sample.page()).unwrap();
    let html = fs::read_to_string(&path).unwrap();
    html.replace("</body>", &format!("<script>{script}</script></body>"))
}

#[test]
fn an_error_on_the_console_would_be_seen() {
    let Some(chromium) = chromium() else { return };
    for script in ["console.error('oops')", "no_such_function()"] {
        let html = report(&Sample::new(10, 100, false), script);
        assert_eq!(show(&chromium, &html).console.len(), 1, "{script}");
    }
}

#[test]
fn the_table_sorts_and_filters_and_the_matrix_names_its_cells() {
    let Some(chromium) = chromium() else { return };
    let sample = Sample::new(100, 10_000, true);
    let shown = show(&chromium, &report(&sample, READER));
    assert!(shown.console.is_empty(), "{:?}", shown.console);
    let findings = shown.findings();

    let numbers = |key: &str| -> Vec<f64> {
        let values = findings[key].as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap()).collect()
    };
    let mut expected: Vec<f64> = sample
        .evaluation
        .report
        .classes
        .iter()
        .map(|class| class.recall)
        .collect();
    assert!(!expected.is_sorted());
    expected.sort_by(f64::total_cmp);
    assert_eq!(numbers("ascending"), expected);
    expected.reverse();
    assert_eq!(numbers("descending"), expected);
    assert_eq!(findings["first_by_name"], HOSTILE);

    assert_eq!(findings["filtered"], serde_json::json!(["class_42"]));
    assert_eq!(
        findings["filtered_by_superclass"].as_array().unwrap().len(),
        5
    );
    assert_eq!(findings["count"], "5 of 100");
    assert_eq!(findings["after_clearing"], 100);

    let matrix = &sample.evaluation.confusion;
    let tooltip = findings["tooltip"].as_str().unwrap();
    let count = matrix.get(3, 4);
    assert!(
        tooltip.starts_with("class_3 taken for class_4\n"),
        "{tooltip}"
    );
    assert!(tooltip.contains(&format!("{count} images")), "{tooltip}");
    let of_class: Vec<usize> = (0..100).map(|class| class / 5).collect();
    let grouped = matrix.grouped(&of_class, 20);
    let tooltip = findings["superclass_tooltip"].as_str().unwrap();
    assert!(tooltip.starts_with("group_3: right\n"), "{tooltip}");
    assert!(
        tooltip.contains(&format!("{} images", grouped.get(3, 3))),
        "{tooltip}"
    );
}

#[test]
fn few_classes_without_superclasses_show_without_error() {
    let Some(chromium) = chromium() else { return };
    let shown = show(&chromium, &report(&Sample::new(2, 50, false), ""));
    assert!(shown.console.is_empty(), "{:?}", shown.console);
    assert!(shown.document.contains("2 of 2"), "the script has run");
}
