//! What was found on disk, in whatever form, and how it becomes a [`Dataset`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::broken;
use crate::copies::{CopiedPictures, Copies};
use crate::fingerprint::Fingerprint;
use crate::folder::natural_order;
use crate::names::{self, SplitName};
use crate::split::slashed;
use crate::{Dataset, DatasetError, Split, hash};

/// Files that are read in parallel: many a core, few to remember.
const HASHED_AT_ONCE: usize = 4096;

/// What a data set is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To learn from: classes are those of the training split.
    Training,
    /// To try a model on: splits may be missing, and have classes of their own.
    Trial,
}

/// Pictures that were found, and where.
#[derive(Debug)]
pub(crate) struct Found {
    /// What files are relative to.
    pub root: PathBuf,
    /// See [`Dataset::name`].
    pub name: String,
    /// See [`Dataset::notes`].
    pub notes: Vec<String>,
    /// Training, validation and test split.
    pub splits: [FoundSplit; 3],
    /// Whether labels and splits are told by the files' paths; else they count in the hash too.
    pub told_by_paths: bool,
}

/// The pictures of one split.
#[derive(Debug, Default)]
pub(crate) struct FoundSplit {
    /// Where they are, for messages; `None` if nothing says that there is such a split.
    pub place: Option<PathBuf>,
    /// The classes, each name once.
    pub classes: Vec<FoundClass>,
}

/// The pictures of one class.
#[derive(Debug)]
pub(crate) struct FoundClass {
    /// The class, in Unicode's form NFC.
    pub name: String,
    /// At least one file, relative to the root, sorted.
    pub files: Vec<PathBuf>,
}

impl FoundSplit {
    /// Adds `files` to the class called `name`, whatever form its letters are in.
    pub fn add(&mut self, name: &str, files: Vec<PathBuf>) {
        let name = names::composed(name);
        match self.classes.iter_mut().find(|class| class.name == name) {
            Some(class) => {
                class.files.extend(files);
                class.files.sort_unstable();
            }
            None => self.classes.push(FoundClass { name, files }),
        }
    }
}

impl Found {
    /// Opens what was found: reads every file for the hash, and decodes none, unless those that
    /// cannot be are to be left out (`skip_broken`).
    ///
    /// # Errors
    /// [`DatasetError::UnknownClass`], [`DatasetError::EmptyClass`], [`DatasetError::Io`].
    pub fn open(mut self, purpose: Purpose, skip_broken: bool) -> Result<Dataset, DatasetError> {
        let classes = match purpose {
            Purpose::Training => self.classes_of_training()?,
            Purpose::Trial => sorted_names(&self.splits),
        };
        if skip_broken {
            let left_out = self.leave_out_broken()?;
            self.notes.extend(left_out);
        }
        for (split, name) in self.splits.iter().zip(SplitName::ALL) {
            self.notes.extend(lacking(split, name, &classes));
        }
        let (sha256, mut fingerprints) = self.content_hash()?;
        let root = &self.root;
        let mut split = |found: FoundSplit| split(root, found.classes, &classes, &mut fingerprints);
        let [train, val, test] = self.splits;
        let (train, val, test) = (split(train), split(val), split(test));
        let mut dataset = Dataset {
            name: match self.name.as_str() {
                // A model would be taken for one of the data set of that name.
                "digits" | "cifar100" => format!("{}-folder", self.name),
                _ => self.name,
            },
            superclasses: None,
            copies: Copies::None,
            test_fraction: None,
            sha256,
            train,
            val: (!val.is_empty()).then_some(val),
            test: (!test.is_empty()).then_some(test),
            classes,
            notes: self.notes,
        };
        let copies = CopiedPictures::of(&dataset);
        if !copies.is_empty() {
            dataset.copies = Copies::Together;
        }
        let notes = copies.notes();
        let notes = notes
            .iter()
            .map(|note| format!("{}: {note}", root.display()));
        dataset.notes.extend(notes);
        Ok(dataset)
    }

    /// The classes of the training split, which the other splits have no others than.
    fn classes_of_training(&self) -> Result<Vec<String>, DatasetError> {
        let [train, others @ ..] = &self.splits;
        let classes = sorted_names(std::slice::from_ref(train));
        for split in others {
            let unknown = |class: &&FoundClass| !classes.contains(&class.name);
            if let Some(class) = split.classes.iter().find(unknown) {
                return Err(DatasetError::UnknownClass {
                    path: split.place.clone().unwrap_or_default(),
                    class: class.name.clone(),
                });
            }
        }
        Ok(classes)
    }

    /// Takes pictures that cannot be decoded out of the splits, and says which they were.
    fn leave_out_broken(&mut self) -> Result<Option<String>, DatasetError> {
        let root = &self.root;
        let mut left_out = Vec::new();
        for class in self.splits.iter_mut().flat_map(|split| &mut split.classes) {
            let broken = broken::leave_out(root, &mut class.files);
            if class.files.is_empty() {
                return Err(DatasetError::EmptyClass {
                    class: class.name.clone(),
                    place: format!("{}: none can be decoded", root.display()),
                });
            }
            left_out.extend(broken.iter().map(|file| slashed(file).into_owned()));
        }
        Ok((!left_out.is_empty()).then(|| {
            let names = names::listed(&left_out.iter().collect::<Vec<_>>());
            format!(
                "{}: cannot be decoded and is left out: {names}",
                root.display()
            )
        }))
    }

    /// The hash that the documentation of [`crate::folder`] and [`crate::table`] describes.
    fn content_hash(&self) -> Result<(String, Hashed), DatasetError> {
        let mut files: Vec<(&PathBuf, &str, SplitName)> = Vec::new();
        for (split, name) in self.splits.iter().zip(SplitName::ALL) {
            for class in &split.classes {
                files.extend(
                    class
                        .files
                        .iter()
                        .map(|file| (file, class.name.as_str(), name)),
                );
            }
        }
        files.sort_by(|(a, ..), (b, ..)| slashed(a).cmp(&slashed(b)));
        let mut total = Sha256::new();
        let mut hashed = Hashed::with_capacity(files.len());
        for files in files.chunks(HASHED_AT_ONCE) {
            let fingerprints = files
                .par_iter()
                .map(|(file, ..)| {
                    let path = self.root.join(file);
                    Fingerprint::of(&path).map_err(DatasetError::io("read", &path))
                })
                .collect::<Result<Vec<_>, _>>()?;
            for (&(file, label, split), fingerprint) in files.iter().zip(fingerprints) {
                total.update(slashed(file).as_bytes());
                total.update([0]);
                total.update(fingerprint.sha256());
                if !self.told_by_paths {
                    total.update(format!("{label}\0{split}\0"));
                }
                hashed.insert(file.clone(), fingerprint);
            }
        }
        Ok((hash::hex(&total.finalize()), hashed))
    }
}

/// What every file was when it was hashed.
type Hashed = HashMap<PathBuf, Fingerprint>;

fn sorted_names(splits: &[FoundSplit]) -> Vec<String> {
    let classes = splits.iter().flat_map(|split| &split.classes);
    let mut names: Vec<String> = classes.map(|class| class.name.clone()).collect();
    names.sort_by(|a, b| natural_order(a, b));
    names.dedup();
    names
}

/// Says which classes a split has no image of, or that it has none at all.
fn lacking(found: &FoundSplit, split: SplitName, classes: &[String]) -> Option<String> {
    let path = found.place.as_deref()?.display();
    if found.classes.is_empty() {
        return Some(format!(
            "{path}: has no picture in a class folder: no {split} split"
        ));
    }
    let lacks = |name: &&String| found.classes.iter().all(|class| class.name != **name);
    let missing: Vec<&String> = classes.iter().filter(lacks).collect();
    (!missing.is_empty()).then(|| {
        let names = names::listed(&missing);
        format!("{path}: no image of {names}: figures of the {split} split are without")
    })
}

/// A split of all files, class after class in the order of the labels.
fn split(
    root: &Path,
    mut found: Vec<FoundClass>,
    classes: &[String],
    hashed: &mut Hashed,
) -> Split {
    let images = found.iter().map(|class| class.files.len()).sum();
    let (mut files, mut labels) = (Vec::with_capacity(images), Vec::with_capacity(images));
    for (label, name) in classes.iter().enumerate() {
        if let Some(class) = found.iter_mut().find(|class| class.name == *name) {
            labels.extend(std::iter::repeat_n(label, class.files.len()));
            files.append(&mut class.files);
        }
    }
    let fingerprints = files.iter().filter_map(|file| hashed.remove(file));
    let fingerprints = fingerprints.collect();
    Split::from_hashed_files(root, files, labels, fingerprints)
}
