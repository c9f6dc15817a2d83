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
//! On the left, a folder of splits: `train`, optionally `test` and `val` (also
//! `valid` or `validation`). On the right, one tree, which becomes `train`; take
//! a test split from it with [`Dataset::hold_out_test`]. A root whose `train`
//! has folders in it is the former.
//!
//! Classes are the names of the class folders, sorted by their bytes; every
//! split has the same. Images are looked for in class folders at any depth, by
//! extension (jpg, jpeg, png, bmp, gif, webp, tif, tiff, ppm, pgm, pbm, pnm);
//! other files and hidden ones are ignored. Links are followed.
//!
//! [`Dataset::sha256`] is the SHA-256 over the images of all splits, sorted by
//! their paths relative to the root: for each, the path's bytes with `/` between
//! components, a zero byte, and the 32-byte SHA-256 of the file's contents. To
//! know it, every file is read once when the data set is opened, on all cores:
//! about as long as it takes to copy the files, some 0.5 to 2 GB a second from
//! memory.

mod scan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;
use crate::split::slashed;
use crate::{Dataset, DatasetError, Split, hash};

pub use scan::has_image_extension;

use scan::{ClassFolder, below, class_folders, has_folders, subfolders};

/// Names of the validation split's folder, the preferred one first.
const VAL: [&str; 3] = ["val", "valid", "validation"];

/// Files that are read in parallel: many a core, few to remember.
const HASHED_AT_ONCE: usize = 4096;

/// Opens a folder of images; reads every file for the hash, decodes none.
///
/// # Errors
/// [`DatasetError::FolderNotFound`], [`DatasetError::TooFewClasses`],
/// [`DatasetError::MissingTrain`], [`DatasetError::AmbiguousSplit`],
/// [`DatasetError::UnknownClass`], [`DatasetError::MissingClass`],
/// [`DatasetError::EmptyClass`], [`DatasetError::NotUnicode`],
/// [`DatasetError::Io`].
pub(crate) fn open(root: &Path) -> Result<Dataset, DatasetError> {
    if !root.is_dir() {
        return Err(DatasetError::FolderNotFound {
            path: root.to_path_buf(),
        });
    }
    let layout = Layout::of(root)?;
    let train = class_folders(root, &layout.train)?;
    if train.len() < 2 {
        return Err(DatasetError::TooFewClasses {
            path: below(root, &layout.train),
            found: train.len(),
        });
    }
    let classes: Vec<String> = train.iter().map(|class| class.name.clone()).collect();
    let other = |folder: &Option<PathBuf>| -> Result<Option<Vec<ClassFolder>>, DatasetError> {
        let Some(folder) = folder else {
            return Ok(None);
        };
        let found = class_folders(root, folder)?;
        same_classes(&root.join(folder), &classes, &found)?;
        Ok(Some(found))
    };
    let (val, test) = (other(&layout.val)?, other(&layout.test)?);

    let all = [Some(&train), val.as_ref(), test.as_ref()];
    let files = all.into_iter().flatten().flatten();
    let (sha256, mut fingerprints) = content_hash(root, files.flat_map(|class| &class.files))?;
    let mut split = |classes| split(root, classes, &mut fingerprints);
    Ok(Dataset {
        name: name(root),
        classes,
        superclasses: None,
        sha256,
        train: split(train),
        val: val.map(&mut split),
        test: test.map(&mut split),
        notes: layout.notes,
    })
}

/// Where the splits lie, relative to the root.
struct Layout {
    train: PathBuf,
    val: Option<PathBuf>,
    test: Option<PathBuf>,
    notes: Vec<String>,
}

impl Layout {
    fn of(root: &Path) -> Result<Self, DatasetError> {
        let is_split = |name: &str| has_folders(&root.join(name));
        let mut val = None;
        for name in VAL {
            if is_split(name)? {
                if let Some(first) = val {
                    return Err(DatasetError::AmbiguousSplit {
                        path: root.to_path_buf(),
                        first,
                        second: name,
                    });
                }
                val = Some(name);
            }
        }
        let test = is_split("test")?.then_some("test");
        if !is_split("train")? {
            return match val.or(test) {
                Some(split) => Err(DatasetError::MissingTrain {
                    path: root.to_path_buf(),
                    split: split.to_owned(),
                }),
                None => Ok(Self {
                    train: PathBuf::new(),
                    val: None,
                    test: None,
                    notes: Vec::new(),
                }),
            };
        }
        let used = |name: &str| name == "train" || Some(name) == val || Some(name) == test;
        let notes = subfolders(root)?
            .into_iter()
            .filter(|name| !used(name))
            .map(|name| {
                let root = root.display();
                format!("{root}: folder '{name}' is not a split and is ignored")
            })
            .collect();
        Ok(Self {
            train: "train".into(),
            val: val.map(PathBuf::from),
            test: test.map(PathBuf::from),
            notes,
        })
    }
}

fn same_classes(
    path: &Path,
    expected: &[String],
    found: &[ClassFolder],
) -> Result<(), DatasetError> {
    if let Some(class) = found.iter().find(|class| !expected.contains(&class.name)) {
        return Err(DatasetError::UnknownClass {
            path: path.to_path_buf(),
            class: class.name.clone(),
        });
    }
    let missing = |name: &&String| found.iter().all(|class| class.name != **name);
    match expected.iter().find(missing) {
        Some(class) => Err(DatasetError::MissingClass {
            path: path.to_path_buf(),
            class: class.clone(),
        }),
        None => Ok(()),
    }
}

/// A split of all files; classes are in the order of the labels.
fn split(root: &Path, classes: Vec<ClassFolder>, hashed: &mut Hashed) -> Split {
    let images = classes.iter().map(|class| class.files.len()).sum();
    let (mut files, mut labels) = (Vec::with_capacity(images), Vec::with_capacity(images));
    for (label, class) in classes.into_iter().enumerate() {
        labels.extend(std::iter::repeat_n(label, class.files.len()));
        files.extend(class.files);
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
