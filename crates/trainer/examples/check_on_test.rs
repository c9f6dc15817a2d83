//! Compares a checkpoint in burn with its export in ONNX Runtime on 256 images
//! of a data set's test split:
//!
//! ```sh
//! cargo run --release -p trainer --example check_on_test -- CHECKPOINT DATASET [DATA_PATH]
//! ```

use std::{env, error::Error, path::PathBuf};

use dataset::{OpenOptions, Source};
use trainer::{
    checkpoint::Checkpoint,
    export::{self, Gate, Precision},
};

const IMAGES: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(path), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: check_on_test CHECKPOINT DATASET [DATA_PATH]".into());
    };
    let path = PathBuf::from(path);
    let source: Source = name.parse()?;
    let options = OpenOptions {
        local: arguments.next().map(PathBuf::from),
        ..OpenOptions::default()
    };
    let test = dataset::open(&source, &options)?
        .test
        .ok_or("the data set has no test split")?;
    let count = IMAGES.min(test.len());
    let indices: Vec<usize> = (0..count).map(|i| i * test.len() / count).collect();

    let checkpoint = Checkpoint::load(&path)?;
    let config = checkpoint.config(&path)?;
    let bytes = export::to_onnx(&checkpoint, &config, Precision::Fp32).to_bytes();
    let images = test.subset(&indices);
    let check = export::verify(
        &bytes,
        &checkpoint,
        &config,
        &Gate::default(),
        &images,
        None,
        None,
    )?;
    println!("{check:#?}");
    Ok(())
}
