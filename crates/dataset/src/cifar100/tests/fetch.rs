//! Downloads from a server in this process.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use ::fetch::{Client, Patience};
use tempfile::TempDir;

use super::super::fetch::{USER_AGENT, fetch_by};
use super::super::{ARCHIVE, FOLDER, MAX_ARCHIVE};
use super::server::{Server, partial, status, unsatisfiable, whole};
use super::*;
use crate::hash::md5_file;

struct Case {
    data: TempDir,
    archive: Vec<u8>,
    md5: String,
}

impl Case {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let archive = archive(&files());
        let scratch = data.path().join("scratch");
        fs::write(&scratch, &archive).unwrap();
        let md5 = md5_file(&scratch).unwrap();
        fs::remove_file(scratch).unwrap();
        Self { data, archive, md5 }
    }

    fn fetch(&self, url: &str) -> Result<std::path::PathBuf, DatasetError> {
        // Tests do not wait.
        let patience = Patience {
            pause: Duration::from_millis(1),
            ..Patience::default()
        };
        let client = Client::new(USER_AGENT, patience);
        fetch_by(&client, url, &self.md5, self.data.path(), false)
    }

    fn write_part(&self, bytes: &[u8]) {
        fs::write(self.data.path().join(format!("{ARCHIVE}.part")), bytes).unwrap();
    }

    /// The archive and the folder are there and nothing else is.
    fn assert_fetched(&self) {
        let mut names: Vec<_> = fs::read_dir(self.data.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, [FOLDER, ARCHIVE]);
        assert_eq!(
            fs::read(self.data.path().join(ARCHIVE)).unwrap(),
            self.archive
        );
        let dataset = open_in(self.data.path(), None).unwrap();
        assert_eq!(dataset.train.len(), 200);
    }
}

#[test]
fn downloads_checks_and_extracts_once() {
    let case = Case::new();
    let file = case.archive.clone();
    let server = Server::start(move |_, _| whole(&file, file.len()));
    assert_eq!(
        case.fetch(&server.url).unwrap(),
        case.data.path().join(FOLDER)
    );
    case.assert_fetched();
    // Again: nothing to do. Without the folder: extracted, not downloaded.
    case.fetch(&server.url).unwrap();
    fs::remove_dir_all(case.data.path().join(FOLDER)).unwrap();
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn resumes_by_itself_after_breaks() {
    let case = Case::new();
    let file = case.archive.clone();
    let third = file.len() / 3;
    let server = Server::start(move |number, range| match (number, range) {
        (0, None) => whole(&file, third),
        (1, Some(first)) => partial(&file, first, 2 * third),
        (_, Some(first)) => partial(&file, first, file.len()),
        _ => status("400 Bad Request"),
    });
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    let third = third as u64;
    assert_eq!(server.ranges(), [None, Some(third), Some(2 * third)]);
}

#[test]
fn resumes_what_an_earlier_run_left() {
    let case = Case::new();
    let file = case.archive.clone();
    case.write_part(&file[..1000]);
    let server = Server::start(move |_, range| partial(&file, range.unwrap(), file.len()));
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [Some(1000)]);
}

#[test]
fn starts_over_if_the_server_ignores_ranges() {
    let case = Case::new();
    let file = case.archive.clone();
    case.write_part(b"something else entirely");
    let server = Server::start(move |_, _| whole(&file, file.len()));
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [Some(23)]);
}

#[test]
fn a_complete_partial_file_is_taken_as_it_is() {
    let case = Case::new();
    let length = case.archive.len();
    case.write_part(&case.archive);
    let server = Server::start(move |_, _| unsatisfiable(length));
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [Some(length as u64)]);
}

#[test]
fn a_partial_file_that_is_too_long_is_thrown_away() {
    let case = Case::new();
    let file = case.archive.clone();
    case.write_part(&[&file[..], b"more"].concat());
    let server = Server::start(move |_, range| match range {
        Some(_) => unsatisfiable(file.len()),
        None => whole(&file, file.len()),
    });
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [Some(case.archive.len() as u64 + 4), None]);
}

#[test]
fn a_wrong_checksum_is_moved_aside_and_the_next_run_starts_clean() {
    let case = Case::new();
    let file = case.archive.clone();
    let server = Server::start(move |number, _| {
        let mut file = file.clone();
        if number == 0 {
            file[100] ^= 1;
        }
        whole(&file, file.len())
    });
    let error = case.fetch(&server.url).unwrap_err();
    let DatasetError::Checksum {
        expected,
        found,
        moved_to,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(*expected, case.md5);
    assert_eq!(*found, md5_file(moved_to).unwrap());
    let text = error.to_string();
    assert!(text.contains(expected) && text.contains(found), "{text}");
    assert!(error.hint().unwrap().contains("run the command again"));
    fs::remove_file(moved_to).unwrap();

    case.fetch(&server.url).unwrap();
    case.assert_fetched();
    assert_eq!(server.ranges(), [None, None]);
}

#[test]
fn not_found_is_an_error_at_once() {
    let case = Case::new();
    let server = Server::start(|_, _| status("404 Not Found"));
    let error = case.fetch(&server.url).unwrap_err();
    let expected = format!("{}: the server answered with HTTP status 404", server.url);
    assert_eq!(error.to_string(), expected);
    assert_eq!(server.ranges().len(), 1);
    assert_eq!(fs::read_dir(case.data.path()).unwrap().count(), 0);
}

#[test]
fn a_refused_connection_is_an_error_at_once() {
    let case = Case::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    drop(listener);
    let error = case.fetch(&url).unwrap_err();
    assert!(
        matches!(&error, DatasetError::Download { received: 0, .. }),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("network"));
}

#[test]
fn a_server_that_keeps_breaking_is_given_up_and_the_rest_kept() {
    let case = Case::new();
    let file = case.archive.clone();
    let server = Server::start(move |number, range| match (number, range) {
        (0, None) => whole(&file, 1000),
        (_, Some(first)) => partial(&file, first, first as usize),
        _ => status("400 Bad Request"),
    });
    let error = case.fetch(&server.url).unwrap_err();
    assert!(
        matches!(&error, DatasetError::Download { received: 1000, .. }),
        "{error}"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("goes on from where it stopped")
    );
    let part = case.data.path().join(format!("{ARCHIVE}.part"));
    assert_eq!(fs::read(part).unwrap(), case.archive[..1000]);
    assert_eq!(server.ranges().len(), 6);
}

#[test]
fn a_server_in_trouble_is_tried_again() {
    let case = Case::new();
    let file = case.archive.clone();
    let server = Server::start(move |number, range| match (number, range) {
        (0, None) => whole(&file, 1000),
        (1, _) => status("503 Service Unavailable"),
        (_, Some(first)) => partial(&file, first, file.len()),
        _ => status("400 Bad Request"),
    });
    case.fetch(&server.url).unwrap();
    case.assert_fetched();
}

/// An address that sends for ever must not fill the disk.
#[test]
fn an_archive_that_is_too_long_is_refused_at_once() {
    let case = Case::new();
    let server = Server::start(|_, _| {
        let length = MAX_ARCHIVE + 1;
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes()
    });
    let error = case.fetch(&server.url).unwrap_err();
    assert!(
        matches!(error, DatasetError::DownloadRefused { .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("more than the 1073741824 that are taken")
    );
    assert!(error.hint().unwrap().contains("official address"));
    assert_eq!(fs::read_dir(case.data.path()).unwrap().count(), 0);
}

#[test]
fn two_downloads_at_once_do_not_mix() {
    let case = Case::new();
    case.write_part(b"");
    let part = case.data.path().join(format!("{ARCHIVE}.part"));
    let other = fs::File::open(&part).unwrap();
    other.lock().unwrap();
    let error = case.fetch("http://127.0.0.1:1/x").unwrap_err();
    assert!(matches!(error, DatasetError::DownloadInProgress { .. }));
}
