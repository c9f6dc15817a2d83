//! Archives built here, honest and other.

use std::io::{Cursor, Write};

use ::tar::{Builder, EntryType, Header};
use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

/// A folder with an archive, and one for data sets.
struct Place(TempDir);

impl Place {
    fn new(name: &str, bytes: &[u8]) -> (Self, PathBuf) {
        let place = Self(tempfile::tempdir().unwrap());
        let archive = place.0.path().join(name);
        fs::write(&archive, bytes).unwrap();
        (place, archive)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

fn unpack_bytes(name: &str, bytes: &[u8]) -> Result<(Place, PathBuf), DatasetError> {
    let (place, archive) = Place::new(name, bytes);
    let kind = ArchiveKind::by_content(bytes).unwrap();
    let unpacked = unpack(&archive, kind, &place.data());
    // A refused archive leaves nothing.
    if unpacked.is_err() {
        let left = fs::read_dir(place.data().join("unpacked")).unwrap();
        assert_eq!(left.count(), 0, "{name}");
    }
    Ok((place, unpacked?.folder))
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, contents) in members {
        let mut header = Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        // Not through the library, which refuses names that lead elsewhere.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *contents).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(contents).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const HONEST: [(&str, &[u8]); 4] = [
    ("photos/a/1.jpg", b"one"),
    ("photos/b/2.jpg", b"two"),
    ("photos/b/.hidden.jpg", b"hidden"),
    ("__MACOSX/photos/._1.jpg", b"litter"),
];

fn error(name: &str, bytes: &[u8]) -> String {
    let error = unpack_bytes(name, bytes).map(drop).unwrap_err();
    assert!(error.hint().is_some(), "{error}");
    let text = error.to_string();
    let (_, text) = text.split_once(&format!("{name}: ")).unwrap();
    text.to_owned()
}

#[test]
fn the_folder_that_all_lies_in_comes_out() {
    for (name, bytes) in [
        ("my photos.zip", zip_of(&HONEST)),
        ("my photos.tar", tar_of(&HONEST)),
        ("my photos.tar.gz", gz(&tar_of(&HONEST))),
        ("my photos.TGZ", gz(&tar_of(&HONEST))),
    ] {
        let (place, folder) = unpack_bytes(name, &bytes).unwrap();
        assert!(folder.ends_with("my photos/photos"), "{folder:?}");
        assert_eq!(fs::read(folder.join("b/2.jpg")).unwrap(), b"two");
        assert!(!folder.join("b/.hidden.jpg").exists());
        assert!(!folder.with_file_name("__MACOSX").exists());

        let archive = place.0.path().join(name);
        let kind = ArchiveKind::by_content(&bytes).unwrap();
        assert!(!unpack(&archive, kind, &place.data()).unwrap().is_new);
        // What another process left of a part is begun anew.
        let home = folder.ancestors().nth(2).unwrap();
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        fs::create_dir_all(home.join(".part/a/1.jpg")).unwrap();
        assert!(unpack(&archive, kind, &place.data()).unwrap().is_new);
        assert_eq!(fs::read(folder.join("a/1.jpg")).unwrap(), b"one");
    }
}

#[test]
fn a_split_is_not_left_out() {
    let bytes = zip_of(&[("train/a/1.jpg", b"one"), ("train/b/2.jpg", b"two")]);
    let (_place, folder) = unpack_bytes("x.zip", &bytes).unwrap();
    assert!(folder.join("train/a/1.jpg").is_file());
}

#[test]
fn names_that_are_too_long_for_a_header_are_read() {
    let long = format!("a/{}.jpg", "ü".repeat(120));
    let mut gnu = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o644);
    gnu.append_data(&mut header, &long, &b"one"[..]).unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", long.as_bytes())])
        .unwrap();
    let mut header = Header::new_ustar();
    header.set_path("cut").unwrap();
    header.set_size(3);
    header.set_cksum();
    pax.append(&header, &b"one"[..]).unwrap();
    for tar in [gnu, pax] {
        let (_place, folder) = unpack_bytes("x.tar", &tar.into_inner().unwrap()).unwrap();
        let file = folder.with_file_name(&long);
        assert_eq!(fs::read(file).unwrap(), b"one", "{folder:?}");
    }
}

#[test]
fn members_that_lead_elsewhere_are_refused() {
    for name in ["../x.jpg", "/tmp/x.jpg", "a/../../x.jpg"] {
        let members: [(&str, &[u8]); 2] = [("a/1.jpg", b"one"), (name, b"two")];
        for (archive, bytes) in [("x.zip", zip_of(&members)), ("x.tar", tar_of(&members))] {
            let error = error(archive, &bytes);
            assert!(error.contains("points outside"), "{error}");
        }
    }
    let bytes = zip_of(&[("..\\x.jpg", b"two")]);
    assert!(error("x.zip", &bytes).contains("points outside"));
}

#[test]
fn links_doubled_names_and_encryption_are_refused() {
    let mut tar = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "a/1.jpg", "/etc/passwd")
        .unwrap();
    let link = tar.into_inner().unwrap();
    assert_eq!(
        error("x.tar", &link),
        "'a/1.jpg' is no regular file (type '2')"
    );
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("a/1.jpg", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let link = zip.finish().unwrap().into_inner();
    assert_eq!(error("x.zip", &link), "'a/1.jpg' is a link");

    let twice: [(&str, &[u8]); 2] = [("a/1.jpg", b"one"), ("a/./1.jpg", b"two")];
    for (name, bytes) in [("x.tar", tar_of(&twice)), ("x.zip", zip_of(&twice))] {
        assert_eq!(error(name, &bytes), "'a/./1.jpg' is there twice");
    }

    let mut encrypted = zip_of(&[("a/1.jpg", b"one")]);
    // Bit 0 of the flags, in the member's own header and in the directory.
    let directory = encrypted
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    encrypted[6] |= 1;
    encrypted[directory + 8] |= 1;
    assert_eq!(error("x.zip", &encrypted), "'a/1.jpg' is encrypted");
}

#[test]
fn archives_that_end_early_or_are_damaged_are_refused() {
    let whole = gz(&tar_of(&HONEST));
    let cut = error("x.tar.gz", &whole[..whole.len() - 20]);
    assert_eq!(cut, "it ends before its contents do");
    let mut damaged = whole.clone();
    let end = damaged.len();
    damaged[end - 8] ^= 1;
    assert!(error("x.tar.gz", &damaged).contains("corrupt gzip"));
    let zip = zip_of(&HONEST);
    error("x.zip", &zip[..zip.len() / 2]);
    let mut damaged = zip.clone();
    // The first byte of the first member's contents: its name follows 30 bytes.
    damaged[30 + HONEST[0].0.len()] ^= 0x10;
    error("x.zip", &damaged);
}

#[test]
fn what_unpacks_to_too_much_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut target = Target::new(Path::new("x.zip"), place.path(), 10);
    let mut write = |name: &str| target.write(Path::new(name), &mut [0; 6].as_slice());
    write("a").unwrap();
    let error = write("b").unwrap_err().to_string();
    assert_eq!(error, "x.zip: it unpacks to more than 10 bytes");
    // A record that names the next member is not read, whatever length it claims.
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    let mut target = Target::new(Path::new("x.tar"), place.path(), 1 << 20);
    let error = tar::unpack(&header.as_bytes()[..], &mut target).unwrap_err();
    assert!(error.to_string().contains("names a member"), "{error}");
}

#[test]
fn archives_have_names() {
    for (file, name) in [
        ("/a/photos.tar.gz", "photos"),
        ("photos.v2.zip", "photos.v2"),
        ("photos", "photos"),
        (".zip", "archive"),
        ("..zip", "archive"),
    ] {
        assert_eq!(stem(Path::new(file)), name, "{file}");
    }
}
