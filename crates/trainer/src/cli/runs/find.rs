//! Folders of runs, found by what is in them.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

/// How deep people sort their runs into folders.
const DEPTH: usize = 6;

/// What `trainer fit` makes first; one of them is left of a run that is damaged.
const MARKS: [&str; 3] = ["recipe.toml", "run.json", "checkpoints"];

/// Finds the runs in and below `folder`. A run's own folders are not searched, and
/// neither are hidden ones; links are followed.
///
/// # Errors
/// `folder` itself cannot be read. What cannot be read below it is left out.
pub fn find_runs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?;
    let mut runs = Vec::new();
    search(folder, DEPTH, &mut HashSet::new(), &mut runs);
    Ok(runs)
}

fn search(folder: &Path, depth: usize, seen: &mut HashSet<PathBuf>, runs: &mut Vec<PathBuf>) {
    // A link may lead back to where it is.
    let Ok(full) = folder.canonicalize() else {
        return;
    };
    if !seen.insert(full) {
        return;
    }
    if MARKS.iter().any(|mark| folder.join(mark).exists()) {
        runs.push(folder.to_owned());
        return;
    }
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let path = entry.path();
        if !is_hidden && path.is_dir() {
            search(&path, depth - 1, seen, runs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_at_any_depth_and_once() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| fs::create_dir_all(root.path().join(path)).unwrap();
        make("a/checkpoints");
        make("sorted/b/checkpoints/run.json");
        make(".hidden/c/checkpoints");
        make("empty");
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path(), root.path().join("sorted/loop")).unwrap();
        let mut found = find_runs(root.path()).unwrap();
        found.sort();
        assert_eq!(found, ["a", "sorted/b"].map(|run| root.path().join(run)));
        let one = root.path().join("a");
        assert_eq!(find_runs(&one).unwrap(), [one]);
        assert!(find_runs(&root.path().join("nowhere")).is_err());
    }
}
