//! The list of runs for people.

use std::time::{SystemTime, UNIX_EPOCH};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use trainer::train::Monitor;

use super::summary::{RunSummary, State};

const HEADER: [&str; 8] = [
    "Run",
    "Data",
    "Recipe",
    "Epochs",
    "Validation",
    "Test",
    "State",
    "Changed",
];
/// Columns with figures, which are right-aligned.
const FIGURES: std::ops::RangeInclusive<usize> = 3..=5;

/// Changed values of a recipe that are named; a run's `recipe.toml` has all.
const NAMED: usize = 2;

/// A table with a line a run.
pub fn table(runs: &[RunSummary]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if table.is_tty() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(aligned(HEADER.map(str::to_owned)));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    for run in runs {
        table.add_row(aligned(row(run, now)));
    }
    let lines = table
        .lines()
        .map(|line| line.trim_end().trim_start_matches(' ').to_owned());
    lines.chain(damages(runs)).collect::<Vec<_>>().join("\n")
}

fn aligned(cells: [String; 8]) -> Vec<Cell> {
    let cell = |(column, text)| match FIGURES.contains(&column) {
        true => Cell::new(text).set_alignment(CellAlignment::Right),
        false => Cell::new(text),
    };
    cells.into_iter().enumerate().map(cell).collect()
}

fn row(run: &RunSummary, now: u64) -> [String; 8] {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let best = run.best.as_ref().map(|best| match run.monitor {
        Some(Monitor::ValLoss) => format!("loss {:.4}", best.val_loss),
        _ => percent(best.val_top1),
    });
    [
        printable(&run.folder.display().to_string()),
        run.data.as_deref().map_or_else(String::new, printable),
        recipe(run),
        match run.epochs {
            Some(epochs) => format!("{}/{epochs}", run.epochs_done),
            None => String::new(),
        },
        best.unwrap_or_default(),
        run.test_top1.map(percent).unwrap_or_default(),
        state(run).to_owned(),
        age(now.saturating_sub(run.changed_unix)),
    ]
}

/// The recipe's name and some of the values that were given beside it.
fn recipe(run: &RunSummary) -> String {
    let name = run.recipe.as_deref().map_or("-".to_owned(), printable);
    let mut words = vec![name];
    // A table or a list tells nobody anything in a cell.
    let short = run.changed.iter().filter(|(_, value)| !is_long(value));
    words.extend(short.take(NAMED).map(|(key, value)| match value {
        Value::String(text) => format!("{key} {}", printable(text)),
        value => format!("{key} {value}"),
    }));
    let named = words.len() - 1;
    if named < run.changed.len() {
        words.push(format!("{} more", run.changed.len() - named));
    }
    words.join(", ")
}

fn is_long(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

fn state(run: &RunSummary) -> &'static str {
    match run.state {
        State::Finished => "finished",
        State::Interrupted => "interrupted: can go on",
        State::Running => "running",
        State::Damaged => "damaged",
    }
}

/// A line a damaged run: below the table, where a long reason widens no column.
fn damages(runs: &[RunSummary]) -> impl Iterator<Item = String> {
    runs.iter().filter_map(|run| {
        let reason = printable(run.damage.as_deref()?);
        let folder = printable(&run.folder.display().to_string());
        Some(format!("{folder}: {reason}"))
    })
}

/// Seconds as the largest unit of them.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86400),
    }
}

/// A name without control characters, which would move a terminal's cursor.
fn printable(name: &str) -> String {
    name.chars()
        .map(|character| match character.is_control() {
            true => '\u{fffd}',
            false => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(changed: Value) -> RunSummary {
        RunSummary {
            folder: "runs/a\u{1b}b".into(),
            data: Some("photos".to_owned()),
            recipe: Some("digits".to_owned()),
            changed: changed.as_object().unwrap().clone(),
            epochs_done: 2,
            epochs: Some(4),
            best: None,
            monitor: None,
            test_top1: Some(0.975),
            state: State::Interrupted,
            damage: None,
            changed_unix: 0,
        }
    }

    #[test]
    fn a_line_a_run() {
        let changed = json!({"epochs": 4, "weights": "none", "augment": [], "seed": 3});
        let text = table(&[run(changed), run(json!({}))]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("Run "), "{text}");
        assert!(lines[1].starts_with("runs/a\u{fffd}b "), "{text}");
        for cell in [
            "photos",
            "2/4",
            "97.50 %",
            "interrupted: can go on",
            " d ago",
        ] {
            assert!(lines[1].contains(cell), "{cell}\n{text}");
        }
        assert!(
            lines[1].contains("digits, epochs 4, seed 3, 2 more"),
            "{text}"
        );
        assert!(lines[2].contains(" digits  "), "{text}");
    }

    #[test]
    fn the_reason_of_damage_stands_below_and_widens_no_column() {
        let reason = "checkpoints/state.safetensors is not a state: ".repeat(4);
        let damaged = RunSummary {
            state: State::Damaged,
            damage: Some(reason.clone()),
            ..run(json!({}))
        };
        let text = table(&[damaged, run(json!({}))]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains(" damaged "), "{text}");
        assert!(lines[..3].iter().all(|line| line.len() < 140), "{text}");
        assert_eq!(lines[3], format!("runs/a\u{fffd}b: {reason}"));
    }

    #[test]
    fn ages_have_one_unit() {
        let ages = [59, 61, 7_300, 200_000].map(age);
        assert_eq!(ages, ["59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
    }
}
