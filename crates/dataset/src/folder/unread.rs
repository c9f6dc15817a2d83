//! Pictures that are left out because their format is not read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::kind::extension;
use crate::split::slashed;

/// How many there are of each extension, and one of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    by_extension: BTreeMap<String, (usize, String)>,
}

impl Unread {
    /// Counts a file, which is named relative to the data set.
    pub fn add(&mut self, file: &Path) {
        let extension = extension(file).map_or_else(String::new, |name| format!(".{name}"));
        let name = slashed(file).into_owned();
        self.merge(extension, 1, name);
    }

    /// Adds the counts of `other`.
    pub fn extend(&mut self, other: Self) {
        for (extension, (count, example)) in other.by_extension {
            self.merge(extension, count, example);
        }
    }

    /// The example is the first by name: systems list files in any order.
    fn merge(&mut self, extension: String, count: usize, name: String) {
        let entry = self.by_extension.entry(extension);
        let (counted, example) = entry.or_insert_with(|| (0, name.clone()));
        *counted += count;
        if name < *example {
            *example = name;
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.by_extension.is_empty()
    }
}

impl fmt::Display for Unread {
    /// Writes `4 .heic, 2 .avif (such as cat/IMG_1.HEIC)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (extension, (count, _))) in self.by_extension.iter().enumerate() {
            let (comma, extension) = match (i, extension.as_str()) {
                (0, "") => ("", "without extension"),
                (0, extension) => ("", extension),
                (_, "") => (", ", "without extension"),
                (_, extension) => (", ", extension),
            };
            write!(f, "{comma}{count} {extension}")?;
        }
        match self.by_extension.values().next() {
            Some((_, example)) => write!(f, " (such as {example})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_counted() {
        let mut unread = Unread::default();
        assert!(unread.is_empty());
        for file in ["cat/1.HEIC", "cat/2.heic", "dog/3.avif", "dog/4"] {
            unread.add(Path::new(file));
        }
        let mut more = Unread::default();
        more.add(Path::new("eel/5.avif"));
        unread.extend(more);
        assert_eq!(
            unread.to_string(),
            "1 without extension, 2 .avif, 2 .heic (such as dog/4)"
        );
    }
}
