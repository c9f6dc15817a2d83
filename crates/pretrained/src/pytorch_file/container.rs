//! What a PyTorch file may unpack to, looked at before anything is unpacked.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use zip::{CompressionMethod, ZipArchive};

use crate::error::one_line;

/// The most bytes that the pickle of a ZIP container may have (16 MiB); that of EfficientNet-B7
/// has 0.1 MB. Objects in memory take some sixty times as much.
const MAX_PICKLE: u64 = 16 << 20;
/// Where the magic number of a tar file is.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// Checks that the file is no larger inside than outside: `torch.save` compresses nothing.
pub(super) fn check(mut file: &File) -> Result<(), String> {
    let mut head = Vec::new();
    file.take(TAR_MAGIC.end as u64)
        .read_to_end(&mut head)
        .and_then(|_| file.rewind())
        .map_err(one_line)?;
    if head.starts_with(b"PK") {
        check_zip(file)
    } else if head.get(TAR_MAGIC) == Some(&b"ustar"[..]) {
        // A sparse member of one block may claim any length, and is read into memory. No
        // EfficientNet is as old.
        Err("it is a tar file, as PyTorch wrote them until 2017; load and save it anew".into())
    } else {
        Ok(())
    }
}

fn check_zip(file: &File) -> Result<(), String> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(one_line)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(one_line)?;
        if entry.compression() != CompressionMethod::Stored {
            return Err("it is compressed inside, as torch.save never does; save it anew".into());
        }
        let is_pickle = entry.name_raw().ends_with(b"data.pkl");
        if is_pickle && entry.size() > MAX_PICKLE {
            return Err(format!(
                "its pickle has {} bytes, more than the {MAX_PICKLE} that are taken",
                entry.size()
            ));
        }
    }
    Ok(())
}
