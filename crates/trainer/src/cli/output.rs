//! Results, on stdout. The one place of the program that prints there.

use std::io::{self, ErrorKind, Write};

use thiserror::Error;

/// Results that stdout did not take.
#[derive(Debug, Error)]
#[error("cannot write to stdout: {0}")]
pub struct CannotPrint(io::Error);

impl CannotPrint {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("check where the output goes to; everything else was done".to_owned())
    }
}

/// Writes `text` and a line end to stdout. A reader that went away (`| head`) has seen enough, and
/// a stdout that is closed has none: that is no failure.
///
/// # Errors
/// Stdout takes no more, because the disk is full for example.
pub fn print(text: impl AsRef<str>) -> Result<(), CannotPrint> {
    print_to(io::stdout().lock(), text.as_ref().trim_end())
}

fn print_to(mut stdout: impl Write, text: &str) -> Result<(), CannotPrint> {
    check(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// What is to be made of the outcome of writing to stdout: see [`print`].
///
/// # Errors
/// As [`print`].
pub fn check(written: io::Result<()>) -> Result<(), CannotPrint> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CannotPrint(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stdout that takes nothing.
    struct Refuses(ErrorKind);

    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
        print_to(Refuses(ErrorKind::BrokenPipe), "run").unwrap();
        let error = print_to(Refuses(ErrorKind::StorageFull), "run").unwrap_err();
        assert!(error.to_string().starts_with("cannot write to stdout: "));
        let mut taken = Vec::new();
        print_to(&mut taken, "run").unwrap();
        assert_eq!(taken, b"run\n");
    }
}
