//! Reading a shard file, an image at a time.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use contract::fs::open_regular;
use serde_json::Value;

use super::header::{VERSION, WITH_CHECKSUM};
use super::line::{ChecksumLine, ImageLine, ShardTimes};
use super::lines::Lines;
use super::{ShardError, ShardHeader};
use crate::Answer;
use crate::error::one_line;
use crate::selection::spaced_index;

/// Which of a shard's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those of the validation split, for the temperature.
    Validation,
    /// Those that are evaluated.
    Evaluated,
}

/// A shard file whose header was read.
///
/// ```
/// # use infer::{Answer, Part, RunFacts, RuntimeFacts, Shard, ShardHeader, ShardTimes,
/// #     ShardWriter, ShardedEvaluation, Validation};
/// use std::path::Path;
/// use infer::{ShardError, ShardReader};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let evaluation = ShardedEvaluation {
/// #     model_sha256: String::new(), preprocessing_sha256: String::new(), classes: 2,
/// #     dataset_sha256: String::new(), split: "test".into(), split_images: 1, limit: None,
/// #     validation: Validation::Evaluated,
/// #     run: RunFacts { provider: "CPUExecutionProvider".into(), sessions: 1, batch_size: 4,
/// #         runtime: RuntimeFacts { path: "lib.so".into(), version: "1.28.0".into() } },
/// # };
/// # let header = ShardHeader::new("1/1".parse()?, evaluation);
/// # let mut writer = ShardWriter::new(Vec::new(), &header)?;
/// # writer.write(&Answer { index: 0, label: 1, logits: &[0.5, 1.0] })?;
/// # let bytes = writer.finish(ShardTimes::default())?;
/// let reader = ShardReader::new(Path::new("1.shard"), bytes.as_slice())?;
/// println!("shard {}", reader.header().shard);
/// reader.read(&mut |part, answer| {
///     println!("{part:?} {}: {:?}", answer.index, answer.logits);
///     Ok::<(), ShardError>(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ShardReader<R> {
    lines: Lines<R>,
    header: ShardHeader,
}

impl ShardReader<BufReader<File>> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`ShardError::Read`], and those of [`ShardReader::new`].
    pub fn open(path: &Path) -> Result<Self, ShardError> {
        let file = open_regular(path).map_err(|source| ShardError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::new(path, BufReader::new(file))
    }
}

impl<R: BufRead> ShardReader<R> {
    /// Reads the header from `reader`, which messages call `path`.
    ///
    /// # Errors
    /// [`ShardError::Read`], [`ShardError::NotAShard`] for anything else than a
    /// shard file, [`ShardError::NewerFormat`].
    pub fn new(path: &Path, reader: R) -> Result<Self, ShardError> {
        let mut lines = Lines::new(path, reader);
        let not_a_shard = |reason: String| ShardError::NotAShard {
            path: path.to_path_buf(),
            // It may quote the file.
            reason: one_line(&reason),
        };
        let Some(line) = lines.next()? else {
            return Err(not_a_shard("it has no whole line".to_owned()));
        };
        // The version first: a newer format may have other fields.
        let document: Value =
            serde_json::from_slice(line).map_err(|error| not_a_shard(error.to_string()))?;
        if let Some(found) = document["version"].as_u64().filter(|&v| v > VERSION.into()) {
            return Err(ShardError::NewerFormat {
                path: path.to_path_buf(),
                found,
                supported: VERSION,
            });
        }
        let header: ShardHeader =
            serde_json::from_value(document).map_err(|error| not_a_shard(error.to_string()))?;
        header.check().map_err(not_a_shard)?;
        Ok(Self { lines, header })
    }

    /// The header.
    pub fn header(&self) -> &ShardHeader {
        &self.header
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.lines.path
    }

    /// Reads all images, which are handed over in order, and the times. Each has
    /// the index that the header's share says. An error of `on_answer` ends it.
    /// A damage may show at the end only: what was handed over counts once this
    /// has returned.
    ///
    /// # Errors
    /// [`ShardError::Read`], [`ShardError::Truncated`], [`ShardError::Line`],
    /// [`ShardError::Damaged`], and those of `on_answer`.
    pub fn read<E: From<ShardError>>(
        mut self,
        on_answer: &mut dyn FnMut(Part, &Answer<'_>) -> Result<(), E>,
    ) -> Result<ShardTimes, E> {
        let evaluation = &self.header.evaluation;
        let (validated, evaluated) = (self.header.validated(), self.header.evaluated());
        let validation_images = match evaluation.validation {
            super::Validation::Images(images) => images,
            _ => 0,
        };
        let expected = validated.len() + evaluated.len();
        let mut images = Images {
            lines: &mut self.lines,
            classes: evaluation.classes,
            found: 0,
            expected,
        };
        let limit = evaluation.limit;
        images.read(validated, validation_images, limit, &mut |answer| {
            on_answer(Part::Validation, answer)
        })?;
        images.read(evaluated, evaluation.split_images, limit, &mut |answer| {
            on_answer(Part::Evaluated, answer)
        })?;
        let Some(times) = self.lines.parse()? else {
            return Err(self.lines.truncated(expected, expected).into());
        };
        self.check(expected)?;
        if !self.lines.at_end()? {
            return Err(self.lines.wrong("a line after the last one").into());
        }
        Ok(times)
    }

    /// Compares the lines with the checksum after them; files of version 1 have none.
    fn check(&mut self, expected: usize) -> Result<(), ShardError> {
        if self.header.version < WITH_CHECKSUM {
            return Ok(());
        }
        let found = self.lines.sha256();
        match self.lines.parse::<ChecksumLine>()? {
            None => Err(self.lines.truncated(expected, expected)),
            Some(line) if line.sha256 != found => Err(ShardError::Damaged {
                path: self.path().to_path_buf(),
            }),
            Some(_) => Ok(()),
        }
    }
}

/// The images of a file, as far as they are read.
struct Images<'a, R> {
    lines: &'a mut Lines<R>,
    classes: usize,
    found: usize,
    expected: usize,
}

impl<R: BufRead> Images<'_, R> {
    /// Reads the images at `positions` among those that `limit` leaves of
    /// `split_images`.
    fn read<E: From<ShardError>>(
        &mut self,
        positions: Range<usize>,
        split_images: usize,
        limit: Option<usize>,
        on_answer: &mut dyn FnMut(&Answer<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for position in positions {
            let Some(line) = self.lines.parse::<ImageLine>()? else {
                return Err(self.lines.truncated(self.found, self.expected).into());
            };
            let index = spaced_index(position, split_images, limit);
            if line.index != index {
                let reason = format!("image {} where {index} is expected", line.index);
                return Err(self.lines.wrong(reason).into());
            }
            if line.label >= self.classes {
                let reason = format!("label {} of {} classes", line.label, self.classes);
                return Err(self.lines.wrong(reason).into());
            }
            let logits = line
                .logits(self.classes)
                .map_err(|reason| self.lines.wrong(reason))?;
            on_answer(&Answer {
                index,
                label: line.label,
                logits: &logits,
            })?;
            self.found += 1;
        }
        Ok(())
    }
}
