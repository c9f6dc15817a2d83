//! The lines of a table, split into fields.

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::columns::Columns;
use super::files::Finder;
use crate::error::TableProblem;

/// A line that names a picture. Fields may be empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Counted from 1.
    pub line: u64,
    pub file: String,
    pub label: String,
    /// `None` where the table has no such column.
    pub split: Option<String>,
}

/// Reads the rows of `text`. A first line of column names is known by these; or by `finder`,
/// if a picture is where the second line says and none where the first one does.
///
/// # Errors
/// Names the line that is no CSV or has too few fields, and columns that are missing.
pub(super) fn rows(text: &str, finder: &mut Finder) -> Result<Vec<Row>, TableProblem> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter(text))
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| TableProblem {
            line: error.position().map_or(1, Position::line),
            problem: match error.kind() {
                ErrorKind::Utf8 { .. } => "it is not UTF-8 text".to_owned(),
                _ => error.to_string(),
            },
        })?;
        records.push((line(&record, text), record));
    }
    let columns = take_names(&mut records, finder)?;
    let row = |(line, record): &_| row(*line, record, columns);
    records.iter().map(row).collect()
}

fn row(line: u64, record: &StringRecord, columns: Columns) -> Result<Row, TableProblem> {
    let field = |column: usize| {
        record.get(column).map(str::to_owned).ok_or(TableProblem {
            line,
            problem: format!(
                "{} field(s), expected at least {}",
                record.len(),
                columns.width()
            ),
        })
    };
    Ok(Row {
        line,
        file: field(columns.file)?,
        label: field(columns.label)?,
        split: columns.split.map(field).transpose()?,
    })
}

/// Finds out what the columns hold, and removes the line that says it.
fn take_names(
    records: &mut Vec<(u64, StringRecord)>,
    finder: &mut Finder,
) -> Result<Columns, TableProblem> {
    let Some((line, first)) = records.first() else {
        return Ok(Columns::UNNAMED);
    };
    let problem = |problem| TableProblem {
        line: *line,
        problem,
    };
    let names: Vec<&str> = first.iter().collect();
    if let Some(columns) = Columns::of(&names).map_err(problem)? {
        records.remove(0);
        return Ok(columns);
    }
    if names.len() != 2 {
        return Err(problem(format!(
            "{} column(s) and no line that names them",
            names.len()
        )));
    }
    let names_a_picture = |(_, record): &(u64, StringRecord)| {
        let file = record.get(Columns::UNNAMED.file);
        file.is_some_and(|file| finder.find(file).is_some())
    };
    let named: Vec<bool> = records.iter().take(2).map(names_a_picture).collect();
    if named == [false, true] {
        records.remove(0);
    }
    Ok(Columns::UNNAMED)
}

/// What separates the fields of the first line: what is there most often.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default().as_bytes();
    let count = |delimiter: u8| first.iter().filter(|&&byte| byte == delimiter).count();
    // Of equals the last one counts.
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|&delimiter| count(delimiter))
        .unwrap_or(b',')
}

/// The line of `text` that a record begins on: the library counts from empty ones before it.
fn line(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else {
        return 1;
    };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let empty = rest
        .iter()
        .take_while(|&&byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
}
