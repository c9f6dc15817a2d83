//! What can go wrong with a data set, in one line each, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::broken::listed;
use crate::{BrokenPicture, OpenOptions};

/// An error about a data set. `Display` is one line that says what is wrong
/// and where; [`hint`](DatasetError::hint) says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `"read"`, `"create"`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// CIFAR-100 is neither extracted nor an archive in the data folder.
    #[error("CIFAR-100 is not in {}", data_dir.display())]
    Cifar100NotFound {
        /// The data folder.
        data_dir: PathBuf,
    },
    /// The path given for a local archive or folder does not exist.
    #[error("no CIFAR-100 archive or folder at {}", path.display())]
    LocalNotFound {
        /// The path given.
        path: PathBuf,
    },
    /// An archive ends before its contents do.
    #[error("{}: the archive is truncated", path.display())]
    Truncated {
        /// The archive.
        path: PathBuf,
    },
    /// An archive is not what it should be.
    #[error("{}: the archive is corrupt: {reason}", path.display())]
    Corrupt {
        /// The archive.
        path: PathBuf,
        /// What the decoder found.
        reason: String,
    },
    /// An archive's member would be written outside of the target folder.
    #[error("{}: archive member '{member}' points outside of the archive's folder", path.display())]
    UnsafeMember {
        /// The archive.
        path: PathBuf,
        /// The member's name.
        member: String,
    },
    /// A file of CIFAR-100 is missing from its folder or archive.
    #[error("{}: '{member}' is missing", path.display())]
    MissingMember {
        /// The folder or archive.
        path: PathBuf,
        /// The file that should be in it.
        member: &'static str,
    },
    /// A file of records is not a whole number of records long.
    #[error("{}: {length} bytes is not a positive multiple of the record length {record}", file.display())]
    RecordFileLength {
        /// The file.
        file: PathBuf,
        /// Its length in bytes.
        length: u64,
        /// Length of one record in bytes.
        record: u64,
    },
    /// A record's label is not one of the classes.
    #[error("{}: record {record}: {kind} label {value} is out of range 0..={}", file.display(), classes - 1)]
    LabelOutOfRange {
        /// The file.
        file: PathBuf,
        /// The record, counted from 0.
        record: usize,
        /// `"fine"` or `"coarse"`.
        kind: &'static str,
        /// The label found.
        value: u8,
        /// Number of classes.
        classes: usize,
    },
    /// Two records put the same class into different superclasses.
    #[error(
        "{}: record {record}: class '{class}' has coarse label {found}, an earlier record has {expected}", file.display()
    )]
    InconsistentSuperclass {
        /// The file.
        file: PathBuf,
        /// The record, counted from 0.
        record: usize,
        /// The fine class.
        class: String,
        /// The coarse label of an earlier record of the class.
        expected: usize,
        /// The coarse label of this record.
        found: usize,
    },
    /// A file of label names does not hold the right number of names.
    #[error("{}: {found} label names, expected {expected} different ones", file.display())]
    LabelNames {
        /// The file.
        file: PathBuf,
        /// Number of names expected.
        expected: usize,
        /// Number of different names found.
        found: usize,
    },
    /// A downloaded archive is not the expected one.
    #[error("{}: wrong checksum: expected md5 {expected}, got {found} (file moved to {})", path.display(), moved_to.display())]
    Checksum {
        /// Where the archive was.
        path: PathBuf,
        /// MD5 expected, hexadecimal.
        expected: String,
        /// MD5 found, hexadecimal.
        found: String,
        /// Where the archive is now.
        moved_to: PathBuf,
    },
    /// A server answered a download with an error status.
    #[error("{url}: the server answered with HTTP status {status}")]
    HttpStatus {
        /// The address.
        url: String,
        /// The status code.
        status: u16,
    },
    /// A download failed; what has arrived is kept.
    #[error("{url}: download failed after {received} bytes: {reason}")]
    Download {
        /// The address.
        url: String,
        /// Bytes on disk, to be resumed from.
        received: u64,
        /// Why.
        reason: String,
    },
    /// A server sends something that is not taken, such as a file without end.
    #[error("{url}: {reason}")]
    DownloadRefused {
        /// The address.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// Another process is downloading the same file.
    #[error("{}: another process is downloading this file", path.display())]
    DownloadInProgress {
        /// The partial file.
        path: PathBuf,
    },
    /// A folder data set does not exist or is not a folder.
    #[error("{}: no such file or folder", path.display())]
    FolderNotFound {
        /// The path given.
        path: PathBuf,
    },
    /// A folder holds fewer than two class folders.
    #[error("{}: {found} class folder(s), at least 2 are needed", path.display())]
    TooFewClasses {
        /// The folder.
        path: PathBuf,
        /// Number of class folders found.
        found: usize,
        /// A folder in it that looks like a data set.
        instead: Option<PathBuf>,
    },
    /// A file is nothing that a data set can be.
    #[error(
        "{}: is a file, expected a folder with one folder a class, an archive of one (.zip, .tar, .tar.gz), a table (.csv, .tsv) or Parquet", path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// An archive is not taken.
    #[error("{}: {reason}", path.display())]
    BadArchive {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Lines of a table are wrong.
    #[error("{}: {}", path.display(), lines(problems))]
    Table {
        /// The table.
        path: PathBuf,
        /// At least one, in the order of the lines.
        problems: Vec<TableProblem>,
    },
    /// The only class folders found are called as splits are.
    #[error("{}: its class folders would be {names}, which are names of splits", path.display())]
    SplitsWithoutClasses {
        /// The folder.
        path: PathBuf,
        /// The names, quoted.
        names: String,
    },
    /// Pictures of a data set cannot be decoded.
    #[error("{} of the {checked} pictures of {name} cannot be decoded: {}", broken.len(), listed(broken))]
    Undecodable {
        /// The data set, or a split of it.
        name: String,
        /// Number of pictures that were looked at.
        checked: usize,
        /// Those that cannot be.
        broken: Vec<BrokenPicture>,
    },
    /// All pictures of a class are in formats that are not read.
    #[error("class '{class}' has no picture that can be read in {}: {unread}", place.display())]
    UnreadClass {
        /// The class.
        class: String,
        /// Its folder.
        place: PathBuf,
        /// How many of which extension.
        unread: String,
    },
    /// A data set has no class that a model knows.
    #[error("{name}: none of its {found} classes is one of the model's {expected}")]
    NoKnownClass {
        /// The data set.
        name: String,
        /// Its number of classes.
        found: usize,
        /// Number of classes of the model.
        expected: usize,
    },
    /// A folder has a `test` or `val` split but no `train`.
    #[error("{}: has '{split}' but no 'train' folder with class folders", path.display())]
    MissingTrain {
        /// The folder.
        path: PathBuf,
        /// The split that is there.
        split: String,
    },
    /// A folder has two folders for the same split.
    #[error("{}: both '{first}' and '{second}' are there for the same split", path.display())]
    AmbiguousSplit {
        /// The folder.
        path: PathBuf,
        /// One folder.
        first: String,
        /// The other folder.
        second: String,
    },
    /// A split has a class that the training split has not.
    #[error("{}: class '{class}' is not a class of the training split", path.display())]
    UnknownClass {
        /// The class folder.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// A class has no image.
    #[error("class '{class}' has no image in {place}")]
    EmptyClass {
        /// The class.
        class: String,
        /// Where images were expected: a folder, a file, "the split".
        place: String,
    },
    /// A file or folder name is not valid Unicode.
    #[error("{}: the name is not valid Unicode", path.display())]
    NotUnicode {
        /// The path, shown with replacement characters.
        path: PathBuf,
    },
    /// An image could not be decoded.
    #[error("{}: cannot decode the image: {reason}", path.display())]
    Decode {
        /// The image file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An image file is another one than when the data set was opened.
    #[error("{}: the file was changed since the data set was opened", path.display())]
    Changed {
        /// The image file.
        path: PathBuf,
    },
    /// A class has too few images to be in both parts of a split.
    #[error(
        "class '{class}' has {count} image(s), copies counted once; splitting needs at least {needed}"
    )]
    TooFewImages {
        /// The class.
        class: String,
        /// Its number of images.
        count: usize,
        /// The number needed.
        needed: usize,
    },
    /// A label has no class name.
    #[error("image {index}: label {label} is out of range for {classes} classes")]
    Label {
        /// The image's index.
        index: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// No record of a run says where the data is that a model was trained on.
    #[error("the data set is '{name}', and no run.json beside or above {} says where that is", file.display())]
    NotRecorded {
        /// Its name.
        name: String,
        /// The model or checkpoint.
        file: PathBuf,
    },
    /// The data set that a model was trained on is not where its run had it.
    #[error("the data set is no longer at {}, where {} has it", place.display(), record.display())]
    RecordedPlaceGone {
        /// Where it was.
        place: PathBuf,
        /// The run's record.
        record: PathBuf,
        /// The flag that says where it is now.
        flag: &'static str,
    },
    /// A run's record cannot be read or is something else.
    #[error("{}: not the record of a run: {reason}", path.display())]
    RunRecord {
        /// The file `run.json`.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A test split is asked for where there is one.
    #[error("{name} has a test split of its own: no other one is taken")]
    OwnTestSplit {
        /// The data set.
        name: String,
    },
    /// A split's share is not strictly between 0 and 1.
    #[error("split fraction {value} is not strictly between 0 and 1")]
    Fraction {
        /// The value given.
        value: f64,
    },
}

/// A line of a table that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProblem {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// Says `line 3: a.jpg has no label; line 9: … and 4 more lines`.
fn lines(problems: &[TableProblem]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = problems
        .iter()
        .take(NAMED)
        .map(|TableProblem { line, problem }| format!("line {line}: {problem}"))
        .collect();
    match problems.len() - named.len() {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}

impl DatasetError {
    /// What to do about it, in one line; `None` if the error says it all.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { .. } => {
                "check the path, its permissions and the space left; `--data-dir` and `--data-path` \
                 choose others"
            }
            Self::Cifar100NotFound { data_dir } => {
                return Some(format!(
                    "run `{}`, or pass an archive or extracted folder with `--data-path PATH` or \
                     the environment variable CIFAR100_PATH",
                    fetch_cifar100(data_dir)
                ));
            }
            Self::LocalNotFound { .. } => {
                "pass the path of cifar-100-binary.tar.gz or of the extracted folder with \
                 `--data-path PATH` or the environment variable CIFAR100_PATH"
            }
            Self::Truncated { .. } | Self::Corrupt { .. } | Self::RecordFileLength { .. } => {
                "get the file anew: remove it and run `trainer data fetch cifar100`, or pass \
                 another one with `--data-path PATH`"
            }
            Self::UnsafeMember { .. } => "do not use this archive; get it from its official place",
            Self::MissingMember { .. } => {
                "the binary version of CIFAR-100 is needed (cifar-100-binary.tar.gz, not the \
                 Python or Matlab version)"
            }
            Self::LabelOutOfRange { .. } | Self::InconsistentSuperclass { .. } => {
                "the file is damaged or is not CIFAR-100's binary version; get it anew with \
                 `trainer data fetch cifar100`"
            }
            Self::LabelNames { .. } => {
                "the file must hold one name a line, as the official archive has it"
            }
            Self::Checksum { .. } => {
                "run the command again to download from the start; a file of your own with \
                 another checksum is accepted through `--data-path FILE`"
            }
            Self::HttpStatus { .. } => {
                "check the address, try again later, or pass a file that you have with \
                 `--data-path FILE`"
            }
            Self::Download { received: 0, .. } => {
                "check the network connection and the address, or pass a file that you have with \
                 `--data-path FILE`"
            }
            Self::Download { .. } => "run the command again: it goes on from where it stopped",
            Self::DownloadRefused { .. } => {
                "use the official address or a mirror that you trust, or pass a file that you \
                 have with `--data-path FILE`"
            }
            Self::DownloadInProgress { .. } => "wait for the other download to end",
            Self::FolderNotFound { .. } => {
                "pass `digits`, `cifar100` or the path of a folder with one folder a class, of an archive \
                 or of a table"
            }
            Self::TooFewClasses {
                instead: Some(instead),
                ..
            } => {
                return Some(format!("did you mean {}?", instead.display()));
            }
            Self::TooFewClasses { instead: None, .. } => {
                "point to the folder that holds one folder a class, or that holds train/ and \
                 optionally val/ and test/"
            }
            Self::MissingTrain { .. } => "add a train/ folder with one folder a class",
            Self::AmbiguousSplit { .. } => "keep one of the two folders",
            Self::UnknownClass { .. } => {
                "rename or remove the folder, or add training images of this class"
            }
            Self::UnknownForm { .. } => "pass the folder, or `digits` or `cifar100`",
            Self::BadArchive { .. } => {
                "get or make it anew, or unpack it yourself and pass the folder"
            }
            Self::Table { .. } => {
                "a table has a picture a line, `file,label` and perhaps `split`; files are \
                 relative to the table"
            }
            Self::SplitsWithoutClasses { .. } => {
                "put each split's pictures into one folder a class: train/cat/1.jpg"
            }
            Self::Undecodable { .. } => {
                "replace or remove them, or leave them out with `--skip-broken`; `trainer data check \
                 DIR` lists all"
            }
            Self::UnreadClass { .. } => {
                "convert them to JPEG or PNG, such as with `magick mogrify -format jpg FILES`"
            }
            Self::NoKnownClass { .. } => {
                "class folders are matched by name: rename them as `infer inspect` lists the \
                 model's classes"
            }
            Self::EmptyClass { .. } => "add images of this class or remove the class",
            Self::NotUnicode { .. } => "rename it",
            Self::Decode { .. } => {
                "replace or remove the file; PNG, JPEG, BMP, GIF, WebP, TIFF and PNM can be read"
            }
            Self::Changed { .. } => {
                "leave a data set as it is while it is used; put the old file back, or start \
                 anew with what is there now"
            }
            Self::TooFewImages { .. } => {
                "add images of this class, remove the class, or bring a split of your own \
                 (train/ and val/ folders)"
            }
            Self::NotRecorded { .. } => "pass its place with `--dataset PATH`",
            Self::RecordedPlaceGone { flag, .. } => {
                return Some(format!(
                    "pass its new place with `{flag}`; a copy of it is as good"
                ));
            }
            Self::RunRecord { .. } => "pass the data set with `--dataset NAME|DIR`",
            Self::Label { .. } => return None,
            Self::OwnTestSplit { .. } => "leave `--test-fraction` out",
            Self::Fraction { .. } => "pass a share such as 0.2",
        };
        Some(hint.into())
    }

    /// For `map_err`: an I/O error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

impl From<fetch::FetchError> for DatasetError {
    fn from(error: fetch::FetchError) -> Self {
        use fetch::FetchError;
        match error {
            FetchError::Io {
                action,
                path,
                source,
            } => Self::Io {
                action,
                path,
                source,
            },
            FetchError::Status { url, status } => Self::HttpStatus { url, status },
            FetchError::Broken {
                url,
                received,
                reason,
            } => Self::Download {
                url,
                received,
                reason,
            },
            FetchError::Refused { url, reason } => Self::DownloadRefused { url, reason },
            FetchError::InProgress { path } => Self::DownloadInProgress { path },
        }
    }
}

/// The command that fetches CIFAR-100 to where it was looked for.
fn fetch_cifar100(data_dir: &Path) -> String {
    let command = "trainer data fetch cifar100";
    match *data_dir == OpenOptions::default().data_dir {
        true => command.to_owned(),
        false => format!("{command} --data-dir {}", commands::quoted_path(data_dir)),
    }
}
