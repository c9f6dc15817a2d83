//! Which data set to open, and from where.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Dataset, DatasetError, cifar100, digits, folder};

/// A data set as named on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `digits`: the embedded handwritten digits ([`crate::digits`]).
    Digits,
    /// `cifar100`: CIFAR-100 ([`crate::cifar100`]).
    Cifar100,
    /// Anything else: a folder with one folder a class ([`crate::folder`]).
    Folder(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    /// `"digits"` and `"cifar100"` are the built-in sets; every other text is
    /// the path of a folder (`./digits` for a folder of that name).
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "digits" => Self::Digits,
            "cifar100" => Self::Cifar100,
            path => Self::Folder(path.into()),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Cifar100 => f.write_str("cifar100"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Where data sets lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// The folder for downloaded and extracted data sets; `data` by default.
    pub data_dir: PathBuf,
    /// A CIFAR-100 archive (`.tar.gz`) or extracted folder to read instead of
    /// the one under `data_dir`, whatever its checksum (`--data-path`,
    /// environment variable `CIFAR100_PATH`). Other sources ignore it.
    pub local: Option<PathBuf>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            local: None,
        }
    }
}

/// Opens a data set. Never downloads: if CIFAR-100 is not there, the error's
/// hint names the command that fetches it.
///
/// # Errors
/// Every [`DatasetError`] that concerns files, archives, labels or folders;
/// see the source's module.
pub fn open(source: &Source, options: &OpenOptions) -> Result<Dataset, DatasetError> {
    match source {
        Source::Digits => digits::open(),
        Source::Cifar100 => cifar100::open(options),
        Source::Folder(path) => folder::open(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_displays_sources() {
        for (text, source) in [
            ("digits", Source::Digits),
            ("cifar100", Source::Cifar100),
            ("./digits", Source::Folder("./digits".into())),
        ] {
            assert_eq!(text.parse(), Ok(source.clone()));
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn a_missing_data_set_says_how_to_get_it() {
        let data_dir = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            data_dir: data_dir.path().into(),
            local: None,
        };
        let error = open(&Source::Cifar100, &options).unwrap_err();
        assert!(error.to_string().contains("CIFAR-100"), "{error}");
        assert!(
            error
                .hint()
                .unwrap()
                .contains("trainer data fetch cifar100")
        );
    }
}
