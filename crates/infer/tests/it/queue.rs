//! `Classifier::classify` and `classify_async`: answers under concurrency, a
//! full queue, deadlines, cancellation, shutdown, events.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat, RgbImage};
use infer::{Classification, Classifier, ClassifierBuilder, Event, InferError, Outcome, Request};
use pollster::block_on;

use crate::{open, tiny};

/// The test digits, and what the model says about each without the queue.
fn digits_and_answers(classifier: &Classifier) -> Vec<(Vec<u8>, Classification)> {
    let test = tiny::digits().test.unwrap();
    (0..test.len())
        .map(|i| {
            let pixels = test.pixels(i).unwrap().to_vec();
            let answer = classifier.classify_pixels(&pixels).unwrap();
            (pixels, answer)
        })
        .collect()
}

/// Whether two answers are the same but for the order of sums in a batch.
fn same(a: &Classification, b: &Classification) -> bool {
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    close(&a.logits, &b.logits) && close(&a.probabilities, &b.probabilities)
}

fn blank() -> Request {
    Request::pixels(vec![0; 8 * 8 * 3])
}

/// Counts events.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<HashMap<String, usize>>>);

impl Counts {
    fn add(&self, event: &Event) {
        let (name, count) = match event {
            Event::Accepted { .. } => ("accepted".to_owned(), 1),
            Event::Overloaded => ("overloaded".to_owned(), 1),
            Event::Batch { images, .. } => ("images".to_owned(), *images),
            Event::Finished {
                outcome,
                waited,
                total,
            } => {
                assert!(waited <= total);
                (outcome.to_string(), 1)
            }
            other => panic!("{other:?}"),
        };
        *self.0.lock().unwrap().entry(name).or_default() += count;
    }

    fn of(&self, name: &str) -> usize {
        self.0.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    fn finished(&self) -> usize {
        Outcome::ALL.iter().map(|o| self.of(&o.to_string())).sum()
    }
}

/// A worker that stops in the hook after its first batch, until it is let go.
struct Gate {
    arrived: Receiver<()>,
    go: Sender<()>,
}

impl Gate {
    /// A classifier of one session whose worker is at the gate, and the future
    /// of the request that led it there.
    fn closed(
        builder: ClassifierBuilder,
        counts: &Counts,
    ) -> (
        Classifier,
        Self,
        impl Future<Output = Result<Classification, InferError>> + use<>,
    ) {
        let (arrive, arrived) = channel();
        let (go, wait) = channel::<()>();
        let (wait, counts) = (Mutex::new(wait), counts.clone());
        let classifier = open(builder.sessions(1).on_event(move |event| {
            counts.add(event);
            if let Event::Batch { .. } = event {
                let _ = arrive.send(());
                // Ends at once when `go` was dropped.
                let _ = wait.lock().unwrap().recv();
            }
        }));
        let first = classifier.classify_async(blank());
        let gate = Self { arrived, go };
        gate.arrived.recv().unwrap();
        (classifier, gate, first)
    }

    fn open(self) {
        drop(self.go);
    }
}

#[test]
fn every_answer_is_that_of_its_image() {
    let counts = Counts::default();
    let count = counts.clone();
    let classifier = open(
        Classifier::builder()
            .sessions(2)
            .max_batch(5)
            .max_wait(Duration::from_micros(200))
            .on_event(move |event| count.add(event)),
    );
    let digits = digits_and_answers(&classifier);
    let threads = 8;
    thread::scope(|scope| {
        for number in 0..threads {
            let (classifier, digits) = (classifier.clone(), &digits);
            scope.spawn(move || {
                for (pixels, expected) in digits.iter().skip(number).step_by(threads) {
                    let request = Request::pixels(pixels.clone());
                    // Blocking and awaiting callers, side by side.
                    let answer = if number % 2 == 0 {
                        classifier.classify(request)
                    } else {
                        block_on(classifier.classify_async(request))
                    };
                    assert!(same(&answer.unwrap(), expected));
                }
            });
        }
    });
    assert_eq!(counts.of("classified"), digits.len());
    assert_eq!(counts.of("accepted"), digits.len());
    assert_eq!(counts.of("images"), digits.len());
}

#[test]
fn pixels_files_and_pictures_give_the_same() {
    let classifier = open(Classifier::builder().sessions(1));
    let pixels = tiny::digits().test.unwrap().pixels(3).unwrap().to_vec();
    let picture = DynamicImage::from(RgbImage::from_raw(8, 8, pixels.clone()).unwrap());
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();

    let expected = classifier.classify_pixels(&pixels).unwrap();
    for request in [
        Request::pixels(pixels),
        Request::encoded(file.into_inner()),
        Request::from(picture),
    ] {
        assert_eq!(classifier.classify(request).unwrap(), expected);
    }
}

#[test]
fn what_waits_is_run_together() {
    let counts = Counts::default();
    let builder = Classifier::builder().max_batch(8);
    let (classifier, gate, first) = Gate::closed(builder, &counts);
    let digits = digits_and_answers_of(&classifier, 16);
    let waiting: Vec<_> = digits
        .iter()
        .map(|(pixels, _)| classifier.classify_async(Request::pixels(pixels.clone())))
        .collect();
    assert_eq!(classifier.waiting(), 16);
    gate.go.send(()).unwrap();
    gate.arrived.recv().unwrap();
    // One image of `first`, eight of the batch that is at the gate now.
    assert_eq!((counts.of("images"), classifier.waiting()), (9, 8));
    gate.open();
    for (answer, (_, expected)) in waiting.into_iter().zip(&digits) {
        assert!(same(&block_on(answer).unwrap(), expected));
    }
    assert!(block_on(first).is_ok());
}

/// As [`digits_and_answers`], from another classifier: this one's is at a gate.
fn digits_and_answers_of(_at_gate: &Classifier, count: usize) -> Vec<(Vec<u8>, Classification)> {
    let mut digits = digits_and_answers(&open(Classifier::builder().sessions(1)));
    digits.truncate(count);
    digits
}

#[test]
fn a_full_queue_refuses_at_once_and_keeps_what_it_has() {
    let counts = Counts::default();
    let builder = Classifier::builder().queue_length(3);
    let (classifier, gate, first) = Gate::closed(builder, &counts);
    let accepted: Vec<_> = (0..3).map(|_| classifier.classify_async(blank())).collect();
    let error = classifier.classify(blank()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the classifier is overloaded: 3 images are waiting"
    );
    assert!(error.hint().is_some());
    assert!(matches!(
        block_on(classifier.classify_async(blank())),
        Err(InferError::Overloaded { length: 3 })
    ));
    gate.open();
    assert!(block_on(first).is_ok());
    for answer in accepted {
        assert!(block_on(answer).is_ok());
    }
    assert!(classifier.classify(blank()).is_ok());
    assert_eq!((counts.of("accepted"), counts.of("overloaded")), (5, 2));
}

#[test]
fn a_deadline_ends_the_wait_and_the_request() {
    let counts = Counts::default();
    let (classifier, gate, first) = Gate::closed(Classifier::builder(), &counts);
    let start = Instant::now();
    let error = classifier
        .classify(blank().timeout(Duration::from_millis(20)))
        .unwrap_err();
    assert!(matches!(error, InferError::DeadlineExceeded), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(20));
    // Its deadline passes while it waits; it is answered when its turn comes.
    let late = classifier.classify_async(blank().deadline(Instant::now()));
    gate.open();
    assert!(matches!(block_on(late), Err(InferError::DeadlineExceeded)));
    assert!(block_on(first).is_ok());
    classifier.shutdown();
    assert_eq!(
        (counts.of("images"), counts.of("deadline_exceeded")),
        (1, 2)
    );
    assert_eq!(counts.finished(), counts.of("accepted"));
}

#[test]
fn a_dropped_future_is_not_run() {
    let counts = Counts::default();
    let (classifier, gate, first) = Gate::closed(Classifier::builder(), &counts);
    drop(classifier.classify_async(blank()));
    let kept = classifier.classify_async(blank());
    gate.open();
    assert!(block_on(kept).is_ok() && block_on(first).is_ok());
    classifier.shutdown();
    assert_eq!((counts.of("images"), counts.of("cancelled")), (2, 1));
}

#[test]
fn shutdown_answers_what_was_accepted_and_nothing_more() {
    let counts = Counts::default();
    let (classifier, gate, first) = Gate::closed(Classifier::builder(), &counts);
    let mut accepted: Vec<_> = (0..20)
        .map(|_| classifier.classify_async(blank()))
        .collect();
    let other = classifier.clone();
    let closing = thread::spawn(move || other.shutdown());
    // Requests are accepted until the queue is closed by the other thread.
    loop {
        let before = counts.of("accepted");
        let answer = classifier.classify_async(blank());
        if counts.of("accepted") == before {
            assert!(matches!(block_on(answer), Err(InferError::ShutDown)));
            break;
        }
        accepted.push(answer);
        thread::sleep(Duration::from_millis(1));
    }
    gate.open();
    closing.join().unwrap();
    assert!(block_on(first).is_ok());
    for answer in accepted {
        assert!(block_on(answer).is_ok());
    }
    assert_eq!(counts.finished(), counts.of("accepted"));
    classifier.shutdown();
    assert!(classifier.classify_pixels(&[0; 192]).is_ok());
}

#[test]
fn dropping_the_last_clone_answers_what_was_accepted() {
    let classifier = open(Classifier::builder().sessions(2));
    let accepted: Vec<_> = (0..20)
        .map(|_| classifier.classify_async(blank()))
        .collect();
    drop(classifier);
    for answer in accepted {
        assert!(block_on(answer).is_ok());
    }
}

#[test]
fn a_refused_image_leaves_the_others_of_its_batch() {
    let counts = Counts::default();
    let builder = Classifier::builder().max_batch(8).max_pixels(500_000);
    let (classifier, gate, _first) = Gate::closed(builder, &counts);
    let fixture = |name: &str| {
        let path = format!(
            "{}/tests/fixtures/awkward/{name}",
            env!("CARGO_MANIFEST_DIR")
        );
        Request::encoded(std::fs::read(path).unwrap())
    };
    let good = classifier.classify_async(fixture("plain.jpg"));
    let bad: Vec<_> = ["truncated.png", "bomb-memory.png", "empty.jpg", "text.jpg"]
        .map(|name| classifier.classify_async(fixture(name)))
        .into();
    let also_good = classifier.classify_async(blank());
    let wrong_length = classifier.classify_async(Request::pixels(vec![0; 5]));
    gate.open();
    for answer in bad {
        let error = block_on(answer).unwrap_err();
        assert!(error.hint().is_some() && !error.to_string().contains('\n'));
    }
    assert!(block_on(good).is_ok() && block_on(also_good).is_ok());
    assert!(matches!(
        block_on(wrong_length),
        Err(InferError::PixelLength { got: 5, .. })
    ));
    assert_eq!(counts.of("refused"), 4);
    // The one with a wrong length never came into the queue.
    assert_eq!(counts.of("accepted"), 7);
}

#[test]
fn a_panic_in_the_hook_loses_no_request() {
    let classifier = open(
        Classifier::builder()
            .sessions(1)
            .on_event(|_| panic!("on purpose")),
    );
    for _ in 0..3 {
        assert!(classifier.classify(blank()).is_ok());
    }
}

#[test]
fn a_warm_classifier_answers_as_a_cold_one() {
    let cold = open(Classifier::builder().sessions(2));
    let warm = open(Classifier::builder().sessions(2).warm_up(true));
    assert_eq!(
        cold.classify(blank()).unwrap(),
        warm.classify(blank()).unwrap()
    );
}
