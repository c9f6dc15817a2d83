//! What an event file is called.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the name of every event file begins with.
pub const FILE_PREFIX: &str = "events.out.tfevents.";

/// The name of a file that begins at `time` in `folder`:
/// `events.out.tfevents.SECONDS.HOST`. TensorBoard reads a run's files in the
/// order of their names, so it is later than every other one there, whatever
/// the clock says.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn next(folder: &Path, time: SystemTime) -> io::Result<String> {
    let mut seconds = since_epoch(time).as_secs();
    for entry in fs::read_dir(folder)? {
        if let Some(other) = seconds_of(&entry?.file_name().to_string_lossy()) {
            seconds = seconds.max(other.saturating_add(1));
        }
    }
    Ok(format!("{FILE_PREFIX}{seconds:010}.{}", host()))
}

/// Time since 1970; none before.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The seconds in the name of an event file.
fn seconds_of(name: &str) -> Option<u64> {
    let (seconds, _) = name.strip_prefix(FILE_PREFIX)?.split_once('.')?;
    seconds.parse().ok()
}

/// The machine's name, for people: TensorBoard makes no use of it.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok());
    match name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() && !name.contains(['/', '\\']) => name.to_owned(),
        _ => "localhost".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_later_than_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let first = next(folder.path(), time).unwrap();
        assert!(first.starts_with("events.out.tfevents.1700000000."));
        fs::write(folder.path().join("events.out.tfevents.1700000007.a.b"), "").unwrap();
        fs::write(folder.path().join("events.out.tfevents.later"), "").unwrap();
        // The clock went backwards.
        let second = next(folder.path(), time).unwrap();
        assert!(second.starts_with("events.out.tfevents.1700000008."));
    }
}
