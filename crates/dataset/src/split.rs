//! One split of a data set: labelled images, in memory, in records of a file or in
//! files of their own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::{DatasetError, RgbPixels, decode_file};

/// Labelled images of one split. Cheap to clone: the images are shared.
///
/// Indices run from 0 to [`len`](Split::len) - 1; a larger index panics, as it
/// does for a slice.
#[derive(Clone)]
pub struct Split {
    storage: Arc<Storage>,
    /// Label of each image in `storage`; of those of this split alone.
    labels: Arc<[usize]>,
    /// Position of each image of this split in `storage`.
    items: Arc<[usize]>,
}

enum Storage {
    Memory {
        name: String,
        size: [usize; 2],
        pixels: Vec<u8>,
    },
    Records {
        name: String,
        size: [usize; 2],
        records: Box<dyn ImageRecords>,
    },
    Files {
        root: PathBuf,
        files: Vec<PathBuf>,
        /// As the files were when the data set was hashed, each; empty if it was not.
        fingerprints: Vec<Fingerprint>,
    },
    Joined(Vec<Split>),
}

/// Images of one size that are read when they are asked for.
pub(crate) trait ImageRecords: Send + Sync {
    /// Record `i`: RGB, height-width-channel order.
    ///
    /// # Errors
    /// [`DatasetError::Io`] naming the file.
    fn read(&self, i: usize) -> Result<Vec<u8>, DatasetError>;
}

impl Split {
    /// A split whose images lie in memory: `labels.len()` images of `size`
    /// `[height, width]`, RGB, height-width-channel order, back to back in
    /// `pixels`. `name` is used by [`describe`](Split::describe).
    ///
    /// # Panics
    /// If `pixels` is not `labels.len() * height * width * 3` bytes long.
    pub fn in_memory(
        name: impl Into<String>,
        size: [usize; 2],
        pixels: Vec<u8>,
        labels: Vec<usize>,
    ) -> Self {
        assert_eq!(
            pixels.len(),
            labels.len() * size[0] * size[1] * 3,
            "pixels of {} images of {}x{}",
            labels.len(),
            size[0],
            size[1],
        );
        let name = name.into();
        Self::new(labels, Storage::Memory { name, size, pixels })
    }

    /// A split of image files, decoded when asked for. `files` are relative to
    /// `root`; [`describe`](Split::describe) shows them that way.
    ///
    /// # Panics
    /// If there are not as many labels as files.
    pub fn from_files(root: impl Into<PathBuf>, files: Vec<PathBuf>, labels: Vec<usize>) -> Self {
        Self::from_hashed_files(root, files, labels, Vec::new())
    }

    /// As [`from_files`](Self::from_files), where every file has a fingerprint: one that is
    /// changed from then on is refused.
    pub(crate) fn from_hashed_files(
        root: impl Into<PathBuf>,
        files: Vec<PathBuf>,
        labels: Vec<usize>,
        fingerprints: Vec<Fingerprint>,
    ) -> Self {
        assert_eq!(files.len(), labels.len(), "one label for each file");
        let storage = Storage::Files {
            root: root.into(),
            files,
            fingerprints,
        };
        Self::new(labels, storage)
    }

    /// A split of `records` of `size` `[height, width]`, one for each label, read when
    /// asked for. `name` is used by [`describe`](Split::describe).
    pub(crate) fn from_records(
        name: impl Into<String>,
        size: [usize; 2],
        records: Box<dyn ImageRecords>,
        labels: Vec<usize>,
    ) -> Self {
        let name = name.into();
        Self::new(
            labels,
            Storage::Records {
                name,
                size,
                records,
            },
        )
    }

    /// The images of `parts`, one part after the other; shares the images.
    pub(crate) fn joined(parts: Vec<Split>) -> Self {
        let labels = parts.iter().flat_map(Split::labels).collect();
        Self::new(labels, Storage::Joined(parts))
    }

    fn new(labels: Vec<usize>, storage: Storage) -> Self {
        Self {
            storage: Arc::new(storage),
            items: (0..labels.len()).collect(),
            labels: labels.into(),
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the split holds no image.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Label of image `i`: an index into the data set's classes.
    pub fn label(&self, i: usize) -> usize {
        self.labels[self.items[i]]
    }

    /// All labels, in the order of the images.
    pub fn labels(&self) -> Vec<usize> {
        self.items.iter().map(|&i| self.labels[i]).collect()
    }

    /// Image `i`, decoded, upright (EXIF orientation applied) and in RGB.
    ///
    /// # Errors
    /// [`DatasetError::Decode`], [`DatasetError::Io`] or [`DatasetError::Changed`]
    /// naming the file; images in memory never fail.
    pub fn image(&self, i: usize) -> Result<RgbPixels, DatasetError> {
        let of_size = |[height, width]: [usize; 2], pixels| RgbPixels {
            height,
            width,
            pixels,
        };
        match &*self.storage {
            Storage::Memory { size, pixels, .. } => {
                let pixels = slice(pixels, *size, self.items[i]);
                Ok(of_size(*size, pixels.to_vec()))
            }
            Storage::Records { size, records, .. } => {
                Ok(of_size(*size, records.read(self.items[i])?))
            }
            Storage::Joined(parts) => {
                let (part, i) = located(parts, self.items[i]);
                part.image(i)
            }
            Storage::Files {
                root,
                files,
                fingerprints,
            } => {
                let path = root.join(&files[self.items[i]]);
                let image = decode_file(&path)?;
                // After it was read: a change meanwhile shows too.
                match fingerprints.get(self.items[i]) {
                    Some(file) if !file.fits(&path).map_err(DatasetError::io("read", &path))? => {
                        Err(DatasetError::Changed { path })
                    }
                    _ => Ok(image),
                }
            }
        }
    }

    /// The bytes of image `i` (height-width-channel order) for images that lie
    /// in memory; `None` for others.
    pub fn pixels(&self, i: usize) -> Option<&[u8]> {
        match &*self.storage {
            Storage::Memory { size, pixels, .. } => Some(slice(pixels, *size, self.items[i])),
            Storage::Records { .. } | Storage::Files { .. } => None,
            Storage::Joined(parts) => {
                let (part, i) = located(parts, self.items[i]);
                part.pixels(i)
            }
        }
    }

    /// Height and width of every image where they are stored decoded, at one size;
    /// `None` for image files.
    pub fn stored_size(&self) -> Option<[usize; 2]> {
        match &*self.storage {
            Storage::Memory { size, .. } | Storage::Records { size, .. } => Some(*size),
            Storage::Files { .. } => None,
            // Splits of one data set, which stores its images in one way.
            Storage::Joined(parts) => parts.first()?.stored_size(),
        }
    }

    /// The file of image `i`; `None` for images that have no file of their own.
    pub fn path(&self, i: usize) -> Option<PathBuf> {
        match &*self.storage {
            Storage::Memory { .. } | Storage::Records { .. } => None,
            Storage::Files { root, files, .. } => Some(root.join(&files[self.items[i]])),
            Storage::Joined(parts) => {
                let (part, i) = located(parts, self.items[i]);
                part.path(i)
            }
        }
    }

    /// A name for image `i` in messages and reports: its file relative to the
    /// data set, or the record it was read from, `"test #17"` (counted from 0,
    /// and the same in every subset).
    pub fn describe(&self, i: usize) -> String {
        match &*self.storage {
            Storage::Memory { name, .. } | Storage::Records { name, .. } => {
                format!("{name} #{}", self.items[i])
            }
            Storage::Files { files, .. } => slashed(&files[self.items[i]]).into_owned(),
            Storage::Joined(parts) => {
                let (part, i) = located(parts, self.items[i]);
                part.describe(i)
            }
        }
    }

    /// SHA-256 of the file of image `i`, as it was when the data set was opened; `None` for images
    /// that have no file of their own.
    pub fn sha256(&self, i: usize) -> Option<&[u8; 32]> {
        match &*self.storage {
            Storage::Memory { .. } | Storage::Records { .. } => None,
            Storage::Files { fingerprints, .. } => Some(fingerprints.get(self.items[i])?.sha256()),
            Storage::Joined(parts) => {
                let (part, i) = located(parts, self.items[i]);
                part.sha256(i)
            }
        }
    }

    /// For each image the first one of the split with the same contents: itself, where there is
    /// no other or nobody knows.
    pub(crate) fn firsts(&self) -> Vec<usize> {
        let mut first = HashMap::new();
        (0..self.len())
            .map(|i| {
                self.sha256(i)
                    .map_or(i, |sha256| *first.entry(sha256).or_insert(i))
            })
            .collect()
    }

    /// The images at `indices` of this split, in that order; shares the images.
    pub fn subset(&self, indices: &[usize]) -> Split {
        Split {
            items: indices.iter().map(|&i| self.items[i]).collect(),
            ..self.clone()
        }
    }

    /// The images whose label has a new one in `new`, with that, sorted by it; those of one label
    /// keep their order. Shares the images.
    pub(crate) fn relabelled(&self, new: &[Option<usize>]) -> Split {
        let mut items: Vec<usize> = self.items.to_vec();
        items.retain(|&item| new[self.labels[item]].is_some());
        items.sort_by_key(|&item| new[self.labels[item]]);
        // An image that is left out is in no item, so that its label is not read.
        let labels = self.labels.iter().map(|&label| new[label].unwrap_or(0));
        Split {
            items: items.into(),
            labels: labels.collect(),
            ..self.clone()
        }
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("len", &self.len()).finish()
    }
}

/// The part that image `i` of all `parts` is in, and where in it.
fn located(parts: &[Split], mut i: usize) -> (&Split, usize) {
    for part in parts {
        match i.checked_sub(part.len()) {
            Some(later) => i = later,
            None => return (part, i),
        }
    }
    panic!("image {i} after the last one");
}

fn slice(pixels: &[u8], [height, width]: [usize; 2], i: usize) -> &[u8] {
    let len = height * width * 3;
    &pixels[i * len..][..len]
}

/// A relative path with `/` between its components on every platform.
pub(crate) fn slashed(path: &Path) -> Cow<'_, str> {
    if MAIN_SEPARATOR == '/' {
        return path.to_string_lossy();
    }
    let parts: Vec<_> = path
        .components()
        .map(|c| c.as_os_str().to_string_lossy())
        .collect();
    Cow::Owned(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split() -> Split {
        let pixels = (0..4 * 6).collect();
        Split::in_memory("test", [1, 2], pixels, vec![3, 1, 2, 0])
    }

    #[test]
    fn gives_each_image_its_own_bytes_and_label() {
        let split = split();
        assert_eq!(split.labels(), [3, 1, 2, 0]);
        assert_eq!(split.pixels(1).unwrap(), [6, 7, 8, 9, 10, 11]);
        let image = split.image(3).unwrap();
        assert_eq!((image.height, image.width), (1, 2));
        assert_eq!(image.pixels, [18, 19, 20, 21, 22, 23]);
    }

    #[test]
    fn a_subset_of_a_subset_keeps_record_numbers() {
        let subset = split().subset(&[3, 1]).subset(&[1]);
        assert_eq!(subset.len(), 1);
        assert_eq!(subset.label(0), 1);
        assert_eq!(subset.describe(0), "test #1");
        assert_eq!(subset.pixels(0).unwrap()[0], 6);
    }

    #[test]
    fn splits_are_joined_one_after_the_other() {
        let files = Split::from_files("/somewhere", vec!["cat/1.png".into()], vec![1]);
        let joined = Split::joined(vec![split(), split().subset(&[]), files]);
        assert_eq!(joined.len(), split().len() + 1);
        assert_eq!(joined.labels()[..4], split().labels());
        assert_eq!(joined.describe(3), split().describe(3));
        assert_eq!(joined.pixels(3), split().pixels(3));
        assert_eq!(joined.describe(4), "cat/1.png");
        assert!(joined.pixels(4).is_none() && joined.path(4).is_some());
        let last = joined.subset(&[4]);
        assert_eq!((last.describe(0), last.label(0)), ("cat/1.png".into(), 1));
    }

    #[test]
    fn describes_files_relative_to_the_data_set() {
        let split = Split::from_files("/somewhere", vec!["train/cat/1.png".into()], vec![0]);
        assert_eq!(split.describe(0), "train/cat/1.png");
        assert_eq!(
            split.path(0).unwrap(),
            Path::new("/somewhere/train/cat/1.png")
        );
        assert!(split.pixels(0).is_none());
        assert_eq!(split.stored_size(), None);
        assert!(split.image(0).is_err());
    }
}
