//! `infer bench`: every figure is there and makes sense.

use std::fs;

use serde_json::Value;

use crate::cli::{infer, model, stdout, text};

#[test]
fn every_point_of_the_grid_is_measured_and_written() {
    let (folder, model) = model();
    let [json, markdown] = ["bench.json", "bench.md"].map(|name| folder.path().join(name));
    let output = infer(&[
        "bench",
        text(&model),
        "--device",
        "cpu",
        "--batch-sizes",
        "1,3",
        "--sessions",
        "1,2",
        "--threads",
        "1",
        "--seconds",
        "0.05",
        "--rounds",
        "3",
        "--json",
        text(&json),
        "--markdown",
        text(&markdown),
    ]);
    let table = stdout(&output);
    for word in ["Latency", "p99", "Throughput", "img/s", "Load", "Noise"] {
        assert!(table.contains(word), "`{word}` is missing in\n{table}");
    }
    let document: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(document["provider"], "CPUExecutionProvider");
    assert_eq!(document["input"], serde_json::json!([8, 8, 3]));
    let latency = &document["latency"][0];
    let at = |key: &str| latency[key].as_f64().unwrap();
    assert!(0.0 < at("p50") && at("p50") <= at("p90") && at("p90") <= at("p95"));
    assert!(at("p95") <= at("p99") && at("p99") <= at("max"));
    assert!(latency["runs"].as_u64().unwrap() >= 100);
    let points = document["throughput"].as_array().unwrap();
    let settings: Vec<[u64; 2]> = points
        .iter()
        .map(|point| ["sessions", "batch_size"].map(|key| point[key].as_u64().unwrap()))
        .collect();
    assert_eq!(settings, [[1, 1], [1, 3], [2, 1], [2, 3]]);
    for point in points {
        assert!(point["images_per_second"].as_f64().unwrap() > 0.0);
        assert!(point["spread"].as_f64().unwrap() >= 0.0);
    }
    let markdown = fs::read_to_string(markdown).unwrap();
    assert!(markdown.starts_with("# Benchmark\n"), "{markdown}");
    let rows = |text: &str| text.lines().filter(|line| line.starts_with('|')).count();
    let (_, throughput) = markdown.split_once("## Throughput").unwrap();
    assert_eq!(rows(throughput), 2 + points.len());
}

#[cfg(target_os = "linux")]
#[test]
fn a_noisy_machine_is_named() {
    let (folder, model) = model();
    let json = folder.path().join("bench.json");
    // Other programs that take a sixteenth of the cores and more, for as long
    // as the benchmark runs.
    let cores = std::thread::available_parallelism().unwrap().get();
    let others: Vec<_> = (0..cores / 16 + 1)
        .map(|_| {
            std::process::Command::new("sh")
                .args(["-c", "while :; do :; done"])
                .spawn()
                .unwrap()
        })
        .collect();
    let output = infer(&[
        "bench",
        text(&model),
        "--device",
        "cpu",
        "--batch-sizes",
        "1",
        "--sessions",
        "1",
        "--threads",
        "1",
        "--seconds",
        "0.5",
        "--json",
        text(&json),
    ]);
    for mut other in others {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("warning: the machine was noisy: ")
            && stderr.contains("other programs took"),
        "{stderr}"
    );
}

#[test]
fn times_out_of_range_are_wrong_usage() {
    for seconds in ["0", "-1", "NaN", "soon", "1e9"] {
        let output = infer(&["bench", "m.onnx", "--seconds", seconds]);
        assert_eq!(output.status.code(), Some(2), "{seconds}");
    }
}
