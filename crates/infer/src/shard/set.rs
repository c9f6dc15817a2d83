//! The shards of one evaluation.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{Part, ShardError, ShardReader, ShardTimes, ShardedEvaluation};
use crate::error::one_line;
use crate::{Answer, ModelFile};

/// All shards of one evaluation, in order.
#[derive(Debug)]
pub struct ShardSet {
    files: Vec<PathBuf>,
    evaluation: ShardedEvaluation,
}

impl ShardSet {
    /// Opens the files, in any order, and checks by their headers that they are
    /// all shards of one evaluation, each once.
    ///
    /// # Errors
    /// Those of [`ShardReader::open`], [`ShardError::Foreign`],
    /// [`ShardError::Doubled`], [`ShardError::Missing`].
    pub fn open(paths: &[PathBuf]) -> Result<Self, ShardError> {
        let readers = paths
            .iter()
            .map(|path| ShardReader::open(path))
            .collect::<Result<Vec<_>, _>>()?;
        Self::of(&readers)
    }

    fn of(readers: &[ShardReader<BufReader<File>>]) -> Result<Self, ShardError> {
        let Some(first) = readers.first() else {
            return Err(ShardError::Missing {
                missing: vec![1],
                count: 1,
            });
        };
        let count = first.header().shard.count();
        let mut files: Vec<Option<&Path>> = vec![None; count];
        for reader in readers {
            let shard = reader.header().shard;
            let identity = |reader: &ShardReader<_>| {
                let count = reader.header().shard.count().to_string();
                let mut identity = vec![("number of shards", count)];
                identity.extend(reader.header().evaluation.identity());
                identity
            };
            for (found, expected) in identity(reader).into_iter().zip(identity(first)) {
                if found != expected {
                    let other = first.path().display();
                    return Err(ShardError::Foreign {
                        path: reader.path().to_path_buf(),
                        what: found.0,
                        difference: one_line(&format!(
                            "{other}: {}, there {}",
                            found.1, expected.1
                        )),
                    });
                }
            }
            if let Some(other) = files[shard.number() - 1].replace(reader.path()) {
                return Err(ShardError::Doubled {
                    shard,
                    first: other.to_path_buf(),
                    second: reader.path().to_path_buf(),
                });
            }
        }
        let missing: Vec<usize> = (1..=count).filter(|n| files[n - 1].is_none()).collect();
        if !missing.is_empty() {
            return Err(ShardError::Missing { missing, count });
        }
        Ok(Self {
            files: files.into_iter().flatten().map(Path::to_path_buf).collect(),
            evaluation: first.header().evaluation.clone(),
        })
    }

    /// What the shards are shards of; library and sessions are the first's.
    pub fn evaluation(&self) -> &ShardedEvaluation {
        &self.evaluation
    }

    /// Checks that the shards were made with `model`.
    ///
    /// # Errors
    /// [`ShardError::Foreign`] if they were not.
    pub fn check_model(&self, model: &ModelFile) -> Result<(), ShardError> {
        let found = &self.evaluation.model_sha256;
        self.same("model", "the one given", found, &model.sha256())
    }

    /// Checks that the shards were made of a split of `split_images` images of
    /// the data set with this SHA-256.
    ///
    /// # Errors
    /// [`ShardError::Foreign`] if they were not.
    pub fn check_data(&self, sha256: &str, split_images: usize) -> Result<(), ShardError> {
        let found = &self.evaluation.dataset_sha256;
        self.same("data set", "the one given", found, sha256)?;
        let found = self.evaluation.split_images.to_string();
        let other = "the data set given";
        self.same(
            "size of the split",
            other,
            &found,
            &split_images.to_string(),
        )
    }

    fn same(
        &self,
        what: &'static str,
        other: &str,
        found: &str,
        expected: &str,
    ) -> Result<(), ShardError> {
        if found == expected {
            return Ok(());
        }
        Err(ShardError::Foreign {
            path: self.files[0].clone(),
            what,
            difference: one_line(&format!("{other}: {found}, there {expected}")),
        })
    }

    /// Reads the images of one part of all shards, in the split's order; gives
    /// the times, summed over the shards. An error of `on_answer` ends it.
    ///
    /// # Errors
    /// Those of [`ShardReader::read`] and of `on_answer`.
    pub fn read<E: From<ShardError>>(
        &self,
        part: Part,
        on_answer: &mut dyn FnMut(&Answer<'_>) -> Result<(), E>,
    ) -> Result<ShardTimes, E> {
        let mut sum = ShardTimes::default();
        for path in &self.files {
            let times = ShardReader::open(path)?.read(&mut |of, answer| {
                if of == part {
                    on_answer(answer)?;
                }
                Ok::<(), E>(())
            })?;
            sum.validation_seconds += times.validation_seconds;
            sum.seconds += times.seconds;
        }
        Ok(sum)
    }
}
