//! Local archives and folders, whole and broken.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tar::EntryType;
use tempfile::TempDir;

use super::*;

/// A data folder with an archive of these bytes beside it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(archive: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("local.tar.gz"), archive).unwrap();
        Self { folder }
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("local.tar.gz")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn open(&self) -> Result<Dataset, DatasetError> {
        open_in(&self.data(), Some(&self.archive()))
    }

    /// The message of a failure, which must leave nothing behind.
    fn error(&self) -> String {
        let error = self.open().unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        let left: Vec<_> = fs::read_dir(self.data()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        let text = error.to_string();
        assert!(!text.contains('\n'), "{text}");
        text.replace(&self.archive().display().to_string(), "ARCHIVE")
    }
}

#[test]
fn archive_and_folder_give_the_same_data_set() {
    let place = Place::new(&archive(&files()));
    let folder = place.folder.path().join("elsewhere/cifar-100-binary");
    write_folder(&folder, &files());
    let of_archive = place.open().unwrap();
    let of_folder = open_in(&place.data(), Some(&folder)).unwrap();
    let of_parent = open_in(&place.data(), folder.parent()).unwrap();

    // The documented definition: train.bin, then test.bin.
    let contents = [records(2, 3), records(1, 7)].concat();
    let sha256 = contract::fs::sha256_hex(&contents);
    for dataset in [&of_archive, &of_folder, &of_parent] {
        assert_eq!(dataset.name, "cifar100");
        assert_eq!(dataset.sha256, sha256);
        assert_eq!(dataset.train.labels(), of_archive.train.labels());
        assert_eq!(dataset.train.stored_size(), Some([32, 32]));
    }
    assert_eq!(of_archive.train.len(), 200);
    let test = of_archive.test.unwrap();
    assert_eq!(test.labels(), (0..100).collect::<Vec<_>>());
    let groups = of_archive.superclasses.unwrap();
    assert_eq!(groups.names[19], "coarse_19");
    assert_eq!(groups.of_class, (0..100).map(|c| c / 5).collect::<Vec<_>>());
    assert_eq!(of_archive.classes[99], "fine_99");
    assert_eq!(test.describe(17), "test #17");
    // Record 17 of test.bin: the first bytes of its three planes.
    let record = &records(1, 7)[17 * RECORD + 2..];
    assert_eq!(
        test.image(17).unwrap().pixels[..3],
        [record[0], record[1024], record[2048]]
    );
}

#[test]
fn an_archive_is_extracted_once_and_its_hash_is_shown() {
    let place = Place::new(&archive(&files()));
    let dataset = place.open().unwrap();
    let hash = contract::fs::sha256_file(&place.archive()).unwrap();
    assert!(dataset.notes[0].contains(&hash), "{:?}", dataset.notes);
    let extracted = place
        .data()
        .join(format!("cifar-100-binary-{}", &hash[..16]));
    let before = fs::metadata(extracted.join(TRAIN))
        .unwrap()
        .modified()
        .unwrap();
    place.open().unwrap();
    let after = fs::metadata(extracted.join(TRAIN))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 1);
}

#[test]
fn another_archive_in_the_same_place_is_not_mistaken_for_the_first() {
    let place = Place::new(&archive(&files()));
    let first = place.open().unwrap();
    let changed = files_with(TEST, |bytes| bytes[2] ^= 1);
    fs::write(place.archive(), archive(&changed)).unwrap();
    assert_ne!(place.open().unwrap().sha256, first.sha256);
}

#[test]
fn finds_the_folder_or_the_archive_in_the_data_folder() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join(super::super::ARCHIVE), archive(&files())).unwrap();
    let of_archive = open_in(data.path(), None).unwrap();
    write_folder(&data.path().join(super::super::FOLDER), &files());
    let of_folder = open_in(data.path(), None).unwrap();
    assert_eq!(of_archive.sha256, of_folder.sha256);
    assert!(of_folder.notes.is_empty());
}

#[cfg(unix)]
#[test]
fn the_extracted_folder_is_not_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&archive(&files()));
    place.open().unwrap();
    let folder = fs::read_dir(place.data()).unwrap().next().unwrap().unwrap();
    let usual = fs::metadata(place.data()).unwrap().permissions().mode();
    assert_eq!(folder.metadata().unwrap().permissions().mode(), usual);
}

#[test]
fn truncated_archives() {
    let whole = archive(&files());
    // Nothing; in the gzip header; in the data; in the checksum at the end.
    for length in [0, 5, whole.len() / 2, whole.len() - 3] {
        let place = Place::new(&whole[..length]);
        assert_eq!(
            place.error(),
            "ARCHIVE: the archive is truncated",
            "{length}"
        );
    }
}

#[test]
fn corrupt_archives() {
    let mut flipped = archive(&files());
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0xff);
    let mut checksum = archive(&files());
    let crc = checksum.len() - 8;
    checksum[crc] ^= 1;
    for bytes in [flipped, checksum, b"this is not a gzip file".repeat(9)] {
        let text = Place::new(&bytes).error();
        assert!(
            text.starts_with("ARCHIVE: the archive is corrupt: "),
            "{text}"
        );
    }
}

#[test]
fn missing_members() {
    for member in [TRAIN, TEST, FINE_NAMES, COARSE_NAMES] {
        let mut some = files();
        some.retain(|(name, _)| *name != member);
        let place = Place::new(&archive(&some));
        assert_eq!(place.error(), format!("ARCHIVE: '{member}' is missing"));

        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &some);
        let error = open_in(&place.data(), Some(folder.path())).unwrap_err();
        assert!(
            matches!(error, DatasetError::MissingMember { member: m, .. } if m == member),
            "{error}"
        );
    }
}

#[test]
fn members_that_would_leave_the_folder() {
    for name in ["../train.bin", "cifar-100-binary/../../x", "/etc/x"] {
        let mut members: Vec<(String, Vec<u8>)> = files()
            .into_iter()
            .map(|(name, bytes)| (format!("cifar-100-binary/{name}"), bytes))
            .collect();
        members.push((name.to_owned(), b"evil".to_vec()));
        let members: Vec<_> = members.iter().map(|(n, b)| (n.clone(), &b[..])).collect();
        let place = Place::new(&archive_of(&members, EntryType::Regular));
        assert_eq!(
            place.error(),
            format!("ARCHIVE: archive member '{name}' points outside of the archive's folder")
        );
        assert!(!place.folder.path().join("train.bin").exists());
    }
}

#[test]
fn other_members_are_left_in_the_archive() {
    let mut members: Vec<(String, Vec<u8>)> = files()
        .into_iter()
        .map(|(name, bytes)| (format!("./cifar-100-binary/{name}"), bytes))
        .collect();
    members.push(("cifar-100-binary/file.txt~".into(), b"x".to_vec()));
    members.push(("train.bin".into(), b"not this one".to_vec()));
    let members: Vec<_> = members.iter().map(|(n, b)| (n.clone(), &b[..])).collect();
    let place = Place::new(&archive_of(&members, EntryType::Regular));
    place.open().unwrap();
    let folder = fs::read_dir(place.data()).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_link_in_place_of_a_member() {
    let link = [("cifar-100-binary/train.bin".to_owned(), &b""[..])];
    let place = Place::new(&archive_of(&link, EntryType::Symlink));
    assert_eq!(
        place.error(),
        "ARCHIVE: the archive is corrupt: 'train.bin' is not a regular file"
    );
}

/// Records that rename or enlarge the next member are passed over: `tar` reads them into memory.
#[test]
fn records_before_a_member_change_nothing() {
    let mut members: Vec<(String, Vec<u8>)> = files()
        .into_iter()
        .map(|(name, bytes)| (format!("cifar-100-binary/{name}"), bytes))
        .collect();
    let plain = archive(&files());
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, bytes) in &mut members {
            let record = b"29 path=cifar-100-binary/file\n".repeat(40);
            for (name, kind, bytes) in [
                ("record", kind, &record[..]),
                (name.as_str(), EntryType::Regular, &bytes[..]),
            ] {
                let mut header = Header::new_ustar();
                header.set_path(name).unwrap();
                header.set_entry_type(kind);
                header.set_mode(0o644);
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                tar.append(&header, bytes).unwrap();
            }
        }
        let place = Place::new(&tar.into_inner().unwrap().finish().unwrap());
        let sha256 = place.open().unwrap().sha256;
        assert_eq!(sha256, Place::new(&plain).open().unwrap().sha256);
    }
}

/// Some megabytes that unpack to gigabytes, of a member that is wanted, and of a record that
/// would be read into memory.
#[test]
fn archives_that_unpack_to_too_much() {
    for (name, kind, zeros, expected) in [
        (
            "././@LongLink",
            EntryType::GNULongName,
            (1 << 30) + 1,
            "it unpacks to more than 1073741824 bytes",
        ),
        (
            "cifar-100-binary/test.bin",
            EntryType::Regular,
            1 << 20,
            "'test.bin' is 2147483648 bytes long",
        ),
    ] {
        let mut header = Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(2 << 30);
        header.set_cksum();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(header.as_bytes()).unwrap();
        std::io::copy(&mut std::io::repeat(0).take(zeros), &mut gzip).unwrap();
        let bytes = gzip.finish().unwrap();
        assert!(bytes.len() < 12 << 20, "{}", bytes.len());
        let error = Place::new(&bytes).error();
        assert_eq!(
            error,
            format!("ARCHIVE: the archive is corrupt: {expected}")
        );
    }
}

#[test]
fn broken_contents_name_the_file_in_the_archive() {
    for (name, change, expected) in [
        (
            TEST,
            (|bytes| bytes.truncate(5 * RECORD - 1)) as fn(&mut Vec<u8>),
            "ARCHIVE/test.bin: 15369 bytes is not a positive multiple of the record length 3074",
        ),
        (
            TRAIN,
            |bytes| bytes[3 * RECORD + 1] = 200,
            "ARCHIVE/train.bin: record 3: fine label 200 is out of range 0..=99",
        ),
        (
            TRAIN,
            |bytes| bytes[RECORD] = 20,
            "ARCHIVE/train.bin: record 1: coarse label 20 is out of range 0..=19",
        ),
        (
            TEST,
            |bytes| bytes[9 * RECORD] = 0,
            "ARCHIVE/test.bin: record 9: class 'fine_9' has coarse label 0, an earlier record has 1",
        ),
        (
            TRAIN,
            // Class 42's two records become class 41's (same superclass).
            |bytes| {
                bytes[84 * RECORD + 1] = 41;
                bytes[85 * RECORD + 1] = 41;
            },
            "class 'fine_42' has no image in ARCHIVE/train.bin",
        ),
        (
            FINE_NAMES,
            |bytes| bytes.truncate(bytes.len() - 8),
            "ARCHIVE/fine_label_names.txt: 99 label names, expected 100 different ones",
        ),
        (
            COARSE_NAMES,
            |bytes| {
                let text = String::from_utf8(bytes.clone()).unwrap();
                *bytes = text.replace("coarse_7\n", "coarse_8\n").into_bytes();
            },
            "ARCHIVE/coarse_label_names.txt: 19 label names, expected 20 different ones",
        ),
    ] {
        let place = Place::new(&archive(&files_with(name, change)));
        assert_eq!(place.error(), expected);
    }
}

#[test]
fn a_local_path_that_is_not_there() {
    let error = open_in(Path::new("data"), Some(Path::new("nowhere.tar.gz"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no CIFAR-100 archive or folder at nowhere.tar.gz"
    );
    assert!(error.hint().unwrap().contains("--data-path"));
}
