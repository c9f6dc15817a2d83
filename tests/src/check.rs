//! What a command's outcome is to be.

use std::process::Output;

use serde_json::Value;

/// Stdout of a command that is to succeed.
///
/// # Panics
/// If it did not; shows its stderr.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", show(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one JSON document that a command that is to succeed printed.
///
/// # Panics
/// If it failed or printed anything else.
pub fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

/// Checks that a command failed as it should: exit code `code`, nothing on
/// stdout, and on stderr exactly one line `error: …` with all `parts` in it,
/// followed by one line `hint: …` with all `hint_parts` in it. The error does
/// not say the same thing twice. Other lines (notes, progress) may come before.
///
/// # Panics
/// If anything of that is not so.
pub fn assert_failure(output: &Output, code: i32, parts: &[&str], hint_parts: &[&str]) {
    let shown = show(output);
    assert_eq!(output.status.code(), Some(code), "{shown}");
    assert!(output.stdout.is_empty(), "{shown}");
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!stderr.contains("panicked"), "{shown}");
    let error = only_line(&stderr, "error: ", &shown);
    let hint = only_line(&stderr, "hint: ", &shown);
    let last: Vec<&str> = stderr.lines().rev().take(2).collect();
    assert!(
        last[0].starts_with("hint: ") && last[1].starts_with("error: "),
        "error and hint are not the last lines\n{shown}"
    );
    for part in parts {
        assert!(error.contains(part), "no `{part}` in the error\n{shown}");
    }
    for part in hint_parts {
        assert!(hint.contains(part), "no `{part}` in the hint\n{shown}");
    }
    let causes: Vec<&str> = error.split(": ").collect();
    let repeated =
        (1..causes.len()).find(|&i| causes[i].len() > 3 && causes[..i].contains(&causes[i]));
    assert!(
        repeated.is_none(),
        "the error says the same thing twice\n{shown}"
    );
}

/// Checks that the command line was refused: exit code 2 and an error whose
/// first line has all `parts` in it.
///
/// # Panics
/// If that is not so.
pub fn assert_wrong_usage(output: &Output, parts: &[&str]) {
    let shown = show(output);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(output.stdout.is_empty(), "{shown}");
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let error = only_line(&stderr, "error: ", &shown);
    assert!(stderr.starts_with(error), "{shown}");
    // clap lists the possible values on a line of their own.
    for part in parts {
        assert!(stderr.contains(part), "no `{part}`\n{shown}");
    }
}

fn only_line<'a>(stderr: &'a str, start: &str, shown: &str) -> &'a str {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with(start))
        .collect();
    assert_eq!(lines.len(), 1, "lines that start with `{start}`\n{shown}");
    lines[0]
}

fn show(output: &Output) -> String {
    format!(
        "{}\nstdout:\n{}\nstderr:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
