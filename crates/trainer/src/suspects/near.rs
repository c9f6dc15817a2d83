//! Pictures that show the same: recompressed, scaled, slightly cropped, or taken in a burst.

use std::collections::{HashMap, hash_map::Entry};

use dataset::Split;

use super::{rows::Rows, thumbnail::Thumbnail};
use crate::error::TrainError;

/// Two pictures that are nearly the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearCopies {
    /// The one that comes first in the split.
    pub first: usize,
    /// The other one.
    pub second: usize,
    /// Correlation of their pixels where they fit best, up to 1.
    pub similarity: f64,
}

/// Least cosine of two copies' features, the mean of all taken off. On flowers and hymenoptera
/// (README) 240 copies, recompressed, scaled or cropped, had at least 0.705; of 9.3 million pairs
/// of other flowers 11 000 have more, which their pixels are then looked at for.
const ALIKE: f32 = 0.7;

/// Least correlation of two copies' pixels. 238 of those 240 have more, and 25 pairs of flowers,
/// which are nearly the same to the eye.
const THE_SAME: f64 = 0.97;

/// Most pictures that one is compared with by its pixels: those whose features are most alike.
const MOST_COMPARED: usize = 16;

/// Finds pairs of pictures of `split`, whose features have the mean taken off, surest first.
///
/// # Errors
/// A picture cannot be decoded.
pub(super) fn near_copies(centred: &Rows, split: &Split) -> Result<Vec<NearCopies>, TrainError> {
    let pairs = centred.each(|first, similar| {
        let mut alike: Vec<(usize, f32)> = (first + 1..similar.len())
            .map(|second| (second, similar[second]))
            .filter(|(_, cosine)| *cosine >= ALIKE)
            .collect();
        alike.sort_by(|a, b| b.1.total_cmp(&a.1));
        alike.truncate(MOST_COMPARED);
        alike
            .into_iter()
            .map(|(second, _)| second)
            .collect::<Vec<_>>()
    });
    let mut thumbnails = HashMap::new();
    let mut found = Vec::new();
    for (first, others) in pairs.into_iter().enumerate() {
        for second in others {
            // The very same file is no news.
            if split.sha256(first).is_some() && split.sha256(first) == split.sha256(second) {
                continue;
            }
            for image in [first, second] {
                if let Entry::Vacant(place) = thumbnails.entry(image) {
                    place.insert(Thumbnail::of(&split.image(image)?));
                }
            }
            let similarity = thumbnails[&first].similarity(&thumbnails[&second]);
            if similarity >= THE_SAME {
                found.push(NearCopies {
                    first,
                    second,
                    similarity,
                });
            }
        }
        // Later pictures are compared with later ones only.
        thumbnails.remove(&first);
    }
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    Ok(found)
}
