//! Words for a shell.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

/// Quotes a word of a command, so that a POSIX shell takes it for one.
///
/// ```
/// assert_eq!(commands::quoted("--epochs"), "--epochs");
/// assert_eq!(commands::quoted("[{ kind = 'shift' }]"), "\"[{ kind = 'shift' }]\"");
/// ```
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    // What it refuses, a zero byte, is in no argument.
    shlex::try_quote(&word).map_or_else(|_| word.to_string(), Cow::into_owned)
}

/// Quotes a path, so that a POSIX shell takes it for one word, and no program for a flag.
///
/// ```
/// assert_eq!(commands::quoted_path("runs/digits"), "runs/digits");
/// assert_eq!(commands::quoted_path("Anna's photos"), "\"Anna's photos\"");
/// assert_eq!(commands::quoted_path("-odd"), "./-odd");
/// ```
pub fn quoted_path(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    match path.to_string_lossy().starts_with('-') {
        true => quoted(Path::new(".").join(path)),
        false => quoted(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word_back() {
        for word in [
            "plain",
            "",
            "a b",
            "it's",
            "\"quoted\"",
            "$HOME",
            "`date`",
            "~/x",
            "a\nb",
            "!x",
            "Äpfel",
            "*",
            "back\\slash",
            "-- x",
        ] {
            assert_eq!(shlex::split(&quoted(word)).unwrap(), [word]);
        }
        assert_eq!(shlex::split(&quoted_path("-- x")).unwrap(), ["./-- x"]);
    }
}
