//! Which files are pictures: by their names, and by their contents where the name says nothing.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Extensions of the formats that are compiled in, lower case.
pub(crate) const READ: [&str; 16] = [
    "jpg", "jpeg", "jpe", "jfif", "jif", "png", "bmp", "dib", "gif", "webp", "tif", "tiff", "ppm",
    "pgm", "pbm", "pnm",
];

/// Extensions of pictures in formats that are not read, lower case.
const UNREAD: [&str; 30] = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpx", "svg", "svgz", "psd", "xcf", "eps",
    "ico", "tga", "dds", "exr", "hdr", "qoi", "pcx", "dng", "cr2", "cr3", "nef", "arw", "orf",
    "rw2", "raf", "raw", "apng",
];

/// Bytes of a file that tell its format.
const HEAD: usize = 32;

/// A file of a data set's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture that can be decoded, as far as its name or first bytes tell.
    Picture,
    /// A picture in a format that is not read, such as HEIC.
    Unread,
    /// Anything else.
    Other,
}

impl FileKind {
    /// Looks at the extension, in upper or lower case; at the first bytes of a file that has
    /// none or one that names no format.
    pub fn of(path: &Path) -> Self {
        Self::by_name(path).unwrap_or_else(|| {
            let mut head = Vec::with_capacity(HEAD);
            // What is no regular file, such as a pipe, would be waited for.
            let is_read = path.is_file()
                && File::open(path)
                    .and_then(|file| file.take(HEAD as u64).read_to_end(&mut head))
                    .is_ok();
            match is_read {
                true => Self::by_content(&head),
                false => Self::Other,
            }
        })
    }

    /// Looks at the extension alone; `None` where it names no format of pictures.
    fn by_name(path: &Path) -> Option<Self> {
        let extension = extension(path)?;
        let is_in = |known: &[&str]| known.contains(&extension.as_str());
        match (is_in(&READ), is_in(&UNREAD)) {
            (true, _) => Some(Self::Picture),
            (_, true) => Some(Self::Unread),
            _ => None,
        }
    }

    /// Looks at the first bytes of a file.
    fn by_content(head: &[u8]) -> Self {
        use image::ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};

        if unread_format(head).is_some() {
            return Self::Unread;
        }
        match image::guess_format(head) {
            // Two letters each, with which texts begin too.
            Ok(Bmp | Pnm) | Err(_) => Self::Other,
            Ok(Jpeg | Png | Gif | WebP | Tiff) => Self::Picture,
            Ok(_) => Self::Unread,
        }
    }
}

/// Names the format of pictures that a file with these first bytes is in, if it is one that is
/// not read.
pub(crate) fn unread_format(head: &[u8]) -> Option<&'static str> {
    // ISO base media files: a box `ftyp` with the brand (ISO/IEC 23008-12, AVIF 1.1).
    if head.get(4..8) == Some(b"ftyp") {
        return match head.get(8..12)? {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1" => Some("HEIC"),
            b"crx " => Some("CR3"),
            b"jp2 " => Some("JPEG 2000"),
            _ => None,
        };
    }
    [
        (&b"\xff\x0a"[..], "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS", "Photoshop"),
        (b"<svg", "SVG"),
        (b"%PDF-", "PDF"),
    ]
    .into_iter()
    .find_map(|(magic, name)| head.starts_with(magic).then_some(name))
}

/// A file's extension in lower case.
pub(super) fn extension(path: &Path) -> Option<String> {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_and_contents_tell_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (name, bytes, kind) in [
            ("a.JPG", &b""[..], FileKind::Picture),
            ("a.jfif", b"", FileKind::Picture),
            ("a.HEIC", b"", FileKind::Unread),
            ("a.svg", b"", FileKind::Unread),
            ("no_extension", jpeg, FileKind::Picture),
            ("1234.jpg_large", jpeg, FileKind::Picture),
            ("IMG.1", heic, FileKind::Unread),
            ("notes", b"BMW is a car", FileKind::Other),
            ("P1.txt", b"P1 is a name", FileKind::Other),
            ("empty", b"", FileKind::Other),
            ("labels.csv", b"file,label\n", FileKind::Other),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            assert_eq!(FileKind::of(&path), kind, "{name}");
        }
        assert_eq!(FileKind::of(&folder.path().join("gone")), FileKind::Other);
        assert_eq!(FileKind::of(folder.path()), FileKind::Other);
    }

    #[test]
    fn formats_that_are_not_read_have_names() {
        assert_eq!(unread_format(b"\0\0\0\x1cftypavif\0\0"), Some("AVIF"));
        assert_eq!(unread_format(b"\0\0\0\x1cftypmp42\0\0"), None);
        assert_eq!(unread_format(b"\0\0\0\x1cftyp"), None);
        assert_eq!(unread_format(b""), None);
    }
}
