//! Which data set to open, and from where.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use contract::DatasetInfo;

use crate::found::Purpose;
use crate::{Dataset, DatasetError, cifar100, digits, form};

/// A data set as named on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `digits`: the embedded handwritten digits ([`crate::digits`]).
    Digits,
    /// `cifar100`: CIFAR-100 ([`crate::cifar100`]).
    Cifar100,
    /// Anything else: a folder with one folder a class ([`crate::folder`]), an archive of one
    /// ([`crate::archive`]) or a table of pictures and labels ([`crate::table`]).
    Path(PathBuf),
}

impl Source {
    /// The built-in data set that [`Dataset::name`] names. `None` for
    /// another, whose name does not tell its place.
    pub fn built_in(name: &str) -> Option<Self> {
        match name {
            "digits" => Some(Self::Digits),
            "cifar100" => Some(Self::Cifar100),
            _ => None,
        }
    }
}

impl FromStr for Source {
    type Err = Infallible;

    /// `"digits"` and `"cifar100"` are the built-in sets; every other text is
    /// a path (`./digits` for a folder of that name).
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::built_in(text).unwrap_or_else(|| Self::Path(text.into())))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Cifar100 => f.write_str("cifar100"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Where data sets lie.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenOptions {
    /// The folder for downloaded and unpacked data sets; `data` by default.
    pub data_dir: PathBuf,
    /// A CIFAR-100 archive (`.tar.gz`) or extracted folder to read instead of
    /// the one under `data_dir`, whatever its checksum (`--data-path`,
    /// environment variable `CIFAR100_PATH`). Other sources ignore it.
    pub local: Option<PathBuf>,
    /// Leaves pictures that cannot be decoded out, as if they were not there; to know them, all
    /// are decoded once. Built-in data sets ignore it.
    pub skip_broken: bool,
    /// Share of the training images, from 0 (no test split) to below 1, that becomes the test
    /// split of a data set without one; a fifth by default.
    pub test_fraction: Option<f64>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            local: None,
            skip_broken: false,
            test_fraction: None,
        }
    }
}

/// Opens a data set. Never downloads: if CIFAR-100 is not there, the error's
/// hint names the command that fetches it. Data without a test split gets one:
/// always the same fifth of each class of its training images, or as
/// [`OpenOptions::test_fraction`] says.
///
/// # Errors
/// Every [`DatasetError`] that concerns files, archives, labels or folders;
/// see the source's module.
pub fn open(source: &Source, options: &OpenOptions) -> Result<Dataset, DatasetError> {
    let dataset = match source {
        Source::Digits => digits::open()?,
        Source::Cifar100 => cifar100::open(options)?,
        Source::Path(path) => open_path(path, Purpose::Training, options)?,
    };
    match (options.test_fraction, &dataset.test) {
        (Some(_), Some(_)) => Err(DatasetError::OwnTestSplit { name: dataset.name }),
        (fraction, _) => with_test_split(dataset, fraction),
    }
}

fn open_path(
    path: &Path,
    purpose: Purpose,
    options: &OpenOptions,
) -> Result<Dataset, DatasetError> {
    form::find(path, purpose, options)?.open(purpose, options.skip_broken)
}

/// Opens the data set of a run again, to go on with it: with the classes in the run's order, and
/// split as it was. `trained_on` and `classes` are what its contract says.
///
/// # Errors
/// As [`open`], and [`DatasetError::NoKnownClass`].
pub fn open_again(
    source: &Source,
    options: &OpenOptions,
    trained_on: &DatasetInfo,
    classes: &[String],
) -> Result<Dataset, DatasetError> {
    let opened = match source {
        Source::Path(path) => {
            let mut opened = open_path(path, Purpose::Training, options)?;
            opened.split_as(trained_on);
            with_test_split(opened, trained_on.test_fraction)?
        }
        built_in => open(built_in, options)?,
    };
    // A run of before classes were sorted as numbers keeps its order.
    match opened.sha256 == trained_on.sha256 {
        true => opened.for_classes(classes),
        false => Ok(opened),
    }
}

/// Opens a data set to try a model on, whose classes are labelled as the model's; see
/// [`Dataset::for_classes`]. Data that is not what the model was `trained_on`, by contents or
/// name, need not be fit to train on: it may lack splits and classes, and is a test split as a
/// whole if it has none.
///
/// # Errors
/// As [`open`], and [`DatasetError::NoKnownClass`].
pub(crate) fn open_for_model(
    source: &Source,
    options: &OpenOptions,
    trained_on: &DatasetInfo,
    classes: &[String],
) -> Result<Dataset, DatasetError> {
    let Source::Path(path) = source else {
        return open(source, options)?.for_classes(classes);
    };
    let mut opened = open_path(path, Purpose::Trial, options)?;
    let is_trained_on = opened.sha256 == trained_on.sha256 || opened.name == trained_on.name;
    if is_trained_on && !opened.train.is_empty() {
        opened.split_as(trained_on);
        return with_test_split(opened, trained_on.test_fraction)?.for_classes(classes);
    }
    if opened.test.is_none() && opened.val.is_none() {
        opened = opened.for_classes(classes)?;
        opened.notes.push(format!(
            "'{}' has no splits and is not what the model was trained on: all {} images are its test split",
            opened.name,
            opened.train.len(),
        ));
        let nothing = opened.train.subset(&[]);
        opened.test = Some(std::mem::replace(&mut opened.train, nothing));
    } else if opened.test.is_none() && !opened.train.is_empty() {
        opened = with_test_split(opened, None)?;
    }
    opened.for_classes(classes)
}

/// Share and seed of the test split that is held out of the training images of
/// data that has none: constants, so that training and evaluation agree on it
/// without being told.
const HELD_OUT_TEST: (f64, u64) = (0.2, 1999);

fn with_test_split(opened: Dataset, test_fraction: Option<f64>) -> Result<Dataset, DatasetError> {
    if opened.test.is_some() {
        return Ok(opened);
    }
    let (a_fifth, seed) = HELD_OUT_TEST;
    let fraction = test_fraction.unwrap_or(a_fifth);
    let mut dataset = match fraction > 0.0 {
        true => opened.hold_out_test(fraction, seed)?,
        false => opened,
    };
    dataset.test_fraction = test_fraction.filter(|fraction| *fraction != a_fifth);
    let share = match test_fraction {
        None => "a fifth".to_owned(),
        Some(fraction) => format!("a share of {fraction}"),
    };
    dataset.notes.push(match &dataset.test {
        None => format!(
            "'{}' has no test split: nothing will tell how good the model is on pictures that it \
             was not chosen by",
            dataset.name
        ),
        Some(test) => format!(
            "no test split in '{}': the same {} images, {share} of each class, are always held out \
             for the test",
            dataset.name,
            test.len(),
        ),
    });
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_displays_sources() {
        for (text, source) in [
            ("digits", Source::Digits),
            ("cifar100", Source::Cifar100),
            ("./digits", Source::Path("./digits".into())),
        ] {
            assert_eq!(text.parse(), Ok(source.clone()));
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn a_folder_without_test_split_always_gets_the_same_one() {
        let root = tempfile::tempdir().unwrap();
        for (blue, class) in [(0, "a"), (1, "b")] {
            let folder = root.path().join(class);
            std::fs::create_dir(&folder).unwrap();
            for number in 0..10 {
                let picture = image::RgbImage::from_pixel(2, 2, image::Rgb([number, 0, blue]));
                picture.save(folder.join(format!("{number}.png"))).unwrap();
            }
        }
        let open = || {
            let source = Source::Path(root.path().to_path_buf());
            open(&source, &OpenOptions::default()).unwrap()
        };
        let (first, second) = (open(), open());
        let (test, again) = (first.test.unwrap(), second.test.unwrap());
        assert_eq!((first.train.len(), test.len()), (16, 4));
        assert_eq!(test.labels(), [0, 0, 1, 1]);
        assert!((0..4).all(|i| test.describe(i) == again.describe(i)));
        assert!(first.notes[0].contains("held out"));
    }

    #[test]
    fn a_missing_data_set_says_how_to_get_it() {
        let data_dir = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            data_dir: data_dir.path().into(),
            ..OpenOptions::default()
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
