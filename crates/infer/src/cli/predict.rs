//! `infer predict`: the top classes of image files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use image::{DynamicImage, RgbImage};
use infer::{Classification, Classifier};
use serde::Serialize;

use super::classifier::ClassifierArgs;
use super::{Failure, Verbosity, output};

/// Arguments of `infer predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Image files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// ONNX file exported by `trainer`.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,

    /// Classes to show for each file.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,

    /// Print one JSON document instead of a table.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    classifier: ClassifierArgs,
}

/// The answer for one file: `top` or `error`.
#[derive(Serialize)]
struct FileAnswer<'a> {
    file: &'a Path,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top: Vec<ClassAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A class and its probability.
#[derive(Serialize)]
struct ClassAnswer<'a> {
    index: usize,
    class: &'a str,
    probability: f32,
}

/// Runs the command. A file that fails does not keep the others from being
/// classified; it makes the exit code 1.
pub fn run(args: &PredictArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let classifier = args.classifier.open(&args.model, verbosity)?;
    let mut code = ExitCode::SUCCESS;
    let mut answers = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let mut answer = FileAnswer {
            file,
            top: Vec::new(),
            error: None,
        };
        match classify(&classifier, file) {
            Ok(classification) => {
                answer.top = top(&classifier, &classification, args.top.into());
            }
            Err(failure) => {
                code = failure.report();
                answer.error = Some(failure.to_string());
            }
        }
        answers.push(answer);
    }
    if args.json {
        output::print_json(&answers)?;
    } else if answers.iter().any(|answer| answer.error.is_none()) {
        output::print(&table(&answers))?;
    }
    Ok(code)
}

fn classify(classifier: &Classifier, file: &Path) -> Result<Classification, Failure> {
    let picture = dataset::decode_file(file)?;
    let too_large = || {
        Failure::new(
            format!("{}: too large", file.display()),
            "make the picture smaller",
        )
    };
    let (Ok(width), Ok(height)) = (u32::try_from(picture.width), u32::try_from(picture.height))
    else {
        return Err(too_large());
    };
    let rgb = RgbImage::from_raw(width, height, picture.pixels).ok_or_else(too_large)?;
    Ok(classifier.classify_image(&DynamicImage::ImageRgb8(rgb))?)
}

fn top<'a>(
    classifier: &'a Classifier,
    classification: &Classification,
    k: usize,
) -> Vec<ClassAnswer<'a>> {
    let answer = |(index, probability)| ClassAnswer {
        index,
        class: classifier.contract().classes[index].as_str(),
        probability,
    };
    classification.top(k).into_iter().map(answer).collect()
}

fn table(answers: &[FileAnswer]) -> String {
    let mut rows = Vec::new();
    for answer in answers {
        for (rank, class) in answer.top.iter().enumerate() {
            let file = if rank == 0 {
                answer.file.display().to_string()
            } else {
                String::new()
            };
            rows.push(vec![
                file,
                class.class.to_owned(),
                format!("{:.2} %", 100.0 * class.probability),
            ]);
        }
    }
    output::columns(&["File", "Class", "Probability"], rows, 2)
}
