//! Where a run had its data from, as `run.json` in the run's folder keeps it. Only that
//! file knows: an exported model travels, and says nothing of anyone's folders.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf, absolute};

use fetch::one_line;
use serde::{Deserialize, Serialize};

use crate::path_text;
use crate::{DatasetError, OpenOptions, Source};

/// The file's name.
const FILE: &str = "run.json";

/// Far more than a contract of thousands of classes takes.
const MOST_BYTES: u64 = 64 << 20;

/// Where a run had its data from. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// A name, or the path of a folder.
    #[serde(with = "path_text")]
    dataset: PathBuf,
    #[serde(default, with = "path_text::optional")]
    data_path: Option<PathBuf>,
    #[serde(with = "path_text")]
    data_dir: PathBuf,
    /// Where the run's folder was: data that moved together with it is found.
    #[serde(
        default,
        with = "path_text::optional",
        skip_serializing_if = "Option::is_none"
    )]
    folder: Option<PathBuf>,
    /// Whether pictures that cannot be decoded are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    skip_broken: bool,
}

/// A run's [`Origin`], and the folder that it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    folder: PathBuf,
    json: Vec<u8>,
    origin: Origin,
    sha256: String,
}

impl Origin {
    /// Keeps what the run in `folder` was told of its data.
    ///
    /// # Errors
    /// The current folder is gone.
    pub fn new(source: &Source, options: &OpenOptions, folder: &Path) -> io::Result<Self> {
        let local = options.local.as_deref();
        Ok(Self {
            dataset: match source {
                Source::Path(path) => absolute(path)?,
                built_in => built_in.to_string().into(),
            },
            data_path: local.map(absolute).transpose()?,
            data_dir: absolute(&options.data_dir)?,
            folder: Some(absolute(folder)?),
            skip_broken: options.skip_broken,
        })
    }

    /// Returns the data set.
    pub fn source(&self) -> Source {
        match self.dataset.to_str() {
            Some(text) => {
                let Ok(source) = text.parse();
                source
            }
            None => Source::Path(self.dataset.clone()),
        }
    }

    /// Returns where the data set was looked for, at the time.
    pub fn options(&self) -> OpenOptions {
        OpenOptions {
            data_dir: self.data_dir.clone(),
            local: self.data_path.clone(),
            skip_broken: self.skip_broken,
            // The contract has it.
            test_fraction: None,
        }
    }

    /// Returns the data set and its place for someone who finds the run in `folder`: if a
    /// place is gone, but data and run lie to each other as they did, they moved together.
    pub fn seen_from(&self, folder: &Path) -> (Source, OpenOptions) {
        let place = |path: &Path| self.place(path, folder);
        let source = match self.source() {
            Source::Path(path) => Source::Path(place(&path)),
            built_in => built_in,
        };
        let options = OpenOptions {
            data_dir: self.data_dir_from(folder),
            local: self.data_path.as_deref().map(place),
            skip_broken: self.skip_broken,
            // The contract has it.
            test_fraction: None,
        };
        (source, options)
    }

    fn place(&self, recorded: &Path, folder: &Path) -> PathBuf {
        // By hand someone may have written a relative one.
        let path = folder.join(recorded);
        if path.exists() {
            return path;
        }
        match self.moved(recorded, folder) {
            Some(moved) if moved.exists() => moved,
            _ => path,
        }
    }

    /// Nothing may have been kept yet: then what it would lie in decides.
    fn data_dir_from(&self, folder: &Path) -> PathBuf {
        let place = self.place(&self.data_dir, folder);
        let could_be = |path: &Path| path.parent().is_some_and(Path::is_dir);
        match self.moved(&self.data_dir, folder) {
            Some(moved) if !could_be(&place) && could_be(&moved) => moved,
            _ => place,
        }
    }

    /// The place that is to `folder` as `recorded` was to the run's old folder.
    fn moved(&self, recorded: &Path, folder: &Path) -> Option<PathBuf> {
        let old = self.folder.as_deref()?;
        let shared = old.ancestors().find(|above| recorded.starts_with(above))?;
        // Everything shares the root.
        shared.parent()?;
        let depth = old.strip_prefix(shared).ok()?.components().count();
        let above = folder.ancestors().nth(depth)?;
        Some(above.join(recorded.strip_prefix(shared).ok()?))
    }

    /// Checks that every path can be shown in a line.
    fn check(&self) -> Result<(), String> {
        let paths = [
            Some(&self.dataset),
            Some(&self.data_dir),
            self.data_path.as_ref(),
            self.folder.as_ref(),
        ];
        let mut paths = paths
            .into_iter()
            .flatten()
            .map(|path| path.display().to_string());
        match paths.find(|path| path.contains(char::is_control)) {
            Some(path) => Err(format!("a path with control characters: {path:?}")),
            None => Ok(()),
        }
    }
}

impl RunRecord {
    /// Reads the record in `folder`; `None` if it holds none.
    ///
    /// # Errors
    /// [`DatasetError::RunRecord`] for a file that cannot be read or is something else.
    pub fn read(folder: &Path) -> Result<Option<Self>, DatasetError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let damaged = |reason: String| DatasetError::RunRecord {
            path: path.clone(),
            reason,
        };
        let mut json = Vec::new();
        let file = File::open(&path).map_err(|error| damaged(error.to_string()))?;
        let read = file.take(MOST_BYTES + 1).read_to_end(&mut json);
        read.map_err(|error| damaged(error.to_string()))?;
        Self::from_json(json, folder).map(Some).map_err(damaged)
    }

    /// Reads a record's JSON, found in `folder`.
    ///
    /// # Errors
    /// Says in one line what is wrong with it.
    pub fn from_json(json: Vec<u8>, folder: &Path) -> Result<Self, String> {
        if json.len() as u64 > MOST_BYTES {
            return Err(format!("it has more than {} MiB", MOST_BYTES >> 20));
        }
        let document: Document = serde_json::from_slice(&json).map_err(|error| one_line(&error))?;
        document.origin.check()?;
        Ok(Self {
            folder: folder.to_owned(),
            json,
            origin: document.origin,
            sha256: document.contract.training.dataset.sha256,
        })
    }

    /// Returns the file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Returns the file's contents: whoever wrote it may have put more into it.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Returns the data set and its place, as [`Origin::seen_from`] does.
    pub fn place(&self) -> (Source, OpenOptions) {
        self.origin.seen_from(&self.folder)
    }

    /// Returns the SHA-256 of the data that the run learnt from.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// As much of the file as is read here.
#[derive(Deserialize)]
struct Document {
    #[serde(flatten)]
    origin: Origin,
    contract: Contract,
}

#[derive(Deserialize)]
struct Contract {
    training: Training,
}

#[derive(Deserialize)]
struct Training {
    dataset: Contents,
}

#[derive(Deserialize)]
struct Contents {
    sha256: String,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A run in `runs/a` of the folder that is given, on its `photos`.
    fn origin(root: &Path) -> Origin {
        let options = OpenOptions {
            data_dir: root.join("data"),
            local: None,
            ..OpenOptions::default()
        };
        let source = Source::Path(root.join("photos"));
        Origin::new(&source, &options, &root.join("runs/a")).unwrap()
    }

    fn folder_of((source, _): (Source, OpenOptions)) -> PathBuf {
        match source {
            Source::Path(path) => path,
            built_in => panic!("{built_in}"),
        }
    }

    #[test]
    fn relative_places_are_kept_as_absolute_ones() {
        let source = Source::Path("photos".into());
        let origin = Origin::new(&source, &OpenOptions::default(), "runs/a".as_ref()).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!(origin.source(), Source::Path(here.join("photos")));
        assert_eq!(origin.options().data_dir, here.join("data"));
        let digits = Origin::new(&Source::Digits, &OpenOptions::default(), "a".as_ref()).unwrap();
        assert_eq!(digits.source(), Source::Digits);
    }

    #[test]
    fn data_is_found_where_it_was_and_where_it_moved_to_with_the_run() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        let origin = origin(&old);
        fs::create_dir_all(old.join("photos")).unwrap();
        // The run alone was moved.
        let elsewhere = root.path().join("elsewhere");
        assert_eq!(folder_of(origin.seen_from(&elsewhere)), old.join("photos"));
        // The project's folder was renamed.
        fs::create_dir_all(new.join("photos")).unwrap();
        fs::remove_dir_all(&old).unwrap();
        let seen = origin.seen_from(&new.join("runs/a"));
        assert_eq!(seen.1.data_dir, new.join("data"));
        assert_eq!(folder_of(seen), new.join("photos"));
        // So was the run's folder in it, and it lies no deeper than before.
        assert_eq!(
            folder_of(origin.seen_from(&new.join("runs/b"))),
            new.join("photos")
        );
        // Gone for good: the old place is what there is to say.
        fs::remove_dir_all(&new).unwrap();
        assert_eq!(
            folder_of(origin.seen_from(&new.join("runs/a"))),
            old.join("photos")
        );
    }

    #[test]
    fn nothing_is_taken_for_moved_that_never_lay_together() {
        let root = tempfile::tempdir().unwrap();
        let mut origin = origin(root.path());
        origin.folder = Some("/somewhere/else/runs/a".into());
        fs::create_dir_all(root.path().join("new/runs/a")).unwrap();
        let moved = origin.moved(&root.path().join("photos"), &root.path().join("new/runs/a"));
        assert_eq!(moved, None);
        origin.folder = None;
        assert_eq!(origin.moved("/a".as_ref(), "/b".as_ref()), None);
    }

    #[test]
    fn a_file_is_read_back_and_what_is_none_is_refused_in_one_line() {
        let root = tempfile::tempdir().unwrap();
        let read = |json: &[u8]| RunRecord::from_json(json.to_vec(), root.path());
        let mut document = serde_json::to_value(origin(root.path())).unwrap();
        document["contract"] =
            serde_json::json!({"version": 99, "training": {"dataset": {"sha256": "ab"}}});
        let json = serde_json::to_vec(&document).unwrap();
        let record = read(&json).unwrap();
        assert_eq!(record.sha256(), "ab");
        assert_eq!(record.json(), json);
        // As a version before wrote it, and as a person might.
        document.as_object_mut().unwrap().remove("folder");
        document["dataset"] = "../photos".into();
        fs::create_dir(root.path().join("run")).unwrap();
        fs::create_dir(root.path().join("photos")).unwrap();
        let record = RunRecord::from_json(
            serde_json::to_vec(&document).unwrap(),
            &root.path().join("run"),
        );
        let found = folder_of(record.unwrap().place());
        assert_eq!(found, root.path().join("run/../photos"));

        for (field, value) in [
            ("dataset", serde_json::json!("/a\n/b")),
            ("data_dir", serde_json::json!("\u{1b}[2J")),
            ("data_path", serde_json::json!(7)),
            ("contract", serde_json::json!({})),
        ] {
            let mut wrong = document.clone();
            wrong[field] = value;
            let reason = read(&serde_json::to_vec(&wrong).unwrap()).unwrap_err();
            assert!(!reason.contains(char::is_control), "{field}: {reason}");
        }
        for json in [&b""[..], b"[]", b"\xff", &json[..json.len() / 2]] {
            assert!(read(json).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_record_that_is_no_file_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(FILE)).unwrap();
        assert_eq!(RunRecord::read(root.path()).unwrap(), None);
    }
}
