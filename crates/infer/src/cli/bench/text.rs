//! The figures of `infer bench` for people.

use infer::BenchReport;

use crate::cli::output;

/// Headers of the latency table.
pub const LATENCY: [&str; 8] = [
    "Threads", "Runs", "Mean ms", "p50", "p90", "p95", "p99", "Max",
];
/// Headers of the throughput table.
pub const THROUGHPUT: [&str; 6] = ["Batch", "Sessions", "Threads", "img/s", "Spread", "Peak MB"];

/// The tables that the command prints.
pub fn text(model: &str, report: &BenchReport) -> String {
    format!(
        "{}\n\nLatency of one image on one session\n{}\n\nThroughput\n{}",
        output::facts(&facts(model, report)),
        output::columns(&LATENCY, latency_rows(report), 0),
        output::columns(&THROUGHPUT, throughput_rows(report), 0),
    )
}

/// Names and values of what is measured once.
pub fn facts(model: &str, report: &BenchReport) -> Vec<(&'static str, String)> {
    let processor = report.processor.as_deref().unwrap_or("unknown processor");
    let load = &report.load;
    let mut facts = vec![
        ("Model", model.to_owned()),
        (
            "Machine",
            format!("{processor}, {} logical cores", report.cores),
        ),
        (
            "Runtime",
            format!(
                "ONNX Runtime {}, {}",
                report.runtime_version, report.provider
            ),
        ),
        (
            "Load",
            format!(
                "runtime {:.0} ms, session {:.0} ms, first run {:.0} ms",
                1e3 * load.runtime,
                1e3 * load.session,
                1e3 * load.first_run
            ),
        ),
    ];
    if let Some(peak) = report.peak_memory {
        facts.push(("Peak memory", format!("{:.0} MB", megabytes(peak))));
    }
    facts.push((
        "Noise",
        if report.noise.warnings.is_empty() {
            format!(
                "quiet; rounds of the same work differ by {:.1} % (median)",
                100.0 * report.noise.median_spread
            )
        } else {
            report.noise.warnings.join("; ")
        },
    ));
    facts
}

/// Rows under [`LATENCY`].
pub fn latency_rows(report: &BenchReport) -> Vec<Vec<String>> {
    let row = |latency: &infer::Latency| {
        let mut row = vec![latency.threads.to_string(), latency.runs.to_string()];
        let times = [
            latency.mean,
            latency.p50,
            latency.p90,
            latency.p95,
            latency.p99,
            latency.max,
        ];
        row.extend(times.map(|time| format!("{time:.2}")));
        row
    };
    report.latency.iter().map(row).collect()
}

/// Rows under [`THROUGHPUT`].
pub fn throughput_rows(report: &BenchReport) -> Vec<Vec<String>> {
    let row = |point: &infer::Throughput| {
        let peak = point.peak_memory;
        vec![
            point.batch_size.to_string(),
            point.sessions.to_string(),
            point.threads.to_string(),
            format!("{:.1}", point.images_per_second),
            format!("{:.1} %", 100.0 * point.spread),
            peak.map_or_else(String::new, |bytes| format!("{:.0}", megabytes(bytes))),
        ]
    };
    report.throughput.iter().map(row).collect()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
