//! Members of a tar file, plain or behind gzip.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use ::tar::{Archive, Entry, EntryType, PaxExtensions};
use fetch::AtMost;
use flate2::read::MultiGzDecoder;

use super::member::Target;
use crate::DatasetError;
use crate::hash::BUFFER;
use crate::names::shown;

/// Most bytes of a record that names the next member: far longer than a path may be.
const MOST_NAMED: u64 = 1 << 16;

/// Reads through gzip, of several members too, as tools that compress in parallel write.
pub(super) fn gunzip(file: File) -> impl Read {
    MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file))
}

/// Unpacks every regular file.
///
/// Records that rename the next member are read here, within bounds: the library would take
/// into memory whatever length one claims.
pub(super) fn unpack(file: impl Read, target: &mut Target<'_>) -> Result<(), DatasetError> {
    let mut archive = Archive::new(AtMost::new(file, target.limit()));
    let entries = archive
        .entries()
        .map_err(|error| target.unreadable(&error))?;
    let mut next_name = None;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| target.unreadable(&error))?;
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = named(&mut entry, target)?;
                let end = name.iter().position(|&byte| byte == 0);
                next_name = Some(path(&name[..end.unwrap_or(name.len())]));
            }
            EntryType::XHeader => {
                let record = named(&mut entry, target)?;
                next_name = pax_name(&record, target)?.or(next_name);
            }
            EntryType::Regular | EntryType::Continuous => {
                let own = entry.path().map(|path| path.into_owned());
                let own = own.map_err(|error| target.unreadable(&error))?;
                target.write(&next_name.take().unwrap_or(own), &mut entry)?;
            }
            EntryType::Directory => next_name = None,
            EntryType::XGlobalHeader => {}
            other => {
                let name = next_name.unwrap_or_else(|| path(&entry.path_bytes()));
                return Err(target.bad(format!(
                    "'{}' is no regular file (type {:?})",
                    shown(&name.to_string_lossy()),
                    char::from(other.as_byte())
                )));
            }
        }
    }
    // gzip's checksum comes after the tar's end.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink())
        .map(drop)
        .map_err(|error| target.unreadable(&error))
}

/// The contents of a record about the next member.
fn named<R: Read>(entry: &mut Entry<'_, R>, target: &Target<'_>) -> Result<Vec<u8>, DatasetError> {
    if entry.size() > MOST_NAMED {
        return Err(target.bad(format!("a record of {} bytes names a member", entry.size())));
    }
    let mut bytes = Vec::new();
    let read = entry.read_to_end(&mut bytes);
    read.map_err(|error| target.unreadable(&error))?;
    Ok(bytes)
}

/// The `path` in a PAX record (POSIX.1-2001). One that changes the size is not taken: only
/// members of 8 GiB need that.
fn pax_name(record: &[u8], target: &Target<'_>) -> Result<Option<PathBuf>, DatasetError> {
    let mut name = None;
    for extension in PaxExtensions::new(record) {
        let extension = extension.map_err(|error| target.unreadable(&error))?;
        match extension.key_bytes() {
            b"path" => name = Some(path(extension.value_bytes())),
            b"size" => return Err(target.bad("a member is larger than 8 GiB".to_owned())),
            _ => {}
        }
    }
    Ok(name)
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
