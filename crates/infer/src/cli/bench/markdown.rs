//! The figures of `infer bench` as Markdown.

use infer::BenchReport;

use super::text::{LATENCY, THROUGHPUT, facts, latency_rows, throughput_rows};

/// A document with the same tables as on the terminal.
pub fn markdown(model: &str, report: &BenchReport) -> String {
    let facts = facts(model, report)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    format!(
        "# Benchmark\n\n{}\n## Latency of one image on one session\n\n{}\n## Throughput\n\n{}",
        table(&["", ""], facts),
        table(&LATENCY, latency_rows(report)),
        table(&THROUGHPUT, throughput_rows(report)),
    )
}

fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let header_cells = header.iter().map(ToString::to_string).collect();
    let rule = format!("|{}\n", "---|".repeat(header.len()));
    let rows: Vec<String> = rows.into_iter().map(line).collect();
    format!("{}{rule}{}", line(header_cells), rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_in_a_cell_does_not_end_it() {
        let text = table(&["a", "b"], vec![vec!["x|y".into(), "z".into()]]);
        assert_eq!(text, "| a | b |\n|---|---|\n| x\\|y | z |\n");
    }
}
