//! The pictures that a table names.

use std::path::{Path, PathBuf};

use crate::folder::{FileKind, READ};

/// A folder that is looked into besides the table's own.
const IMAGES: &str = "images";

/// Looks for pictures by what a table calls them.
#[derive(Debug)]
pub(super) struct Finder {
    root: PathBuf,
    /// Ways from a name to a file, the one that led to the last file first.
    ways: Vec<Way>,
}

/// What is put before and after a name.
#[derive(Debug, Clone)]
struct Way {
    folder: PathBuf,
    extension: &'static str,
}

impl Finder {
    /// Looks in `root`, in a folder called `table` and in one called `images` there.
    pub fn new(root: &Path, table: &str) -> Self {
        let folders = ["", table, IMAGES].map(PathBuf::from);
        let folders = folders
            .into_iter()
            .filter(|folder| folder.as_os_str().is_empty() || root.join(folder).is_dir());
        let extensions = || [""].into_iter().chain(READ);
        let ways = folders.flat_map(|folder| {
            extensions().map(move |extension| Way {
                folder: folder.clone(),
                extension,
            })
        });
        Self {
            root: root.to_path_buf(),
            ways: ways.collect(),
        }
    }

    /// Returns the file called `name`, relative to the root.
    pub fn find(&mut self, name: &str) -> Option<PathBuf> {
        self.find_exactly(name)
            .or_else(|| match name.contains('\\') {
                // Written on Windows.
                true => self.find_exactly(&name.replace('\\', "/")),
                false => None,
            })
    }

    fn find_exactly(&mut self, name: &str) -> Option<PathBuf> {
        if name.is_empty() {
            return None;
        }
        let found = self.ways.iter().position(|way| {
            let path = self.root.join(way.to(name));
            path.is_file() && (way.extension.is_empty() || FileKind::of(&path) != FileKind::Other)
        })?;
        let way = self.ways.remove(found);
        let file = way.to(name);
        self.ways.insert(0, way);
        Some(file)
    }
}

impl Way {
    fn to(&self, name: &str) -> PathBuf {
        // `./a.jpg` and `a.jpg` are one file.
        let name = name.strip_prefix("./").unwrap_or(name);
        match self.extension {
            "" => self.folder.join(name),
            extension => self.folder.join(format!("{name}.{extension}")),
        }
    }
}
