//! Members of a ZIP file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ::zip::ZipArchive;
use ::zip::result::ZipError;
use fetch::one_line;

use super::member::Target;
use crate::DatasetError;
use crate::hash::BUFFER;
use crate::names::shown;

/// Unpacks every regular file.
pub(super) fn unpack(file: File, target: &mut Target<'_>) -> Result<(), DatasetError> {
    let file = BufReader::with_capacity(BUFFER, file);
    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(target, &error))?;
    if archive.has_duplicate_names() {
        return Err(target.bad("a member is there twice".to_owned()));
    }
    for i in 0..archive.len() {
        let raw = archive
            .by_index_raw(i)
            .map_err(|error| unreadable(target, &error))?;
        // Windows writes backslashes, against the standard (APPNOTE.TXT 4.4.17).
        let name = raw.name().map(|name| name.replace('\\', "/"));
        let name = name.map_err(|error| unreadable(target, &error))?;
        let (encrypted, link, folder) = (raw.encrypted(), raw.is_symlink(), raw.is_dir());
        drop(raw);
        if encrypted {
            return Err(target.bad(format!("'{}' is encrypted", shown(&name))));
        }
        if link {
            return Err(target.bad(format!("'{}' is a link", shown(&name))));
        }
        if folder || name.ends_with('/') {
            continue;
        }
        let mut member = archive
            .by_index(i)
            .map_err(|error| unreadable(target, &error))?;
        target.write(Path::new(&name), &mut member)?;
    }
    Ok(())
}

fn unreadable(target: &Target<'_>, error: &ZipError) -> DatasetError {
    match error {
        ZipError::Io(error) => target.unreadable(error),
        other => target.bad(one_line(other)),
    }
}
