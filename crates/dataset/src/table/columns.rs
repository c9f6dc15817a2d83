//! Which columns of a table hold what.

use crate::names::shown;

/// Names of the column of files, in any case: fastai's, Kaggle's, the hub's and others'.
pub const FILE_NAMES: [&str; 17] = [
    "file",
    "file_name",
    "filename",
    "file_path",
    "filepath",
    "path",
    "fname",
    "name",
    "image",
    "image_name",
    "image_path",
    "image_file",
    "image_id",
    "img",
    "img_path",
    "picture",
    "id",
];

/// Names of the column of labels, in any case; the first that is there counts.
pub const LABEL_NAMES: [&str; 12] = [
    "label",
    "labels",
    "class",
    "class_name",
    "classname",
    "category",
    "target",
    "tag",
    "species",
    "breed",
    "label_name",
    "class_id",
];

/// Names of the column of splits, in any case.
pub const SPLIT_NAMES: [&str; 5] = ["split", "set", "subset", "partition", "usage"];

/// Where the fields of a row are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub file: usize,
    pub label: usize,
    pub split: Option<usize>,
}

impl Columns {
    /// Two columns without names.
    pub const UNNAMED: Self = Self {
        file: 0,
        label: 1,
        split: None,
    };

    /// Returns how many fields a line has at least.
    pub fn width(&self) -> usize {
        self.file.max(self.label).max(self.split.unwrap_or(0)) + 1
    }

    /// Looks for names in the first line; `None` if it has neither that of files nor that of
    /// labels.
    ///
    /// # Errors
    /// Says which one is missing.
    pub fn of(names: &[&str]) -> Result<Option<Self>, String> {
        let position = |known: &[&str]| {
            known
                .iter()
                .find_map(|known| names.iter().position(|name| plain(name) == *known))
        };
        let split = position(&SPLIT_NAMES);
        match (position(&FILE_NAMES), position(&LABEL_NAMES)) {
            (None, None) => Ok(None),
            (Some(file), Some(label)) => Ok(Some(Self { file, label, split })),
            // The other one of two columns is what is left.
            (Some(file), None) if names.len() == 2 => Ok(Some(Self {
                label: 1 - file,
                file,
                split,
            })),
            (None, Some(label)) if names.len() == 2 => Ok(Some(Self {
                file: 1 - label,
                label,
                split,
            })),
            (Some(_), None) => Err(missing("labels", &LABEL_NAMES, names)),
            (None, Some(_)) => Err(missing("files", &FILE_NAMES, names)),
        }
    }
}

/// A name in lower case, its words joined by `_`.
fn plain(name: &str) -> String {
    name.to_lowercase().replace([' ', '-'], "_")
}

fn missing(what: &str, known: &[&str], names: &[&str]) -> String {
    format!(
        "no column of {what}, expected a name such as {}, got {}",
        known[..3].join(", "),
        shown(&names.join(", "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let columns = |names: &[&str]| {
            Columns::of(names).map(|columns| columns.map(|c| (c.file, c.label, c.split)))
        };
        assert_eq!(columns(&["Image ID", "Breed"]), Ok(Some((0, 1, None))));
        assert_eq!(
            columns(&["split", "label", "file_name"]),
            Ok(Some((2, 1, Some(0))))
        );
        assert_eq!(columns(&["id", "what it is"]), Ok(Some((0, 1, None))));
        assert_eq!(columns(&["what", "label"]), Ok(Some((0, 1, None))));
        assert_eq!(columns(&["a.jpg", "cat"]), Ok(None));
        let error = columns(&["id", "a", "b"]).unwrap_err();
        assert_eq!(
            error,
            "no column of labels, expected a name such as label, labels, class, got id, a, b"
        );
    }
}
