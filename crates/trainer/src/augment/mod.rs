//! Random changes to training pictures, one a file.
//!
//! Each picture's changes are drawn from a generator of its own, seeded by the
//! run's seed, the epoch and the picture's index: the same whatever the number
//! of workers.

mod flip;
mod shift;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use flip::flip_horizontally;
pub use shift::shift;

use crate::train::Recipe;

/// The augmentation of a recipe.
#[derive(Debug, Clone, Copy)]
pub struct Augmentation {
    seed: u64,
    horizontal_flip: f64,
    shift: f64,
}

impl Augmentation {
    /// What `recipe` asks for.
    pub fn new(recipe: &Recipe) -> Self {
        Self {
            seed: recipe.seed,
            horizontal_flip: recipe.horizontal_flip,
            shift: recipe.shift,
        }
    }

    /// Changes one HWC RGB picture of `size` (height, width) for `epoch`.
    /// `index` is the picture's place in the training split.
    pub fn apply(&self, pixels: Vec<u8>, size: [usize; 2], epoch: usize, index: usize) -> Vec<u8> {
        const CHANNELS: usize = 3;
        let mut random = picture_rng(self.seed, epoch, index);
        let mut pixels = pixels;
        // Every draw is made whether it is used or not: one option's value
        // never changes what another one draws.
        let flips = random.random::<f64>() < self.horizontal_flip;
        let [down, right] = size.map(|side| {
            let furthest = (self.shift * side as f64).round() as i64;
            uniform(&mut random, furthest)
        });
        if flips {
            flip_horizontally(&mut pixels, size[1], CHANNELS);
        }
        if (down, right) != (0, 0) {
            pixels = shift(&pixels, size, CHANNELS, down as isize, right as isize);
        }
        pixels
    }
}

/// Uniform integer in `-furthest..=furthest`.
fn uniform(random: &mut impl Rng, furthest: i64) -> i64 {
    let share = random.random::<f64>();
    ((share * (2 * furthest + 1) as f64) as i64 - furthest).min(furthest)
}

fn picture_rng(seed: u64, epoch: usize, index: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
    key[16..24].copy_from_slice(&(index as u64).to_le_bytes());
    key[24..].copy_from_slice(b"augment\0");
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn augmentation() -> Augmentation {
        Augmentation::new(&Recipe {
            horizontal_flip: 0.5,
            shift: 0.25,
            ..Recipe::default()
        })
    }

    #[test]
    fn a_picture_depends_on_epoch_and_index_only() {
        let picture: Vec<u8> = (0..8 * 8 * 3).map(|value| value as u8).collect();
        let apply = |epoch, index| augmentation().apply(picture.clone(), [8, 8], epoch, index);
        assert_eq!(apply(0, 3), apply(0, 3));
        let distinct: std::collections::HashSet<_> = (0..40).map(|epoch| apply(epoch, 3)).collect();
        assert!(distinct.len() > 10, "{}", distinct.len());
    }

    #[test]
    fn flips_happen_at_their_rate_and_shifts_cover_their_range() {
        let mut shifts = std::collections::BTreeSet::new();
        let flips = (0..4000)
            .filter(|&index| {
                let mut random = picture_rng(1, 0, index);
                let flip = random.random::<f64>() < 0.5;
                shifts.insert(uniform(&mut random, 2));
                flip
            })
            .count();
        assert!((1850..2150).contains(&flips), "{flips}");
        assert_eq!(shifts.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
    }
}
