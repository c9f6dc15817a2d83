//! Folders of photos, one folder a class, as torchvision's `ImageFolder` and
//! Ultralytics' classification data sets have them:
//!
//! ```text
//! flowers/train/rose/1.jpg      flowers/rose/1.jpg
//! flowers/train/tulip/2.jpg     flowers/tulip/2.jpg
//! flowers/val/rose/3.jpg
//! flowers/test/rose/4.jpg
//! ```
//!
//! On the left, a folder of splits, by their names in upper or lower case: `train` or
//! `training`, optionally `test` or `testing`, and `val`, `valid`, `validation`, `dev` or
//! `eval`; of several words the last one counts (`seg_train`). On the right, one tree,
//! which becomes `train`; take a test split from it with [`Dataset::hold_out_test`]. A root
//! whose `train` has folders in it is the former.
//!
//! Classes are the names of the class folders of `train`, numbers in them by their value
//! (1, 2, 10); another split may lack some. Images are looked for in class folders at any
//! depth, by extension or, where that names no format, by their first bytes; hidden files
//! are ignored. Links are followed. [`Dataset::notes`] says what is left out: pictures in
//! formats that are not read, folders without any.
//!
//! [`Dataset::sha256`] is the SHA-256 over the images of all splits, sorted by
//! their paths relative to the root: for each, the path's bytes with `/` between
//! components, a zero byte, and the 32-byte SHA-256 of the file's contents. To
//! know it, every file is read once when the data set is opened, on all cores:
//! about as long as it takes to copy the files, some 0.5 to 2 GB a second from
//! memory.

mod kind;
mod layout;
mod names;
mod scan;
#[cfg(test)]
mod tests;
mod unread;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::broken;
use crate::copies::{CopiedPictures, Copies};
use crate::fingerprint::Fingerprint;
use crate::split::slashed;
use crate::{Dataset, DatasetError, Split, hash};

pub use kind::FileKind;
pub(crate) use kind::unread_format;

use layout::Layout;
use names::SplitName;
use scan::{ClassFolder, Scanned, below, natural_order, scan};

/// Files that are read in parallel: many a core, few to remember.
const HASHED_AT_ONCE: usize = 4096;

/// Opens a folder of images; reads every file for the hash, and decodes none, unless it is to
/// leave out those that cannot be.
///
/// # Errors
/// [`DatasetError::FolderNotFound`], [`DatasetError::NotAFolder`],
/// [`DatasetError::TooFewClasses`], [`DatasetError::SplitsWithoutClasses`],
/// [`DatasetError::MissingTrain`], [`DatasetError::AmbiguousSplit`],
/// [`DatasetError::UnknownClass`], [`DatasetError::UnreadClass`],
/// [`DatasetError::NotUnicode`], [`DatasetError::Io`].
pub(crate) fn open(root: &Path, skip_broken: bool) -> Result<Dataset, DatasetError> {
    let layout = Layout::of(root)?;
    let Some(train) = &layout.train else {
        return Err(DatasetError::MissingTrain {
            path: root.to_path_buf(),
            split: layout.any_split().unwrap_or_default(),
        });
    };
    let train = scan(root, train)?;
    layout.check_classes(root, &train)?;
    let classes: Vec<String> = train
        .classes
        .iter()
        .map(|class| class.name.clone())
        .collect();
    let scan_other = |folder: &Option<PathBuf>| -> Result<Scanned, DatasetError> {
        let found = folder
            .as_ref()
            .map_or_else(|| Ok(Scanned::default()), |folder| scan(root, folder))?;
        match found
            .classes
            .iter()
            .find(|class| !classes.contains(&class.name))
        {
            None => Ok(found),
            Some(class) => Err(DatasetError::UnknownClass {
                path: below(root, folder.as_deref().unwrap_or(Path::new(""))),
                class: class.name.clone(),
            }),
        }
    };
    let (val, test) = (scan_other(&layout.val)?, scan_other(&layout.test)?);
    assemble(root, &layout, classes, [train, val, test], skip_broken)
}

/// Opens a folder of images that a model is tried on, which need not be fit to train on: splits
/// may be missing, and have classes of their own.
///
/// # Errors
/// Those of [`open`] but [`DatasetError::MissingTrain`] and [`DatasetError::UnknownClass`].
pub(crate) fn open_to_evaluate(root: &Path, skip_broken: bool) -> Result<Dataset, DatasetError> {
    let layout = Layout::of(root)?;
    let scan_split = |folder: &Option<PathBuf>| match folder {
        Some(folder) => scan(root, folder),
        None => Ok(Scanned::default()),
    };
    let splits = [&layout.train, &layout.val, &layout.test].map(scan_split);
    let [train, val, test] = splits;
    let splits = [train?, val?, test?];
    if splits.iter().all(|split| split.classes.is_empty()) {
        layout.check_classes(root, &splits[0])?;
    }
    let mut classes: Vec<String> = splits
        .iter()
        .flat_map(|split| &split.classes)
        .map(|class| class.name.clone())
        .collect();
    classes.sort_by(|a, b| natural_order(a, b));
    classes.dedup();
    assemble(root, &layout, classes, splits, skip_broken)
}

/// Puts the splits (train, val, test) together, and says what is odd about them.
fn assemble(
    root: &Path,
    layout: &Layout,
    classes: Vec<String>,
    mut splits: [Scanned; 3],
    skip_broken: bool,
) -> Result<Dataset, DatasetError> {
    let mut notes = layout.notes.clone();
    if skip_broken {
        notes.extend(without_broken(root, &mut splits)?);
    }
    let folders = [&layout.train, &layout.val, &layout.test];
    for ((folder, scanned), name) in folders.into_iter().zip(&splits).zip(SplitName::ALL) {
        if let Some(folder) = folder {
            notes.extend(scanned.notes(&below(root, folder)));
            notes.extend(lacking(&below(root, folder), name, &classes, scanned));
        }
    }
    let files = splits.iter().flat_map(|split| &split.classes);
    let (sha256, mut fingerprints) = content_hash(root, files.flat_map(|class| &class.files))?;
    let [train, val, test] = splits.map(|scanned| scanned.classes);
    let mut split = |found: Vec<ClassFolder>| split(root, found, &classes, &mut fingerprints);
    let (train, val, test) = (split(train), split(val), split(test));
    let mut dataset = Dataset {
        name: name(root),
        superclasses: None,
        copies: Copies::None,
        sha256,
        train,
        val: (!val.is_empty()).then_some(val),
        test: (!test.is_empty()).then_some(test),
        classes,
        notes,
    };
    let copies = CopiedPictures::of(&dataset);
    if !copies.is_empty() {
        dataset.copies = Copies::Together;
    }
    let notes = copies.notes();
    dataset.notes.extend(
        notes
            .iter()
            .map(|note| format!("{}: {note}", root.display())),
    );
    Ok(dataset)
}

/// Takes pictures that cannot be decoded out of the splits, and says which they were.
///
/// # Errors
/// [`DatasetError::EmptyClass`] for a class of which none is left.
fn without_broken(root: &Path, splits: &mut [Scanned; 3]) -> Result<Option<String>, DatasetError> {
    let mut left_out = Vec::new();
    for class in splits.iter_mut().flat_map(|split| &mut split.classes) {
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

/// Says which classes a split has no image of, or that it has none at all.
fn lacking(path: &Path, split: SplitName, classes: &[String], found: &Scanned) -> Option<String> {
    let path = path.display();
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
    mut found: Vec<ClassFolder>,
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

/// What every file was when it was hashed.
type Hashed = HashMap<PathBuf, Fingerprint>;

/// The hash that the module's documentation describes.
fn content_hash<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<(String, Hashed), DatasetError> {
    let mut files: Vec<&PathBuf> = files.collect();
    files.sort_by(|a, b| slashed(a).cmp(&slashed(b)));
    let mut total = Sha256::new();
    let mut hashed = Hashed::with_capacity(files.len());
    for files in files.chunks(HASHED_AT_ONCE) {
        let fingerprints = files
            .par_iter()
            .map(|file| {
                let path = root.join(file);
                Fingerprint::of(&path).map_err(DatasetError::io("read", &path))
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (&file, fingerprint) in files.iter().zip(fingerprints) {
            total.update(slashed(file).as_bytes());
            total.update([0]);
            total.update(fingerprint.sha256());
            hashed.insert(file.clone(), fingerprint);
        }
    }
    Ok((hash::hex(&total.finalize()), hashed))
}

/// The folder's own name, also for `.` and paths that end in `..`.
fn name(root: &Path) -> String {
    let full = root.canonicalize();
    let path = full.as_deref().unwrap_or(root);
    let name = path.file_name().map_or_else(
        || "folder".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    match name.as_str() {
        // A model would be taken for one of the data set of that name.
        "digits" | "cifar100" => format!("{name}-folder"),
        _ => name,
    }
}
