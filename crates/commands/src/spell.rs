//! Commands in running text.

use std::borrow::Cow;

use crate::Programs;

/// What a command begins after: a backtick in a sentence, the indentation of an example,
/// a pipe.
const BEFORE: [&str; 3] = ["`", "\n  ", "| "];

impl Programs {
    /// Replaces the programs' names by their calls, wherever a command begins: after a
    /// backtick, after a pipe, and in a line that is indented by two spaces. Scripts of
    /// the project get the path that they have from here.
    pub fn spell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut spelled = Cow::Borrowed(text);
        for (name, call) in self.calls() {
            if name == call {
                continue;
            }
            for before in BEFORE {
                let written = format!("{before}{name} ");
                if spelled.contains(&written) {
                    let replaced = spelled.replace(&written, &format!("{before}{call} "));
                    spelled = Cow::Owned(replaced);
                }
            }
        }
        for (name, path) in self.scripts() {
            if name != path && spelled.contains(name) {
                spelled = Cow::Owned(spelled.replace(name, path));
            }
        }
        spelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_spelled_and_nothing_else_is() {
        let programs = Programs::called("target/release/trainer", "infer");
        for (text, expected) in [
            (
                "run `trainer recipes`, or `infer doctor`",
                "run `target/release/trainer recipes`, or `infer doctor`",
            ),
            (
                "Examples:\n  trainer fit\n  x | trainer y",
                "Examples:\n  target/release/trainer fit\n  x | target/release/trainer y",
            ),
            (
                "`cargo build -p trainer --features cuda`",
                "`cargo build -p trainer --features cuda`",
            ),
            ("a trainer of `trainers`", "a trainer of `trainers`"),
        ] {
            assert_eq!(programs.spell(text), expected);
        }
    }
}
