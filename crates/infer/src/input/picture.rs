//! One picture that is to be decoded.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use dataset::{DatasetError, RgbPixels};

use crate::InferError;

/// Most bytes taken from a stream (a pipe, standard input), which has to be
/// kept in memory: those of a file, 256 MiB.
pub const MAX_STREAM_BYTES: u64 = dataset::MAX_FILE_BYTES;

/// An encoded picture with its name: a file, bytes, or the reason why there is
/// none.
///
/// ```
/// use std::path::Path;
/// use infer::Picture;
///
/// assert_eq!(Picture::file("cat.jpg").name(), Path::new("cat.jpg"));
/// let of_a_stream = Picture::read("-", &b"no image"[..]);
/// assert_eq!(of_a_stream.name(), Path::new("-"));
/// ```
#[derive(Debug)]
pub struct Picture {
    name: PathBuf,
    source: Source,
}

#[derive(Debug)]
enum Source {
    File,
    Bytes(Vec<u8>),
    Missing(InferError),
}

/// A picture as training would see it.
pub(crate) struct Decoded {
    pub pixels: RgbPixels,
    /// Whether it is the first frame of several.
    pub animated: bool,
}

impl Picture {
    /// The file at `path`, which is opened when it is decoded.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            name: path.into(),
            source: Source::File,
        }
    }

    /// The contents of an image file. `name` is for messages.
    pub fn bytes(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            source: Source::Bytes(bytes),
        }
    }

    /// Reads one image file from a stream to its end. `name` is for messages.
    /// A stream that fails or is longer than [`MAX_STREAM_BYTES`] gives a
    /// picture whose answer is the error.
    pub fn read(name: impl Into<PathBuf>, stream: impl Read) -> Self {
        let name = name.into();
        match read_bounded(&name, stream) {
            Ok(bytes) => Self::bytes(name, bytes),
            Err(error) => Self::missing(name, error),
        }
    }

    /// A name for which no picture was found; `error` is its answer.
    pub fn missing(name: impl Into<PathBuf>, error: InferError) -> Self {
        Self {
            name: name.into(),
            source: Source::Missing(error),
        }
    }

    /// The file's path, or the name that was given.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Decodes the picture with [`dataset::decode`], as training does. Returns
    /// its name beside the outcome.
    pub(crate) fn decode(self) -> (PathBuf, Result<Decoded, InferError>) {
        let decoded = match self.source {
            Source::File => decode_file(&self.name),
            Source::Bytes(bytes) => decode(Cursor::new(bytes), &self.name),
            Source::Missing(error) => Err(error),
        };
        (self.name, decoded)
    }
}

fn decode_file(path: &Path) -> Result<Decoded, InferError> {
    let read_error = |error| DatasetError::Io {
        action: "read",
        path: path.to_path_buf(),
        source: error,
    };
    let file = File::open(path).map_err(read_error)?;
    // A named pipe or a shell's <(command) cannot be read twice.
    if file.metadata().map_err(read_error)?.is_file() {
        decode(BufReader::new(file), path)
    } else {
        decode(Cursor::new(read_bounded(path, file)?), path)
    }
}

fn decode(mut reader: impl BufRead + Seek, name: &Path) -> Result<Decoded, InferError> {
    let pixels = dataset::decode(&mut reader, name)?;
    let animated = reader.rewind().is_ok() && dataset::is_animated(reader);
    Ok(Decoded { pixels, animated })
}

fn read_bounded(name: &Path, stream: impl Read) -> Result<Vec<u8>, InferError> {
    let mut bytes = Vec::new();
    stream
        .take(MAX_STREAM_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| DatasetError::Io {
            action: "read",
            path: name.to_path_buf(),
            source,
        })?;
    if bytes.len() as u64 > MAX_STREAM_BYTES {
        return Err(InferError::StreamTooLong {
            name: name.to_path_buf(),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_stream_ends_at_the_limit() {
        let (name, decoded) = Picture::read("-", std::io::repeat(0)).decode();
        assert_eq!(name, Path::new("-"));
        assert!(matches!(decoded, Err(InferError::StreamTooLong { .. })));
    }

    #[test]
    fn a_missing_picture_keeps_its_reason() {
        let error = InferError::NoImages {
            place: "somewhere".into(),
        };
        let (_, decoded) = Picture::missing("somewhere", error).decode();
        assert!(matches!(decoded, Err(InferError::NoImages { .. })));
    }
}
