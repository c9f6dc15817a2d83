//! Archives that unpack to far more than they are.

use std::io::{self, Read, Write};

use fetch::TarGz;
use flate2::{Compression, write::GzEncoder};
use tar::{EntryType, Header};

const LIMIT: u64 = 1 << 20;

/// A gzipped tar file with one member of `kind`, which claims `claimed` bytes and has `zeros`.
fn archive(kind: EntryType, claimed: u64, zeros: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path("folder/name").unwrap();
    header.set_entry_type(kind);
    header.set_size(claimed);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    io::copy(&mut io::repeat(0).take(zeros), &mut gzip).unwrap();
    gzip.finish().unwrap()
}

/// Reads all members to their ends; their types and lengths.
fn read(bytes: &[u8]) -> io::Result<Vec<(EntryType, usize)>> {
    let mut archive = TarGz::new(bytes, LIMIT);
    let mut found = Vec::new();
    for member in archive.members()? {
        let mut member = member?;
        let mut contents = Vec::new();
        member.read_to_end(&mut contents)?;
        found.push((member.header().entry_type(), contents.len()));
    }
    archive.finish()?;
    Ok(found)
}

#[test]
fn members_within_the_limit_are_read() {
    let found = read(&archive(EntryType::Regular, 2000, 2048 + 1024)).unwrap();
    assert_eq!(found, [(EntryType::Regular, 2000)]);
}

/// `tar` itself reads such records into memory, whatever their length.
#[test]
fn records_that_rename_or_enlarge_are_members_of_their_own_type() {
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        assert_eq!(
            read(&archive(kind, 512, 512 + 1024)).unwrap(),
            [(kind, 512)]
        );
        assert!(!kind.is_file());
    }
}

#[test]
fn what_unpacks_to_more_ends_at_the_limit() {
    for kind in [
        EntryType::Regular,
        EntryType::GNULongName,
        EntryType::XHeader,
    ] {
        // 8 GiB claimed, 64 MiB there, in less than one.
        let bytes = archive(kind, 8 << 30, 64 << 20);
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        let mut archive = TarGz::new(&bytes[..], LIMIT);
        let mut members = archive.members().unwrap();
        let mut member = members.next().unwrap().unwrap();
        let mut contents = Vec::new();
        let error = member.read_to_end(&mut contents).unwrap_err();
        assert_eq!(error.to_string(), "it unpacks to more than 1048576 bytes");
        assert!(contents.len() as u64 <= LIMIT);
        // A member that is passed over is unpacked too.
        let error = members.next().unwrap().err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
    // After the last member.
    let error = read(&archive(EntryType::Regular, 0, 64 << 20)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}

/// A sparse member of one block may claim any length; its zeros are not made up.
#[test]
fn sparse_members_are_no_longer_than_what_is_stored() {
    let found = read(&archive(EntryType::GNUSparse, 512, 512 + 1024)).unwrap();
    assert_eq!(found, [(EntryType::GNUSparse, 512)]);
    assert!(!EntryType::GNUSparse.is_file());
}
