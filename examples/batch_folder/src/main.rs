//! A batch job: classifies the pictures of a folder and counts the classes.
//!
//! ```text
//! cargo run --release -p example-batch-folder -- MODEL.onnx FOLDER
//! ```

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use infer::{Classifier, FindOptions, PredictOptions, find_pictures, predict};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let [_, model, folder] = args.as_slice() else {
        return Err("usage: example-batch-folder MODEL.onnx FOLDER".into());
    };
    let classifier = Classifier::builder().from_file(Path::new(model))?;
    let classes = &classifier.contract().classes;

    // Decoding and inference run on all cores; no more than a few batches are
    // in memory, however large the folder is.
    let pictures = find_pictures(Path::new(folder), &FindOptions::default());
    let mut counts = BTreeMap::new();
    let options = PredictOptions::default();
    let total = predict(&classifier, pictures, &options, |answer| {
        match &answer.result {
            Ok(classification) => {
                let class = classes[classification.class()].as_str();
                *counts.entry(class).or_insert(0_usize) += 1;
            }
            Err(error) => eprintln!("{error}"),
        }
        ControlFlow::Continue(())
    })?;

    println!("{total} pictures");
    for (class, count) in counts {
        println!("{count:6} {class}");
    }
    Ok(())
}
