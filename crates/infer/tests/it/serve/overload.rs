//! More requests than the model can answer, and SIGTERM in the middle of them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use infer::Classifier;

use super::client::{post, try_request};
use super::process::{Service, digit, digit_png};
use crate::{open, tiny};

#[test]
fn every_request_is_answered_rightly_or_refused_and_the_counts_add_up() {
    // Large pictures keep the one session's worker busy, so that the queue of
    // two is full.
    let service = Service::start(&["--sessions", "1", "--queue", "2", "--max-batch", "1"]);
    let classifier = open(Classifier::builder().sessions(1));
    let digits = tiny::digits().test.unwrap().len();
    let counts = Mutex::new(BTreeMap::<u16, u64>::new());
    let threads = 16;
    thread::scope(|scope| {
        for number in 0..threads {
            let (service, classifier, counts) = (&service, &classifier, &counts);
            scope.spawn(move || {
                for i in (0..digits).skip(number).step_by(threads) {
                    let response = post(service.address, "/classify?top=1", &enlarged(i));
                    match response.status {
                        200 => {
                            let expected = classifier.classify_pixels(&digit(i)).unwrap();
                            let class = &response.json()["top"][0]["index"];
                            assert_eq!(*class, expected.class(), "digit {i}");
                        }
                        503 => assert_eq!(response.header("retry-after"), Some("1")),
                        status => panic!("{status}"),
                    }
                    *counts.lock().unwrap().entry(response.status).or_default() += 1;
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    assert_eq!(counts.values().sum::<u64>(), digits as u64);
    assert!(counts.len() == 2, "{counts:?}");
    assert_eq!(
        service.metric("infer_requests_total", "classified"),
        counts[&200]
    );
    assert_eq!(
        service.metric("infer_requests_total", "overloaded"),
        counts[&503]
    );
    assert_eq!(service.metric("infer_requests_total", ""), digits as u64);
}

/// A digit as a picture of blocks, which is fitted back to the same pixels.
fn enlarged(i: usize) -> Vec<u8> {
    let small = image::load_from_memory(&digit_png(i)).unwrap();
    let large = small.resize_exact(512, 512, image::imageops::FilterType::Nearest);
    let mut file = std::io::Cursor::new(Vec::new());
    large.write_to(&mut file, image::ImageFormat::Bmp).unwrap();
    file.into_inner()
}

#[test]
fn sigterm_under_load_loses_no_answer() {
    let mut service = Service::start(&[]);
    let file = digit_png(0);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            let (address, file, outcomes) = (service.address, &file, &outcomes);
            scope.spawn(move || {
                // A connection is answered, or not made at all, which the client
                // of one that was never accepted sees as a reset.
                let start = Instant::now();
                let error = loop {
                    match try_request(address, "POST", "/classify", &[], file) {
                        Ok(response) => outcomes.lock().unwrap().push(response.status),
                        Err(error) => break error,
                    }
                    assert!(start.elapsed() < Duration::from_secs(20));
                };
                assert_ne!(error.kind(), ErrorKind::UnexpectedEof);
            });
        }
        while outcomes.lock().unwrap().len() < 50 {
            thread::sleep(Duration::from_millis(1));
        }
        service.signal("TERM");
    });
    assert_eq!(service.wait().code(), Some(0));
    let outcomes = outcomes.into_inner().unwrap();
    assert!(outcomes.iter().all(|status| *status == 200), "{outcomes:?}");
}
