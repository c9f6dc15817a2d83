//! Members of a `.tar.gz` archive.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use tar::Archive;

/// A member of an archive: its header and, by [`Read`], its contents.
pub type Member<'a, R> = tar::Entry<'a, AtMost<GzDecoder<R>>>;

/// A gzipped tar file from which no more than a number of bytes are unpacked, whatever it
/// claims: 2 MB of gzip can be 2 GB of zeros.
///
/// Records of GNU and PAX that rename or enlarge the next member are members like others here
/// (of a type that [`is_file`](tar::EntryType::is_file) denies), never read into memory: a member
/// has the name in its own header, which holds 100 bytes, and 255 with the prefix of ustar.
pub struct TarGz<R: Read> {
    archive: Archive<AtMost<GzDecoder<R>>>,
}

impl<R: Read> TarGz<R> {
    /// Opens an archive that may unpack to `limit` bytes, headers included.
    pub fn new(file: R, limit: u64) -> Self {
        Self {
            archive: Archive::new(AtMost::new(GzDecoder::new(file), limit)),
        }
    }

    /// The members, in their order.
    ///
    /// # Errors
    /// Those of reading; [`io::ErrorKind::InvalidData`] for an archive that unpacks to too much.
    pub fn members(&mut self) -> io::Result<impl Iterator<Item = io::Result<Member<'_, R>>>> {
        Ok(self.archive.entries()?.raw(true))
    }

    /// Reads what comes after the last member, up to gzip's checksum.
    ///
    /// # Errors
    /// Those of reading, a wrong checksum among them.
    pub fn finish(self) -> io::Result<()> {
        io::copy(&mut self.archive.into_inner(), &mut io::sink()).map(drop)
    }
}

/// A reader that fails where another gives more than a number of bytes.
pub struct AtMost<R> {
    inner: R,
    limit: u64,
    left: u64,
}

impl<R: Read> AtMost<R> {
    /// Reads up to `limit` bytes from `inner`.
    pub fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            limit,
            left: limit,
        }
    }
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)? as u64;
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                Ok(read as usize)
            }
            None => {
                self.left = 0;
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it unpacks to more than {} bytes", self.limit),
                ))
            }
        }
    }
}
