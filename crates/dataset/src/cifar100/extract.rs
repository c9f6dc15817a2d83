//! Extraction of CIFAR-100's archive: whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path};

use ::fetch::{Member, TarGz, one_line};
use contract::fs::open_regular;
use tempfile::TempDir;

use super::{FOLDER, MAX_UNPACKED, MEMBERS, load};
use crate::DatasetError;
use crate::hash::BUFFER;

/// Extracts the four files of `archive` to the folder `target`, which appears
/// only once they are written, synced and readable as CIFAR-100.
///
/// Members are written under names of our own, so that an archive cannot choose
/// where; one whose name would leave the archive's folder is an error all the
/// same, for no honest archive has it.
pub(super) fn extract(archive: &Path, target: &Path) -> Result<(), DatasetError> {
    let parent = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(DatasetError::io("create", parent))?;
    let temporary = temporary_folder(parent).map_err(DatasetError::io("write to", parent))?;
    unpack(archive, temporary.path())?;
    load::load(temporary.path(), archive)?;
    match fs::rename(temporary.path(), target) {
        Ok(()) => {
            sync_folder(parent);
            Ok(())
        }
        // Another process extracted the same archive in the meantime.
        Err(_) if is_complete(target) => Ok(()),
        Err(error) => Err(DatasetError::io("create", target)(error)),
    }
}

/// Whether all four files are in `folder`.
pub(super) fn is_complete(folder: &Path) -> bool {
    MEMBERS.iter().all(|member| folder.join(member).is_file())
}

/// A folder beside the target, removed if anything fails. It becomes the final
/// folder, so it has a folder's usual permissions, not a temporary one's.
fn temporary_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cifar-100-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent)
}

fn unpack(archive: &Path, folder: &Path) -> Result<(), DatasetError> {
    let broken = |error: io::Error| archive_error(archive, error);
    let file = open_regular(archive).map_err(DatasetError::io("read", archive))?;
    let mut tar = TarGz::new(BufReader::with_capacity(BUFFER, file), MAX_UNPACKED);
    let mut missing = MEMBERS.to_vec();
    for entry in tar.members().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let Some(member) = wanted_member(archive, &entry)? else {
            continue;
        };
        check_member(archive, &entry, member)?;
        write_member(&mut entry, archive, &folder.join(member))?;
        missing.retain(|&name| name != member);
    }
    // The gzip checksum comes after the tar's end: read up to it.
    tar.finish().map_err(broken)?;
    match missing.first() {
        Some(member) => Err(DatasetError::MissingMember {
            path: archive.to_path_buf(),
            member,
        }),
        None => {
            sync_folder(folder);
            Ok(())
        }
    }
}

/// Which of the four files an entry is; `None` for anything else.
fn wanted_member(
    archive: &Path,
    entry: &Member<'_, impl Read>,
) -> Result<Option<&'static str>, DatasetError> {
    let path = entry
        .path()
        .map_err(|error| archive_error(archive, error))?;
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(DatasetError::UnsafeMember {
                    path: archive.to_path_buf(),
                    member: path.display().to_string(),
                });
            }
        }
    }
    Ok(match parts[..] {
        [folder, file] if folder == FOLDER => MEMBERS.into_iter().find(|&member| file == member),
        _ => None,
    })
}

fn check_member(
    archive: &Path,
    entry: &Member<'_, impl Read>,
    member: &str,
) -> Result<(), DatasetError> {
    let reason = if !entry.header().entry_type().is_file() {
        format!("'{member}' is not a regular file")
    } else if entry.size() > MAX_UNPACKED {
        format!("'{member}' is {} bytes long", entry.size())
    } else {
        return Ok(());
    };
    Err(DatasetError::Corrupt {
        path: archive.to_path_buf(),
        reason,
    })
}

/// Not `io::copy`: a failed read is the archive's fault, a failed write (a full
/// disk) is not.
fn write_member(entry: &mut impl Read, archive: &Path, path: &Path) -> Result<(), DatasetError> {
    let mut file = File::create(path).map_err(DatasetError::io("create", path))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => file
                .write_all(&buffer[..n])
                .map_err(DatasetError::io("write", path))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(archive_error(archive, error)),
        }
    }
    file.sync_all().map_err(DatasetError::io("write", path))
}

/// Makes a rename in the folder last; not every system can sync a folder, and
/// the files themselves are synced.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// flate2 reports a stream that stops early as `UnexpectedEof` and a damaged
/// one as `InvalidInput` or `InvalidData`; tar reports a bad header as `Other`.
fn archive_error(archive: &Path, error: io::Error) -> DatasetError {
    let path = archive.to_path_buf();
    match error.kind() {
        io::ErrorKind::UnexpectedEof => DatasetError::Truncated { path },
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
            DatasetError::Corrupt {
                path,
                reason: one_line(&error),
            }
        }
        _ => DatasetError::io("read", archive)(error),
    }
}
