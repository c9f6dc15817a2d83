//! Which training images an epoch draws, and in which order.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{Recipe, SamplerKind};

/// An image that an epoch draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Draw {
    /// Place of the image in the split.
    pub index: usize,
    /// How often the epoch has drawn it before.
    pub repeat: usize,
}

impl Draw {
    /// The first draw of each of `images` images, in order.
    pub fn each(images: usize) -> Vec<Self> {
        let first = |index| Self { index, repeat: 0 };
        (0..images).map(first).collect()
    }
}

/// The first `count` draws of `epoch`, in their order, from images of these `labels`:
/// seed, epoch and labels alone decide.
///
/// `balanced`: the classes' shares of `count` differ by one image at most. A class with
/// fewer images than its share gives each of them equally often, up to one; one with more
/// gives as many, chosen at random in every epoch.
pub(super) fn draws(labels: &[usize], count: usize, recipe: &Recipe, epoch: usize) -> Vec<Draw> {
    let generator = |purpose: [u8; 8]| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&recipe.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(epoch as u64).to_le_bytes());
        key[24..].copy_from_slice(&purpose);
        ChaCha8Rng::from_seed(key)
    };
    let mut draws = match recipe.sampler {
        SamplerKind::Shuffle => Draw::each(labels.len()),
        SamplerKind::Balanced => balanced(labels, count, &mut generator(*b"balance\0")),
    };
    draws.shuffle(&mut generator(*b"shuffle\0"));
    draws.truncate(count);
    draws
}

/// As many draws of each class, in no particular order.
fn balanced(labels: &[usize], count: usize, random: &mut ChaCha8Rng) -> Vec<Draw> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for (index, &label) in labels.iter().enumerate() {
        if classes.len() <= label {
            classes.resize(label + 1, Vec::new());
        }
        classes[label].push(index);
    }
    classes.retain(|images| !images.is_empty());
    // Which classes give one image more changes from epoch to epoch.
    classes.shuffle(random);
    let (share, more) = (count / classes.len().max(1), count % classes.len().max(1));
    let mut draws = Vec::with_capacity(count);
    for (place, images) in classes.iter_mut().enumerate() {
        images.shuffle(random);
        let share = share + usize::from(place < more);
        draws.extend((0..share).map(|number| Draw {
            index: images[number % images.len()],
            repeat: number / images.len(),
        }));
    }
    draws
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn recipe(sampler: SamplerKind, seed: u64) -> Recipe {
        Recipe {
            sampler,
            seed,
            ..Recipe::default()
        }
    }

    /// How often each image is drawn.
    fn counts(draws: &[Draw]) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for draw in draws {
            *counts.entry(draw.index).or_default() += 1;
        }
        counts
    }

    /// 13 images of class 0, 2 of class 2 and 5 of class 3; none of class 1.
    fn labels() -> Vec<usize> {
        let mut labels = [vec![0; 13], vec![2; 2], vec![3; 5]].concat();
        labels.rotate_left(4);
        labels
    }

    #[test]
    fn a_shuffled_epoch_draws_every_image_once() {
        let recipe = recipe(SamplerKind::Shuffle, 1);
        let mut first = draws(&labels(), 20, &recipe, 1);
        assert_ne!(first, draws(&labels(), 20, &recipe, 2));
        assert_eq!(first, draws(&labels(), 20, &recipe, 1));
        assert_eq!(draws(&labels(), 16, &recipe, 1), first[..16]);
        first.sort();
        assert_eq!(first, Draw::each(20));
    }

    #[test]
    fn a_balanced_epoch_draws_every_class_as_often() {
        let recipe = recipe(SamplerKind::Balanced, 1);
        let labels = labels();
        let mut larger = BTreeMap::new();
        for epoch in 1..=40 {
            // 20 are 7, 7 and 6.
            let draws = draws(&labels, 20, &recipe, epoch);
            assert_eq!(draws.len(), 20);
            let mut of_class = BTreeMap::<usize, usize>::new();
            for draw in &draws {
                *of_class.entry(labels[draw.index]).or_default() += 1;
            }
            assert_eq!(of_class.keys().copied().collect::<Vec<_>>(), [0, 2, 3]);
            assert!(of_class.values().all(|count| [6, 7].contains(count)));
            for (class, count) in of_class {
                *larger.entry(class).or_insert(0) += count - 6;
            }
            // Only as often as the class has too few images.
            for (image, times) in counts(&draws) {
                let allowed = match labels[image] {
                    0 => 1..=1,
                    2 => 3..=4,
                    _ => 1..=2,
                };
                assert!(allowed.contains(&times), "{image}: {times}");
                let mut repeats: Vec<usize> = draws
                    .iter()
                    .filter(|draw| draw.index == image)
                    .map(|draw| draw.repeat)
                    .collect();
                repeats.sort();
                assert_eq!(repeats, (0..times).collect::<Vec<_>>());
            }
        }
        assert_eq!(larger.values().sum::<usize>(), 80);
        assert!(
            larger.values().all(|times| *times > 15),
            "in turn: {larger:?}"
        );
    }

    #[test]
    fn seed_and_epoch_decide_alone() {
        let labels = labels();
        let of = |seed, epoch| draws(&labels, 18, &recipe(SamplerKind::Balanced, seed), epoch);
        assert_eq!(of(1, 3), of(1, 3));
        assert_ne!(of(1, 3), of(1, 4));
        assert_ne!(of(1, 3), of(2, 3));
        // All images of a frequent class take part, sooner or later.
        let seen: Vec<Draw> = (1..20).flat_map(|epoch| of(1, epoch)).collect();
        assert_eq!(counts(&seen).len(), labels.len());
    }
}
