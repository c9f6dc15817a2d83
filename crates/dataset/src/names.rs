//! What the names of folders mean: splits, and what stands beside classes without being one.

use std::fmt;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

/// A split that a folder's name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SplitName {
    Train,
    Val,
    Test,
}

impl SplitName {
    /// Every split, in the order that they are used in.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Reads a name: in upper or lower case; of several words, as in `seg_train`, the last one.
    pub fn of(name: &str) -> Option<Self> {
        let last = name
            .rsplit(['_', '-', ' ', '.'])
            .next()?
            .to_ascii_lowercase();
        Some(match last.as_str() {
            "train" | "training" => Self::Train,
            "val" | "valid" | "validation" | "dev" | "eval" => Self::Val,
            "test" | "testing" => Self::Test,
            _ => return None,
        })
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

/// A name in Unicode's form NFC: macOS takes letters and their accents apart (NFD), and others do
/// not.
pub(crate) fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// Most characters of a foreign text that a message repeats.
const SHOWN: usize = 80;

/// A foreign text as it can stand in a line: control characters escaped, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect(),
        false => c.to_string(),
    };
    let mut line: String = text.chars().take(SHOWN).map(escape).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

/// Most names that a line holds.
const LISTED: usize = 5;

/// Says `'a', 'b' and 3 more`.
pub(crate) fn listed(names: &[&String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|name| format!("'{name}'"))
        .collect();
    match (names.len() - shown.len(), shown.as_slice()) {
        (0, [first @ .., last]) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        (0, _) => shown.concat(),
        (more, _) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whether a folder is known to be none of a data set, whatever is in it: left by systems and
/// archivers, or the results of trainer's or Ultralytics' runs.
pub(crate) fn is_litter(folder: &Path, name: &str) -> bool {
    const LEFT_BY_SYSTEMS: [&str; 5] = [
        "__MACOSX",
        "@eaDir",
        "lost+found",
        "$RECYCLE.BIN",
        "System Volume Information",
    ];
    LEFT_BY_SYSTEMS.contains(&name) || (name == "runs" && holds_runs(folder))
}

/// Whether there is a run's folder in `folder` or one level below.
fn holds_runs(folder: &Path) -> bool {
    const OF_A_RUN: [&str; 3] = ["run.json", "recipe.toml", "args.yaml"];
    let folders = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect::<Vec<_>>()
    };
    let is_run = |folder: &Path| OF_A_RUN.iter().any(|file| folder.join(file).is_file());
    folders(folder)
        .iter()
        .any(|run| is_run(run) || folders(run).iter().any(|run| is_run(run)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn splits_have_many_names() {
        for (name, split) in [
            ("train", Some(SplitName::Train)),
            ("Training", Some(SplitName::Train)),
            ("seg_train", Some(SplitName::Train)),
            ("VALID", Some(SplitName::Val)),
            ("dev", Some(SplitName::Val)),
            ("flowers-validation", Some(SplitName::Val)),
            ("testing", Some(SplitName::Test)),
            ("test_images", None),
            ("trainer", None),
            ("", None),
        ] {
            assert_eq!(SplitName::of(name), split, "{name}");
        }
    }

    #[test]
    fn letters_are_the_same_in_each_form() {
        assert_eq!(composed("A\u{308}pfel"), "\u{c4}pfel");
        assert_eq!(composed("\u{c4}pfel"), "\u{c4}pfel");
    }

    #[test]
    fn foreign_texts_fit_into_a_line() {
        assert_eq!(shown("a\nb\u{1b}[1m ü"), "a\\nb\\u{1b}[1m ü");
        assert_eq!(shown(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn a_line_lists_a_few_names() {
        let names: Vec<String> = ["a", "b", "c", "d", "e", "f", "g"]
            .map(String::from)
            .to_vec();
        let names: Vec<&String> = names.iter().collect();
        assert_eq!(listed(&names[..1]), "'a'");
        assert_eq!(listed(&names[..2]), "'a' and 'b'");
        assert_eq!(listed(&names[..5]), "'a', 'b', 'c', 'd' and 'e'");
        assert_eq!(listed(&names), "'a', 'b', 'c', 'd', 'e' and 2 more");
    }

    #[test]
    fn runs_is_a_class_unless_it_holds_runs() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        fs::create_dir_all(runs.join("classify/train")).unwrap();
        assert!(!is_litter(&runs, "runs"));
        fs::write(runs.join("classify/train/args.yaml"), "").unwrap();
        assert!(is_litter(&runs, "runs"));
        assert!(is_litter(&root.path().join("__MACOSX"), "__MACOSX"));
    }
}
