//! `infer predict`: the top classes of pictures.

mod answer;
mod csv;
mod json;
mod pictures;
mod table;

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infer::{PictureAnswer, PredictOptions};

use super::classifier::{ClassifierArgs, tell_fallback};
use super::{Failure, Verbosity, model, output, progress};
use answer::{FileAnswer, Writer};
use pictures::PictureArgs;

/// Exit code of a run in which some pictures were refused.
const SOME_REFUSED: u8 = 3;

/// What `infer predict --help` ends with.
pub const EXIT_CODES: &str = "\
Exit codes: 0 every image was classified, 1 failure, 2 wrong usage, 3 some images
were refused (an `error:` line each) and all others classified, 130 interrupted.";

/// Arguments of `infer predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    #[command(flatten)]
    pictures: PictureArgs,

    /// ONNX file exported by `trainer`, or the folder of its run.
    #[arg(long, value_name = "FILE|RUN")]
    model: PathBuf,

    /// Classes to show for each image.
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,

    /// Print one JSON document a line and image instead of a table.
    #[arg(long)]
    json: bool,

    /// Print comma-separated values instead of a table, one line a class shown.
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Images a run [default: 64 on a GPU, on the CPU 1 to 16, fewer the
    /// larger the images that the network sees]; answers come when a
    /// run is done.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    #[command(flatten)]
    classifier: ClassifierArgs,
}

/// Runs the command. A picture that is refused does not keep the others from
/// being classified.
pub fn run(args: &PredictArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let pictures = args.pictures.open()?;
    let mut builder = args.classifier.builder();
    if args.pictures.is_one() {
        // More sessions would take time to open and have nothing to do.
        builder = builder.sessions(1);
    }
    let classifier = builder.from_file(&model::file(&args.model)?)?;
    tell_fallback(&classifier, verbosity);
    let classes = &classifier.contract().classes;
    let mut writer: Box<dyn Writer> = if args.json {
        Box::new(json::JsonLines::new())
    } else if args.csv {
        Box::new(csv::Csv::new())
    } else {
        Box::new(table::Table::new(classes))
    };
    let options = PredictOptions {
        batch_size: args.batch_size.map(usize::from),
    };

    let counter = progress::counter(verbosity);
    let mut refused = 0;
    let mut written = Ok(());
    let total = infer::predict(&classifier, pictures, &options, |answer| {
        counter.inc(1);
        counter.suspend(|| tell(&answer, verbosity));
        refused += usize::from(answer.result.is_err());
        written = writer.write(&FileAnswer::new(&answer, classes, args.top.into()));
        match &written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    counter.finish_and_clear();
    let total = total?;
    match written {
        // A reader that went away (`| head`) has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        written => written.map_err(|error| output::cannot_write(&error))?,
    }
    if refused > 0 {
        Failure::new(
            format!("{refused} of {total} images were not classified"),
            "the lines above say why; PNG, JPEG, BMP, GIF, WebP, TIFF and PNM can be read",
        )
        .report();
        return Ok(ExitCode::from(SOME_REFUSED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says on stderr what is odd about a picture.
fn tell(answer: &PictureAnswer, verbosity: Verbosity) {
    match &answer.result {
        Ok(_) if answer.animated => verbosity.note(&format!(
            "{}: an animation, its first frame was classified",
            answer.name.display()
        )),
        Ok(_) => {}
        Err(error) => super::failure::error_line(&error.to_string()),
    }
}
