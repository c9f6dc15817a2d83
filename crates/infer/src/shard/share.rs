//! Which share of an evaluation.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most shards of an evaluation.
const MAX_COUNT: usize = 65_535;

/// One of several shares of an evaluation, written `1/3`: the first of three.
///
/// ```
/// use infer::Shard;
///
/// let shard: Shard = "2/3".parse().expect("the second of three");
/// assert_eq!((shard.number(), shard.count()), (2, 3));
/// // Ten images in batches of four: batches 0, 1 and 2 are a shard's each.
/// assert_eq!(shard.range(10, 4), 4..8);
/// assert!("0/3".parse::<Shard>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    number: usize,
    count: usize,
}

/// A text that names no [`Shard`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shard, expected NUMBER/COUNT, from 1/COUNT to COUNT/COUNT")]
pub struct ParseShardError(String);

impl Shard {
    /// Which one, counted from 1.
    pub fn number(self) -> usize {
        self.number
    }

    /// Of how many, from 1 to 65 535.
    pub fn count(self) -> usize {
        self.count
    }

    /// The positions of its images among `images` that run in batches of
    /// `batch_size` (0 counts as 1). It begins and ends between two batches; the
    /// shards' batches differ by one at most, so with few images some have none.
    pub fn range(self, images: usize, batch_size: usize) -> Range<usize> {
        let batch_size = batch_size.clamp(1, images.max(1));
        let batches = images.div_ceil(batch_size);
        let edge = |shards: usize| (shards * batches / self.count * batch_size).min(images);
        edge(self.number - 1)..edge(self.number)
    }
}

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('/').and_then(|(number, count)| {
            let [number, count] = [number, count].map(|part| part.parse().ok());
            Some(Self {
                number: number?,
                count: count?,
            })
        });
        parsed
            .filter(|shard| (1..=shard.count).contains(&shard.number) && shard.count <= MAX_COUNT)
            .ok_or_else(|| ParseShardError(text.to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl TryFrom<String> for Shard {
    type Error = ParseShardError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_shard() {
        for text in [
            "", "1", "1/", "/1", "0/1", "2/1", "-1/2", "1/2/3", "1/65536", "1 /2",
        ] {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn shards_cover_all_images_once_in_whole_batches(
            images in 0..10_000_usize,
            batch_size in 0..300_usize,
            count in 1..50_usize,
        ) {
            let mut next = 0;
            let mut sizes = Vec::new();
            for number in 1..=count {
                let range = Shard { number, count }.range(images, batch_size);
                prop_assert_eq!(range.start, next);
                prop_assert!(range.end == images || range.end.is_multiple_of(batch_size.max(1)));
                next = range.end;
                sizes.push(range.len().div_ceil(batch_size.clamp(1, images.max(1))));
            }
            prop_assert_eq!(next, images);
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            prop_assert!(most - least <= 1);
        }

        #[test]
        fn the_text_reads_back(count in 1..=MAX_COUNT, number: prop::sample::Index) {
            let shard = Shard { number: number.index(count) + 1, count };
            prop_assert_eq!(shard.to_string().parse(), Ok(shard));
        }
    }
}
