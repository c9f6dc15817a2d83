//! Writing results to stdout, and tables.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anstream::AutoStream;
use clap::builder::StyledStr;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use contract::fs::write_atomically;
use serde::Serialize;

use super::Failure;

/// Width of tables where stdout is no terminal.
const WIDTH: u16 = 100;

/// Writes `text` and a line end to stdout. A reader that went away (`| head`)
/// has seen enough: that is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    print_to(io::stdout().lock(), text.trim_end())
}

/// As [`print`], with clap's styles where colours are wanted.
pub fn print_styled(text: &StyledStr) -> Result<(), Failure> {
    let text = text.ansi().to_string();
    print_to(AutoStream::auto(io::stdout().lock()), text.trim_end())
}

fn print_to(mut stdout: impl Write, text: &str) -> Result<(), Failure> {
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(()),
    }
}

/// The failure of writing to stdout.
pub fn cannot_write(error: &io::Error) -> Failure {
    Failure::new(
        format!("cannot write to stdout: {error}"),
        "check where the output goes to",
    )
}

/// A name without control characters, which would move a terminal's cursor or break
/// a line, and without those that turn the direction of the text around.
pub fn printable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        let turns = matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        let breaks = matches!(character, '\u{2028}' | '\u{2029}');
        if character.is_control() || turns || breaks {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

/// A name as a cell of a CSV file that may be opened in a spreadsheet: one that would
/// be taken for a formula there begins with an apostrophe.
pub fn csv_cell(name: &str) -> Cow<'_, str> {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Writes one JSON document to stdout.
pub fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    print(&to_json(document)?)
}

/// A document as indented JSON.
pub fn to_json(document: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(document).map_err(|error| internal("JSON", &error))
}

/// A document that cannot be put into a format: not the user's mistake.
pub fn internal(format: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(
        format!("cannot write {format}: {error}"),
        "report this as a bug",
    )
}

/// Fails unless the folder of `path` is there: better before a long run than
/// after it.
pub fn check_folder_of(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => Err(Failure::new(
            format!(
                "cannot write {}: no folder {}",
                path.display(),
                folder.display()
            ),
            "make the folder, or choose another place",
        )),
        _ => Ok(()),
    }
}

/// Writes a file, whole or not at all.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes).map_err(|error| {
        Failure::new(
            format!("cannot write {}: {error}", path.display()),
            "choose a place that you may write to",
        )
    })
}

/// A table of names and values without lines.
pub fn facts(rows: &[(&str, String)]) -> String {
    let mut table = plain();
    for (name, value) in rows {
        table.add_row([name, printable(value).as_str()]);
    }
    tidy(&table)
}

/// A table with a header; columns from `numbers_from` on are right-aligned.
pub fn columns(header: &[&str], rows: Vec<Vec<String>>, numbers_from: usize) -> String {
    let mut table = plain();
    let cell = |(column, text): (usize, &str)| {
        let alignment = if column >= numbers_from {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(text).set_alignment(alignment)
    };
    table.set_header(header.iter().copied().enumerate().map(cell));
    for row in &rows {
        let row: Vec<String> = row.iter().map(|text| printable(text)).collect();
        table.add_row(row.iter().map(String::as_str).enumerate().map(cell));
    }
    tidy(&table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    table
}

/// The table without the padding around its outer cells.
fn tidy(table: &Table) -> String {
    let lines: Vec<String> = table
        .lines()
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(&line)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_text_in_a_cell() {
        assert_eq!(csv_cell("=HYPERLINK(\"//x\")"), "'=HYPERLINK(\"//x\")");
        assert_eq!(csv_cell("cat -1"), "cat -1");
    }

    #[test]
    fn tables_show_no_control_characters() {
        let evil = "\u{1b}[2J\nx".to_owned();
        for table in [
            facts(&[("Model", evil.clone())]),
            columns(&["Class"], vec![vec![evil]], 1),
        ] {
            assert!(table.contains("\\u{1b}[2J\\nx"), "{table}");
            assert!(!table.contains('\u{1b}'), "{table}");
        }
    }

    #[test]
    fn control_characters_are_shown_as_escapes() {
        assert_eq!(printable("a\u{1b}[2J\nb ü"), "a\\u{1b}[2J\\nb ü");
        assert_eq!(printable("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
    }
}
