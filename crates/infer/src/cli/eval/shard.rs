//! The file of `--shard`: one share of the answers, and no report.

use std::io;
use std::path::Path;

use contract::fs::AtomicFile;
use infer::{Part, ShardHeader, ShardTimes, ShardWriter};

use super::answers::AnswerSource;
use super::files;
use crate::cli::Failure;

/// Writes the answers to `path`, whole or not at all.
pub fn write(path: &Path, header: &ShardHeader, answers: &dyn AnswerSource) -> Result<(), Failure> {
    let failed = |error: io::Error| files::cannot_write(path, &error);
    let file = AtomicFile::create(path).map_err(failed)?;
    let mut writer = ShardWriter::new(file, header).map_err(failed)?;
    let mut write = |part| {
        let time = answers.each(part, &mut |answer| writer.write(answer).map_err(failed))?;
        Ok::<f64, Failure>(time.as_secs_f64())
    };
    let mut times = ShardTimes::default();
    if header.evaluation.validation_images() > 0 {
        times.validation_seconds = write(Part::Validation)?;
    }
    times.seconds = write(Part::Evaluated)?;
    let file = writer.finish(times).map_err(failed)?;
    file.commit().map_err(failed)
}
