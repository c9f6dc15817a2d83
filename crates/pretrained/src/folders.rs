//! Where weights are kept.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use contract::places;

use crate::find_default;

/// Folder of weights in the current folder and in a checkout.
const FOLDER: &str = "models";
/// The same in the user's data folder.
const USER_FOLDER: &str = "trainer/models";

/// Folders that weights are looked for in, and where new ones go.
///
/// One that somebody named stands alone. Else `models` of the current folder, of the checkout
/// in whose `target/` the program lies, and `trainer/models` of the user's data folder: a
/// program that is called from a folder of photos finds what was fetched before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelsFolders {
    /// In the order in which they are looked at; never empty.
    folders: Vec<PathBuf>,
    named: bool,
}

impl ModelsFolders {
    /// Returns the folder `named`, else those of this process.
    #[must_use]
    pub fn new(named: Option<&Path>) -> Self {
        match named {
            Some(folder) => Self {
                folders: vec![folder.to_path_buf()],
                named: true,
            },
            None => Self::of(places::program().as_deref(), places::user_data()),
        }
    }

    fn of(program: Option<&Path>, user_data: Option<PathBuf>) -> Self {
        let mut folders = vec![PathBuf::from(FOLDER)];
        let checkout = program.and_then(places::checkout_of);
        folders.extend(checkout.map(|checkout| checkout.join(FOLDER)));
        folders.extend(user_data.map(|folder| folder.join(USER_FOLDER)));
        Self {
            folders,
            named: false,
        }
    }

    /// Returns the folder that somebody named.
    #[must_use]
    pub fn named(&self) -> Option<&Path> {
        self.named.then(|| &*self.folders[0])
    }

    /// Returns the weights to use when none were asked for: those of the first folder in which
    /// [`find_default`] finds some.
    #[must_use]
    pub fn find_default(&self) -> Option<PathBuf> {
        self.folders.iter().find_map(|folder| find_default(folder))
    }

    /// Returns the first folder that holds a file `name`.
    #[must_use]
    pub fn holding(&self, name: &str) -> Option<&Path> {
        let mut folders = self.folders.iter().map(PathBuf::as_path);
        folders.find(|folder| folder.join(name).is_file())
    }

    /// Returns where new weights go: the first folder that is there, else the last one.
    ///
    /// Without a checkout that is the user's data folder, so that nothing appears among
    /// somebody's photos.
    #[must_use]
    pub fn for_new(&self) -> &Path {
        let mut folders = self.folders.iter();
        let there = folders.find(|folder| folder.is_dir());
        there
            .or(self.folders.last())
            .map_or(Path::new(FOLDER), PathBuf::as_path)
    }
}

impl fmt::Display for ModelsFolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, folder) in self.folders.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}'{}'", folder.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CONVERTED_FILE;

    #[test]
    fn a_program_called_from_elsewhere_finds_the_weights_of_its_checkout_then_the_user_s() {
        let root = tempfile::tempdir().unwrap();
        let checkout = root.path().join("checkout");
        let program = checkout.join("target/release/trainer");
        let share = root.path().join("share");
        std::fs::create_dir_all(checkout.join("models")).unwrap();
        std::fs::write(checkout.join("Cargo.toml"), b"").unwrap();
        let folders = ModelsFolders::of(Some(&program), Some(share.clone()));
        assert_eq!(folders.find_default(), None);
        assert_eq!(folders.for_new(), checkout.join("models"));

        let users = share.join("trainer/models").join(CONVERTED_FILE);
        std::fs::create_dir_all(users.parent().unwrap()).unwrap();
        std::fs::write(&users, b"").unwrap();
        assert_eq!(folders.find_default(), Some(users.clone()));
        assert_eq!(folders.holding(CONVERTED_FILE), users.parent());

        let own = checkout.join("models").join(CONVERTED_FILE);
        std::fs::write(&own, b"").unwrap();
        assert_eq!(folders.find_default(), Some(own));
        let installed = ModelsFolders::of(Some(Path::new("/usr/bin/trainer")), Some(share));
        assert_eq!(installed.find_default(), Some(users));
    }

    #[test]
    fn a_folder_that_was_named_stands_alone() {
        let root = tempfile::tempdir().unwrap();
        let named = root.path().join("weights");
        let folders = ModelsFolders::new(Some(&named));
        assert_eq!(folders.for_new(), named);
        assert_eq!(folders.named(), Some(&*named));
        assert_eq!(folders.to_string(), format!("'{}'", named.display()));
        assert_eq!(ModelsFolders::new(None).named(), None);
    }

    #[test]
    fn an_installed_program_keeps_weights_in_the_user_s_folder() {
        let root = tempfile::tempdir().unwrap();
        let share = root.path().join("share");
        let folders = ModelsFolders::of(Some(Path::new("/usr/bin/trainer")), Some(share.clone()));
        // The tests' own folder, the crate's, has no `models`.
        assert_eq!(folders.for_new(), share.join("trainer/models"));
    }
}
