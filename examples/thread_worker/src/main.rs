//! Plain threads that share one classifier: each reads paths from standard
//! input and prints what it sees. A full queue makes a thread wait and try
//! again.
//!
//! ```text
//! find photos -name '*.jpg' | cargo run --release -p example-thread-worker -- MODEL.onnx
//! ```

use std::env;
use std::error::Error;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use infer::{Classifier, Event, InferError, Request};

/// More threads than cores: most of them read files or wait for an answer.
const THREADS: usize = 8;
/// Pause before an overloaded classifier is asked again.
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let model = env::args()
        .nth(1)
        .ok_or("usage: example-thread-worker MODEL.onnx")?;
    let classifier = Classifier::builder()
        .queue_length(THREADS / 2)
        .on_event(|event| {
            if let Event::Overloaded = event {
                eprintln!("the queue is full");
            }
        })
        .from_file(Path::new(&model))?;

    thread::scope(|scope| {
        for _ in 0..THREADS {
            let classifier = classifier.clone();
            scope.spawn(move || {
                while let Some(path) = next_path() {
                    match classify(&classifier, &path) {
                        Ok(class) => println!("{path}: {class}"),
                        Err(error) => eprintln!("{path}: {error}"),
                    }
                }
            });
        }
    });
    Ok(())
}

/// The next line of standard input, which the threads take in turn.
fn next_path() -> Option<String> {
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(length) if length > 0 => Some(line.trim_end_matches('\n').to_owned()),
        _ => None,
    }
}

/// The best class of an image file.
fn classify(classifier: &Classifier, path: &str) -> Result<String, Box<dyn Error>> {
    let request = Request::encoded(std::fs::read(path)?);
    let answer = loop {
        match classifier.classify(request.clone()) {
            Err(InferError::Overloaded { .. }) => thread::sleep(PAUSE),
            answer => break answer?,
        }
    };
    Ok(classifier.contract().classes[answer.class()].clone())
}
