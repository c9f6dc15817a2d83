//! Pictures and labels, row by row.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use contract::fs::open_regular;
use fetch::one_line;
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use super::labels::{KEY, names};
use crate::names::shown;
use crate::table::LABEL_NAMES;

/// Names of the column of pictures where no group tells it.
const PICTURE_NAMES: [&str; 4] = ["image", "img", "picture", "bytes"];

/// A label of several, as CIFAR-100 on the hub has them, that counts where there is no other.
const FINE_LABEL: &str = "fine_label";

/// The rows of a file.
pub(super) struct Pictures {
    rows: RowIter<'static>,
    columns: Option<Columns>,
    metadata: String,
    row: u64,
}

/// Where picture and label stand in a row.
struct Columns {
    picture: usize,
    label: usize,
    /// Names of the labels' numbers; empty if they have none.
    names: Vec<String>,
}

impl Pictures {
    /// Opens a file.
    ///
    /// # Errors
    /// Says in a line what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = open_regular(path).map_err(|error| one_line(&error))?;
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let metadata = metadata.into_iter().flatten();
        let metadata = metadata
            .filter(|entry| entry.key == KEY)
            .find_map(|entry| entry.value.clone());
        Ok(Self {
            rows: guarded(|| RowIter::from_file_into(Box::new(reader)).project(None))?,
            columns: None,
            metadata: metadata.unwrap_or_default(),
            row: 0,
        })
    }

    /// The bytes and the label of the next picture; `None` after the last one.
    ///
    /// # Errors
    /// Says in a line what is wrong with the row.
    pub fn next(&mut self) -> Result<Option<(Vec<u8>, String)>, String> {
        let rows = &mut self.rows;
        let Some(row) = guarded(|| rows.next().transpose())? else {
            return Ok(None);
        };
        let number = self.row;
        self.row += 1;
        let columns = match &self.columns {
            Some(columns) => columns,
            None => self.columns.insert(Columns::of(&row, &self.metadata)?),
        };
        let cannot = |what: &str| format!("row {number}: {what}");
        let picture = field(&row, columns.picture).and_then(bytes);
        let picture = picture.ok_or_else(|| cannot("no picture"))?;
        let label = field(&row, columns.label).and_then(|field| columns.name(field));
        let label = label.ok_or_else(|| cannot("no label, or one without a name"))?;
        Ok(Some((picture, label)))
    }
}

impl Columns {
    /// Looks at the first row.
    fn of(row: &Row, metadata: &str) -> Result<Self, String> {
        let columns: Vec<(&String, &Field)> = row.get_column_iter().collect();
        let position = |is_it: &dyn Fn(&str, &Field) -> bool| {
            columns.iter().position(|(name, field)| is_it(name, field))
        };
        let picture =
            position(&|_, field| matches!(field, Field::Group(_)) && bytes(field).is_some())
                .or_else(|| {
                    position(&|name, field| PICTURE_NAMES.contains(&name) && bytes(field).is_some())
                });
        let label = LABEL_NAMES
            .iter()
            .chain([&FINE_LABEL])
            .find_map(|known| position(&|name, _| name == *known));
        let listed = || {
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            shown(&names.join(", "))
        };
        Ok(Self {
            picture: picture.ok_or_else(|| format!("no column of pictures among {}", listed()))?,
            label: label.ok_or_else(|| format!("no column of labels among {}", listed()))?,
            names: label.map_or_else(Vec::new, |label| names(metadata, columns[label].0)),
        })
    }

    /// The label in words.
    fn name(&self, field: &Field) -> Option<String> {
        let number = match field {
            Field::Str(text) => return Some(text.clone()),
            Field::Byte(number) => i64::from(*number),
            Field::Short(number) => i64::from(*number),
            Field::Int(number) => i64::from(*number),
            Field::Long(number) => *number,
            Field::UByte(number) => i64::from(*number),
            Field::UShort(number) => i64::from(*number),
            Field::UInt(number) => i64::from(*number),
            _ => return None,
        };
        match self.names.is_empty() {
            true => Some(number.to_string()),
            false => self.names.get(usize::try_from(number).ok()?).cloned(),
        }
    }
}

fn field(row: &Row, column: usize) -> Option<&Field> {
    row.get_column_iter().nth(column).map(|(_, field)| field)
}

/// The bytes of a picture, or of the group that has them.
fn bytes(field: &Field) -> Option<Vec<u8>> {
    match field {
        Field::Bytes(bytes) => Some(bytes.data().to_vec()),
        Field::Group(group) => group
            .get_column_iter()
            .find(|(name, _)| *name == "bytes")
            .and_then(|(_, field)| bytes(field)),
        _ => None,
    }
}

/// Calls the library, which panics over some files that nobody meant to be read.
fn guarded<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| one_line(&error)),
        Err(panic) => Err(format!("it cannot be read: {}", shown(said(&*panic)))),
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it is damaged")
}
