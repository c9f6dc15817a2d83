//! An evaluation cut into shares that run on their own, on any machine, and
//! are put together again from their files.
//!
//! A shard file is JSON lines: a [`ShardHeader`], a line for each image with
//! its index, its label and its logits (float32, little-endian, base64: to the
//! last bit), images of the validation split first, a line with the times, and
//! one with the SHA-256 of all lines before it.
//! Shards are cut between batches, so that together they run the very batches
//! of one evaluation, and give its answers bit for bit.

mod error;
mod header;
mod line;
mod lines;
mod read;
mod set;
mod share;
mod write;

pub use error::ShardError;
pub use header::{
    RunFacts, RuntimeFacts, ShardHeader, ShardedEvaluation, Validation, preprocessing_sha256,
};
pub use line::ShardTimes;
pub use read::{Part, ShardReader};
pub use set::ShardSet;
pub use share::{ParseShardError, Shard};
pub use write::ShardWriter;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::Answer;

    const CLASSES: usize = 3;

    /// An image's index, label and logits as bits (NaN is no number).
    type Image = (usize, usize, Vec<u32>);

    fn header(shard: Shard, images: usize, validation: usize, limit: Option<usize>) -> ShardHeader {
        let evaluation = ShardedEvaluation {
            model_sha256: "m".into(),
            preprocessing_sha256: "p".into(),
            classes: CLASSES,
            dataset_sha256: "d".into(),
            split: "test".into(),
            split_images: images,
            limit,
            validation: Validation::Images(validation),
            run: RunFacts {
                provider: "CPUExecutionProvider".into(),
                runtime: RuntimeFacts {
                    path: "lib.so".into(),
                    version: "1.28.0".into(),
                },
                sessions: 2,
                batch_size: 4,
            },
        };
        ShardHeader::new(shard, evaluation)
    }

    /// A file of the images that the header asks for, with logits from `bits`.
    fn file(header: &ShardHeader, bits: &[u32]) -> (Vec<u8>, Vec<Image>) {
        let mut bits = bits.iter().copied().cycle();
        let mut writer = ShardWriter::new(Vec::new(), header).unwrap();
        let mut images = Vec::new();
        let evaluation = &header.evaluation;
        let Validation::Images(validation) = evaluation.validation else {
            unreachable!("see `header`")
        };
        let parts = [
            (header.validated(), validation),
            (header.evaluated(), evaluation.split_images),
        ];
        for (range, split_images) in parts {
            for position in range {
                let index =
                    crate::selection::spaced_index(position, split_images, evaluation.limit);
                let row: Vec<u32> = bits.by_ref().take(CLASSES).collect();
                let logits: Vec<f32> = row.iter().map(|&bits| f32::from_bits(bits)).collect();
                let (label, logits) = (index % CLASSES, logits.as_slice());
                writer
                    .write(&Answer {
                        index,
                        label,
                        logits,
                    })
                    .unwrap();
                images.push((index, label, row));
            }
        }
        let times = ShardTimes {
            validation_seconds: 0.25,
            seconds: 1.5,
        };
        (writer.finish(times).unwrap(), images)
    }

    fn read(bytes: &[u8]) -> Result<(Vec<Image>, ShardTimes), ShardError> {
        let mut images = Vec::new();
        let times = ShardReader::new(Path::new("x.shard"), bytes)?.read(&mut |_, answer| {
            let bits = answer.logits.iter().map(|z| z.to_bits()).collect();
            images.push((answer.index, answer.label, bits));
            Ok::<(), ShardError>(())
        })?;
        Ok((images, times))
    }

    #[test]
    fn what_a_file_is_quoted_with_stays_in_one_line() {
        let (bytes, _) = file(&header("1/1".parse().unwrap(), 1, 0, None), &[0]);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("infer-shard", "a\\nb"),
            ("1/1", "a\\nb"),
            ("images", "a\\nb"),
            ("\"index\"", "\"a\\nb\""),
        ] {
            let error = read(text.replace(from, to).as_bytes()).unwrap_err();
            assert!(!error.to_string().contains('\n'), "{error:?}");
        }
    }

    #[test]
    fn other_logits_than_were_written_are_refused() {
        let (bytes, _) = file(&header("1/1".parse().unwrap(), 2, 0, None), &[0x3f80_0000]);
        let text = String::from_utf8(bytes).unwrap();
        // Base64 of 1.0 three times, and of zeros in the middle.
        let damaged = text.replacen("AACAPwAAgD8AAIA/", "AACAPwAAAAAAAIA/", 1);
        assert_ne!(damaged, text);
        let error = read(damaged.as_bytes()).unwrap_err();
        assert!(matches!(error, ShardError::Damaged { .. }), "{error}");
        assert!(error.hint().contains("evaluate this shard again"));
        // As version 1 wrote them.
        let lines: Vec<&str> = damaged.lines().collect();
        let older = lines[..lines.len() - 1].join("\n") + "\n";
        read(
            older
                .replacen("\"version\":2", "\"version\":1", 1)
                .as_bytes(),
        )
        .unwrap();
    }

    proptest! {
        #[test]
        fn a_file_reads_back_to_the_last_bit_and_no_part_of_it_is_taken_for_it(
            count in 1..5_usize,
            number: prop::sample::Index,
            images in 0..40_usize,
            validation in 0..20_usize,
            limit in prop::option::of(1..50_usize),
            bits in prop::collection::vec(any::<u32>(), 1..20),
            cut: prop::sample::Index,
        ) {
            let shard: Shard = format!("{}/{count}", number.index(count) + 1).parse().unwrap();
            let header = header(shard, images, validation, limit);
            let (bytes, expected) = file(&header, &bits);
            let (found, times) = read(&bytes).unwrap();
            prop_assert_eq!(found, expected);
            prop_assert_eq!((times.validation_seconds, times.seconds), (0.25, 1.5));
            prop_assert!(read(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn no_bit_of_it_changes_unseen(
            bits in prop::collection::vec(any::<u32>(), 1..20),
            at: prop::sample::Index,
            bit in 0..8_u8,
        ) {
            let (mut bytes, _) = file(&header("1/1".parse().unwrap(), 3, 2, None), &bits);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let error = read(&bytes).unwrap_err();
            prop_assert!(!error.to_string().contains('\n'), "{error}");
        }

        #[test]
        fn any_bytes_are_refused_in_one_line(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let error = read(&bytes).unwrap_err();
            prop_assert!(!error.to_string().contains('\n'), "{error}");
            prop_assert!(!error.hint().is_empty());
        }
    }
}
