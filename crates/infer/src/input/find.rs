//! From the words of a command line to pictures: files, folders, patterns.

use std::iter;
use std::path::{Path, PathBuf};

use dataset::folder::FileKind;
use glob::MatchOptions;
use walkdir::{DirEntry, WalkDir};

use super::Picture;
use crate::InferError;

/// How folders are searched.
#[derive(Debug, Clone, Default)]
pub struct FindOptions {
    /// Levels of folders; 1 takes only the files directly in a folder. `None`:
    /// all.
    pub max_depth: Option<usize>,
    /// Also files and folders whose names start with a dot.
    pub hidden: bool,
    /// Also through symbolic links to folders (circles are noticed).
    pub follow_links: bool,
}

/// Pictures one after the other, found while they are asked for.
pub type Pictures = Box<dyn Iterator<Item = Picture> + Send>;

/// The pictures that a word of a command line names:
///
/// - a folder: the image files in it, recognised by their extensions or first bytes
///   ([`FileKind`]), sorted by path; see [`FindOptions`]. Those in formats that are not
///   read, such as HEIC, are among them, so that their answers say so;
/// - what exists, and what holds none of `*?[`: that file, whatever its
///   extension;
/// - else a pattern with `*`, `?`, `[...]` and `**` for any number of folders:
///   every file that matches, and the image files in every folder that does.
///
/// Nothing is opened here. A folder without images, a pattern without match
/// and a folder that cannot be read become pictures whose answer says so.
///
/// ```
/// use std::path::Path;
/// use infer::{FindOptions, find_pictures};
///
/// let pictures = find_pictures(Path::new("tests/fixtures/awkward/*.jpg"), &FindOptions::default());
/// assert!(pictures.count() > 5);
/// ```
pub fn find_pictures(word: &Path, options: &FindOptions) -> Pictures {
    if word.is_dir() {
        return find_in_folder(word, options);
    }
    match word.to_str() {
        Some(pattern) if pattern.contains(['*', '?', '[']) && !word.exists() => {
            matches(pattern, options)
        }
        _ => Box::new(iter::once(Picture::file(word))),
    }
}

/// The image files in a folder, as [`find_pictures`] finds them.
///
/// ```
/// use std::path::Path;
/// use infer::{FindOptions, find_in_folder};
///
/// for picture in find_in_folder(Path::new("tests/fixtures"), &FindOptions::default()) {
///     println!("{}", picture.name().display());
/// }
/// ```
pub fn find_in_folder(folder: &Path, options: &FindOptions) -> Pictures {
    let hidden = options.hidden;
    let walk = WalkDir::new(folder)
        .min_depth(1)
        .max_depth(options.max_depth.unwrap_or(usize::MAX))
        .follow_links(options.follow_links)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(move |entry| hidden || !is_hidden(entry));
    let pictures = walk.filter_map(|entry| match entry {
        Ok(entry) => is_image(&entry).then(|| Picture::file(entry.into_path())),
        Err(error) => {
            let place = error.path().unwrap_or(Path::new("")).to_path_buf();
            let reason = error.into_io_error().map_or_else(
                || "the links form a circle".to_owned(),
                |error| error.to_string(),
            );
            let error = InferError::Search {
                place: place.clone(),
                reason,
            };
            Some(Picture::missing(place, error))
        }
    });
    or_no_images(folder.to_path_buf(), pictures)
}

/// The files that match a pattern, folders searched.
fn matches(pattern: &str, options: &FindOptions) -> Pictures {
    let place = PathBuf::from(pattern);
    let glob_options = MatchOptions {
        require_literal_leading_dot: !options.hidden,
        ..MatchOptions::new()
    };
    let paths = match glob::glob_with(pattern, glob_options) {
        Ok(paths) => paths,
        Err(error) => {
            let error = InferError::Search {
                place: place.clone(),
                reason: error.to_string(),
            };
            return Box::new(iter::once(Picture::missing(place, error)));
        }
    };
    let options = options.clone();
    let pictures = paths.flat_map(move |path| -> Pictures {
        match path {
            Ok(path) if path.is_dir() => find_in_folder(&path, &options),
            Ok(path) => Box::new(iter::once(Picture::file(path))),
            Err(error) => {
                let place = error.path().to_path_buf();
                let error = InferError::Search {
                    place: place.clone(),
                    reason: error.error().to_string(),
                };
                Box::new(iter::once(Picture::missing(place, error)))
            }
        }
    });
    or_no_images(place, pictures)
}

/// The pictures, or if there are none, one that says so.
fn or_no_images(
    place: PathBuf,
    pictures: impl Iterator<Item = Picture> + Send + 'static,
) -> Pictures {
    let mut pictures = pictures.peekable();
    let none = || {
        let error = InferError::NoImages {
            place: place.clone(),
        };
        Picture::missing(place.clone(), error)
    };
    let none = pictures.peek().is_none().then(none);
    Box::new(pictures.chain(none))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// A link to a file counts as the file, also where links to folders are not
/// followed.
fn is_image(entry: &DirEntry) -> bool {
    let path = entry.path();
    path.is_file() && FileKind::of(path) != FileKind::Other
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A folder of empty files.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "b.png",
            "a.JPG",
            "notes.txt",
            ".hidden.png",
            "deep/er/c.png",
            "deep/d.webp",
            ".cache/e.png",
            "[x].png",
            "none/readme.md",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        folder
    }

    /// What is found, relative to the folder; `!` in front of what is missing.
    fn found(folder: &TempDir, word: &str, options: &FindOptions) -> Vec<String> {
        find_pictures(&folder.path().join(word), options)
            .map(|picture| {
                let (name, answer) = picture.decode();
                let name = name.strip_prefix(folder.path()).unwrap().to_str().unwrap();
                match answer {
                    Err(InferError::NoImages { .. } | InferError::Search { .. }) => {
                        format!("!{name}")
                    }
                    _ => name.to_owned(),
                }
            })
            .collect()
    }

    #[test]
    fn formats_that_are_not_read_are_found_too() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.HEIC"), b"").unwrap();
        assert_eq!(found(&folder, "", &FindOptions::default()), ["a.HEIC"]);
    }

    #[test]
    fn a_folder_gives_its_images_sorted_at_any_depth() {
        let folder = folder();
        let all = found(&folder, "", &FindOptions::default());
        assert_eq!(
            all,
            ["[x].png", "a.JPG", "b.png", "deep/d.webp", "deep/er/c.png",]
        );
    }

    #[test]
    fn depth_and_hidden_files_are_options() {
        let folder = folder();
        let flat = FindOptions {
            max_depth: Some(1),
            ..FindOptions::default()
        };
        assert_eq!(found(&folder, "deep", &flat), ["deep/d.webp"]);
        let hidden = FindOptions {
            hidden: true,
            ..FindOptions::default()
        };
        assert_eq!(
            found(&folder, "", &hidden)[..2],
            [".cache/e.png", ".hidden.png"]
        );
    }

    #[test]
    fn patterns_are_expanded_and_a_file_of_that_name_goes_first() {
        let folder = folder();
        let options = FindOptions::default();
        assert_eq!(found(&folder, "*.png", &options), ["[x].png", "b.png"]);
        assert_eq!(found(&folder, "**/c.png", &options), ["deep/er/c.png"]);
        assert_eq!(found(&folder, "dee?", &options).len(), 2);
        assert_eq!(found(&folder, "[x].png", &options), ["[x].png"]);
        assert_eq!(found(&folder, "notes.txt", &options), ["notes.txt"]);
        assert_eq!(found(&folder, "missing.png", &options), ["missing.png"]);
    }

    #[test]
    fn what_finds_nothing_says_so() {
        let folder = folder();
        let options = FindOptions::default();
        for word in ["none", "*.bmp", "a[.png"] {
            assert_eq!(found(&folder, word, &options), [format!("!{word}")]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_followed_when_asked_and_circles_end() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("deep/circle")).unwrap();
        std::os::unix::fs::symlink("b.png", folder.path().join("z.png")).unwrap();
        let plain = found(&folder, "", &FindOptions::default());
        assert_eq!(plain.len(), 6, "{plain:?}");
        assert!(plain.contains(&"z.png".to_owned()));
        let follow = FindOptions {
            follow_links: true,
            ..FindOptions::default()
        };
        let followed = found(&folder, "", &follow);
        assert!(
            followed.contains(&"!deep/circle".to_owned()),
            "{followed:?}"
        );
    }
}
