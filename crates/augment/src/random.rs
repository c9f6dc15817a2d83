//! Random generators, and the draws that the reference libraries make.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Generator of the changes to one image: the same for the same `seed`,
/// `epoch`, `index` (the image's place in the training split) and `step` (the
/// transform's place in the recipe), whoever draws and in which order.
pub fn image_rng(seed: u64, epoch: usize, index: usize, step: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::from_seed(key(seed, epoch, index, *b"augment\0"));
    rng.set_stream(step as u64);
    rng
}

/// Generator of the mix of one batch: the same for the same `seed`, `epoch` and
/// `batch` (its place in the epoch).
pub fn batch_rng(seed: u64, epoch: usize, batch: usize) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(key(seed, epoch, batch, *b"mixbatch"))
}

fn key(seed: u64, epoch: usize, index: usize, purpose: [u8; 8]) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
    key[16..24].copy_from_slice(&(index as u64).to_le_bytes());
    key[24..].copy_from_slice(&purpose);
    key
}

/// `true` with probability `probability` (0: never, 1: always).
pub(crate) fn happens(probability: f64, rng: &mut impl Rng) -> bool {
    rng.random::<f64>() < probability
}

/// Uniform in `[low, high)`; `low` where they are equal.
pub(crate) fn uniform([low, high]: [f64; 2], rng: &mut impl Rng) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// Uniform in `[-largest, largest)`.
pub(crate) fn symmetric(largest: f64, rng: &mut impl Rng) -> f64 {
    uniform([-largest, largest], rng)
}

/// Uniform in the logarithm, from `low` to `high`, both above 0: a ratio and
/// its inverse are as likely.
pub(crate) fn log_uniform(bounds: [f64; 2], rng: &mut impl Rng) -> f64 {
    uniform(bounds.map(f64::ln), rng).exp()
}

/// Uniform whole number of `0..=last`.
pub(crate) fn up_to(last: usize, rng: &mut impl Rng) -> usize {
    rng.random_range(0..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_seed_epoch_index_and_step_matters() {
        let first = |mut rng: ChaCha8Rng| rng.random::<u64>();
        let draws = [
            first(image_rng(0, 0, 0, 0)),
            first(image_rng(1, 0, 0, 0)),
            first(image_rng(0, 1, 0, 0)),
            first(image_rng(0, 0, 1, 0)),
            first(image_rng(0, 0, 0, 1)),
            first(batch_rng(0, 0, 0)),
            first(batch_rng(0, 0, 1)),
        ];
        let distinct: std::collections::BTreeSet<_> = draws.into_iter().collect();
        assert_eq!(distinct.len(), draws.len());
        assert_eq!(draws[0], first(image_rng(0, 0, 0, 0)));
    }

    #[test]
    fn draws_keep_to_their_bounds() {
        let mut rng = image_rng(3, 0, 0, 0);
        for _ in 0..10_000 {
            assert!((-2.0..3.0).contains(&uniform([-2.0, 3.0], &mut rng)));
            assert!((0.5..=2.0).contains(&log_uniform([0.5, 2.0], &mut rng)));
            assert!(up_to(3, &mut rng) <= 3);
            assert!(happens(1.0, &mut rng) && !happens(0.0, &mut rng));
        }
        assert_eq!(uniform([1.5, 1.5], &mut rng), 1.5);
    }
}
