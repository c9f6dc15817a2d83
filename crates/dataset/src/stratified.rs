//! Stratified random splits, the same on every machine.

use std::collections::HashMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::DatasetError;

/// Fewest images of a class that can be split: one for each part.
const NEEDED: usize = 2;

/// The two parts of a split: indices of the images, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitIndices {
    /// Images to train on.
    pub train: Vec<usize>,
    /// Images to validate on (or to test on).
    pub val: Vec<usize>,
}

/// Splits images at random so that every class keeps its share: `val` gets
/// `val_fraction` of the images, as `sklearn.model_selection.train_test_split`
/// does with `stratify` (though not the same images).
///
/// **Sizes.** With `n_c` images in class `c`, its quota is `n_c * val_fraction`;
/// the class gets the quota rounded down, and what is missing to the total
/// (`n * val_fraction` rounded, halves to even) goes to the classes with the
/// largest remainders, the lower class first among equals. Every share is
/// within 1 of its quota. Every class has at least one image in each part; only
/// where classes are so small that this and the total cannot both hold does
/// the total give way.
///
/// **Choice.** ChaCha20 (D. J. Bernstein, "ChaCha, a variant of Salsa20", 2008)
/// with a zero nonce and the 256-bit key `seed` (little-endian, then zeros)
/// gives 64-bit words. For each class in order, its images, ascending, are
/// shuffled (Durstenfeld's form of Fisher-Yates, from the end: element `i`
/// changes places with `draw(i + 1)`), and the first ones go to `val`.
/// `draw(bound)` takes words until one is below the largest multiple of `bound`
/// up to 2^64, and returns it modulo `bound`: unbiased. No other code of a
/// random number library takes part, so the result depends on neither library
/// versions nor the platform.
///
/// # Errors
/// [`DatasetError::Fraction`] unless `0 < val_fraction < 1`;
/// [`DatasetError::Label`] for a label without a class;
/// [`DatasetError::EmptyClass`] and [`DatasetError::TooFewImages`] for a class
/// with no image or with one.
pub fn stratified_split(
    labels: &[usize],
    classes: &[String],
    val_fraction: f64,
    seed: u64,
) -> Result<SplitIndices, DatasetError> {
    let apart: Vec<usize> = (0..labels.len()).collect();
    split_copies(labels, classes, &apart, val_fraction, seed)
}

/// As [`stratified_split`], where images of which one is a copy of the other, which have the same
/// number in `copies` below the number of images, go to the same part. What is shuffled are sets
/// of copies, by their first image; sets go to `val` while that brings its size nearer to the
/// class's share, one at least. Copies that two classes claim go to `train`, where there are two
/// other images.
///
/// # Errors
/// Those of [`stratified_split`]; copies count as one image.
pub(crate) fn split_copies(
    labels: &[usize],
    classes: &[String],
    copies: &[usize],
    val_fraction: f64,
    seed: u64,
) -> Result<SplitIndices, DatasetError> {
    if !(val_fraction > 0.0 && val_fraction < 1.0) {
        return Err(DatasetError::Fraction {
            value: val_fraction,
        });
    }
    // By the names' bytes, so that the split hangs on no order of the labels.
    let mut members: Vec<_> = group(labels, classes, copies)?
        .into_iter()
        .zip(classes)
        .collect();
    members.sort_by_key(|&(_, class)| class);
    let mut members: Vec<_> = members.into_iter().map(|(members, _)| members).collect();
    let counts: Vec<usize> = members.iter().map(Members::images).collect();
    let shares = shares(&counts, val_fraction);
    let mut rng = Draws::new(seed);
    let (mut train, mut val) = (Vec::new(), Vec::new());
    for (members, share) in members.iter_mut().zip(shares) {
        rng.shuffle(&mut members.sets);
        let chosen = members.chosen(share);
        val.extend(members.sets[..chosen].iter().flatten());
        train.extend(members.sets[chosen..].iter().flatten());
        train.extend_from_slice(&members.claimed);
    }
    train.sort_unstable();
    val.sort_unstable();
    Ok(SplitIndices { train, val })
}

/// The images of a class.
#[derive(Debug, Clone, Default)]
struct Members {
    /// Sets of copies of one another, by their first image; ascending.
    sets: Vec<Vec<usize>>,
    /// Those that another class has copies of; none where too little else is there.
    claimed: Vec<usize>,
}

impl Members {
    fn images(&self) -> usize {
        self.sets.iter().map(Vec::len).sum::<usize>() + self.claimed.len()
    }

    /// How many sets bring `val` nearest to its share, one at least; something is left to
    /// `train`.
    fn chosen(&self, share: usize) -> usize {
        let most = self.sets.len() - 1;
        let mut images = 0;
        for (chosen, set) in self.sets[..most].iter().enumerate() {
            let more = images + set.len();
            if chosen > 0 && share.abs_diff(more) >= share.abs_diff(images) {
                return chosen;
            }
            images = more;
        }
        most
    }
}

/// The images of each class.
fn group(
    labels: &[usize],
    classes: &[String],
    copies: &[usize],
) -> Result<Vec<Members>, DatasetError> {
    let mut members = vec![Members::default(); classes.len()];
    // Which class had the first of a set of copies, and whether another one has some too.
    let mut owner: Vec<Option<usize>> = vec![None; labels.len()];
    let mut claimed = vec![false; labels.len()];
    let mut places: HashMap<(usize, usize), usize> = HashMap::with_capacity(labels.len());
    for (index, (&label, &copy)) in labels.iter().zip(copies).enumerate() {
        let Some(class) = members.get_mut(label) else {
            return Err(DatasetError::Label {
                index,
                label,
                classes: classes.len(),
            });
        };
        claimed[copy] |= *owner[copy].get_or_insert(label) != label;
        let place = *places.entry((label, copy)).or_insert(class.sets.len());
        match class.sets.get_mut(place) {
            Some(set) => set.push(index),
            None => class.sets.push(vec![index]),
        }
    }
    for (members, class) in members.iter_mut().zip(classes) {
        let is_claimed = |set: &&Vec<usize>| claimed[copies[set[0]]];
        let free = members.sets.len() - members.sets.iter().filter(is_claimed).count();
        // Of a class that has next to nothing of its own they are as good as any.
        if free >= NEEDED {
            let sets = std::mem::take(&mut members.sets).into_iter();
            let (claimed, free) = sets.partition::<Vec<_>, _>(|set| is_claimed(&set));
            members.sets = free;
            members.claimed = claimed.concat();
        }
        if members.images() == 0 {
            return Err(DatasetError::EmptyClass {
                class: class.clone(),
                place: "the images to split".into(),
            });
        }
        if members.sets.len() < NEEDED {
            return Err(DatasetError::TooFewImages {
                class: class.clone(),
                count: members.sets.len(),
                needed: NEEDED,
            });
        }
    }
    Ok(members)
}

/// How many images of each class go to `val`. Every count is at least 2.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of images are far below 2^52, and shares lie within counts"
)]
fn shares(counts: &[usize], fraction: f64) -> Vec<usize> {
    let quota = |count: usize| count as f64 * fraction;
    let total = quota(counts.iter().sum()).round_ties_even() as usize;
    let mut shares: Vec<usize> = counts
        .iter()
        .map(|&count| (quota(count) as usize).clamp(1, count - 1))
        .collect();
    let remainder = |class: usize, shares: &[usize]| quota(counts[class]) - shares[class] as f64;
    let mut order: Vec<usize> = (0..counts.len())
        .filter(|&class| remainder(class, &shares) > 0.0 && shares[class] + 1 < counts[class])
        .collect();
    // A stable sort: the lower class first among equals.
    order.sort_by(|&a, &b| remainder(b, &shares).total_cmp(&remainder(a, &shares)));
    let missing = total.saturating_sub(shares.iter().sum());
    for class in order.into_iter().take(missing) {
        shares[class] += 1;
    }
    shares
}

/// Unbiased draws from ChaCha20's words.
struct Draws(ChaCha20Rng);

impl Draws {
    fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha20Rng::from_seed(key))
    }

    /// A number in `0..bound`, each with the same probability.
    fn draw(&mut self, bound: u64) -> u64 {
        // 2^64 mod bound words at the top would favour small numbers.
        let excess = (u64::MAX % bound + 1) % bound;
        loop {
            let word = self.0.next_u64();
            if word <= u64::MAX - excess {
                return word % bound;
            }
        }
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            // Both casts are lossless: the bound is a slice's length.
            let other = self.draw(i as u64 + 1) as usize;
            items.swap(i, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn classes(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class_{class}")).collect()
    }

    /// `counts[c]` images of class `c`, the classes interleaved.
    fn labels(counts: &[usize]) -> Vec<usize> {
        let most = counts.iter().copied().max().unwrap_or(0);
        (0..most)
            .flat_map(|i| (0..counts.len()).filter(move |&c| i < counts[c]))
            .collect()
    }

    fn per_class(indices: &[usize], labels: &[usize], classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &index in indices {
            counts[labels[index]] += 1;
        }
        counts
    }

    #[test]
    fn known_answers() {
        // From `tests/golden/stratified_split.py`, an independent implementation.
        let labels: Vec<usize> = (0..40).map(|i| (i * i + i / 3) % 3).collect();
        for (seed, expected) in [
            (0, [3, 8, 11, 14, 24, 28, 33, 35, 36, 39]),
            (42, [1, 4, 13, 18, 19, 21, 23, 27, 36, 38]),
            (u64::MAX, [3, 4, 6, 7, 11, 20, 26, 33, 35, 39]),
        ] {
            let split = stratified_split(&labels, &classes(3), 0.25, seed).unwrap();
            assert_eq!(split.val, expected, "seed {seed}");
        }
    }

    #[test]
    fn the_order_of_the_classes_changes_nothing() {
        let labels: Vec<usize> = (0..60).map(|i| (i * i + i / 3) % 3).collect();
        let names = ["1", "10", "2"].map(String::from);
        let split = stratified_split(&labels, &names, 0.25, 3).unwrap();
        let natural = ["1", "2", "10"].map(String::from);
        let relabelled: Vec<usize> = labels.iter().map(|&label| [0, 2, 1][label]).collect();
        assert_eq!(
            stratified_split(&relabelled, &natural, 0.25, 3).unwrap(),
            split
        );
    }

    #[test]
    fn copies_stay_together() {
        // 6 pictures five times over in each of two classes.
        let labels = labels(&[30, 30]);
        let copies: Vec<usize> = (0..60).map(|i| i % 12).collect();
        for seed in 0..20 {
            let split = split_copies(&labels, &classes(2), &copies, 0.2, seed).unwrap();
            assert_eq!(per_class(&split.val, &labels, 2), [5, 5]);
            let in_val = |copy: usize| split.val.iter().any(|&i| copies[i] == copy);
            assert!(split.train.iter().all(|&i| !in_val(copies[i])), "{split:?}");
        }
    }

    #[test]
    fn copies_that_two_classes_claim_are_not_judged_by() {
        let labels = [0, 0, 0, 0, 1, 1, 1, 1];
        // 0 and 4 are one picture.
        let copies = [0, 1, 2, 3, 0, 5, 6, 7];
        for seed in 0..20 {
            let split = split_copies(&labels, &classes(2), &copies, 0.25, seed).unwrap();
            assert!(split.train.contains(&0) && split.train.contains(&4));
            assert_eq!((split.train.len(), split.val.len()), (6, 2));
        }
        // One picture, twice: nothing is left to judge by.
        let error = split_copies(&[0, 0, 1, 1], &classes(2), &[0, 0, 2, 3], 0.5, 1).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("1 image(s), copies counted once"),
            "{error}"
        );
    }

    #[test]
    fn balanced_classes_keep_their_share_exactly() {
        let labels = labels(&[500; 100]);
        for (fraction, share) in [(0.2, 100), (0.1, 50), (0.3, 150), (0.29, 145), (0.5, 250)] {
            let split = stratified_split(&labels, &classes(100), fraction, 42).unwrap();
            assert_eq!(split.val.len(), 100 * share);
            assert_eq!(per_class(&split.val, &labels, 100), [share; 100]);
            assert_eq!(per_class(&split.train, &labels, 100), [500 - share; 100]);
        }
    }

    #[test]
    fn the_total_is_rounded_and_goes_to_the_largest_remainders() {
        // Quotas 2.25, 1.75, 1.5 (twice) and 2: total 9, 7 after rounding down.
        assert_eq!(shares(&[9, 7, 6, 6, 8], 0.25), [2, 2, 2, 1, 2]);
        // Totals of 2.5 and 3.5: halves to even.
        assert_eq!(shares(&[6, 4], 0.25), [1, 1]);
        assert_eq!(shares(&[6, 8], 0.25), [2, 2]);
    }

    #[test]
    fn small_classes_are_in_both_parts() {
        assert_eq!(shares(&[2, 2, 2, 100], 0.1), [1, 1, 1, 10]);
        assert_eq!(shares(&[2, 3, 40], 0.9), [1, 2, 36]);
    }

    #[test]
    fn names_what_cannot_be_split() {
        let names = classes(3);
        let error = |labels: &[usize], fraction| {
            let result = stratified_split(labels, &names, fraction, 1);
            result.unwrap_err().to_string()
        };
        assert_eq!(
            error(&[0, 0, 2, 2], 0.5),
            "class 'class_1' has no image in the images to split"
        );
        assert_eq!(
            error(&[0, 0, 1, 1, 2], 0.5),
            "class 'class_2' has 1 image(s), copies counted once; splitting needs at least 2"
        );
        assert_eq!(
            error(&[0, 3], 0.5),
            "image 1: label 3 is out of range for 3 classes"
        );
        for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            assert_eq!(
                error(&[0, 0, 1, 1, 2, 2], fraction),
                format!("split fraction {fraction} is not strictly between 0 and 1")
            );
        }
    }

    #[test]
    fn draws_are_uniform() {
        let (mut draws, mut counts) = (Draws::new(7), [0_u32; 6]);
        for _ in 0..60_000 {
            counts[draws.draw(6) as usize] += 1;
        }
        // Standard deviation 91.
        assert!(
            counts.iter().all(|c| c.abs_diff(10_000) < 500),
            "{counts:?}"
        );
        // Every bound is accepted, also those with the most words rejected.
        for bound in [1, 2, 1 << 63, (1 << 63) + 1, u64::MAX] {
            assert!(draws.draw(bound) < bound);
        }
    }

    proptest! {
        #[test]
        fn splits_are_disjoint_complete_sorted_and_stratified(
            counts in prop::collection::vec(2_usize..60, 1..12),
            fraction in 0.01..0.99_f64,
            seed: u64,
        ) {
            let (labels, names) = (labels(&counts), classes(counts.len()));
            let split = stratified_split(&labels, &names, fraction, seed).unwrap();
            prop_assert!(split.train.is_sorted() && split.val.is_sorted());
            let mut all = [&split.train[..], &split.val].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());

            let val = per_class(&split.val, &labels, counts.len());
            for (&count, &share) in counts.iter().zip(&val) {
                prop_assert!((share as f64 - count as f64 * fraction).abs() <= 1.0);
                prop_assert!(share >= 1 && share < count);
            }
            let quota = labels.len() as f64 * fraction;
            let fits = |n: usize| (1.0..=n as f64 - 1.0).contains(&(n as f64 * fraction));
            if counts.iter().all(|&n| fits(n)) {
                prop_assert_eq!(split.val.len(), quota.round_ties_even() as usize);
            }
            let again = stratified_split(&labels, &names, fraction, seed).unwrap();
            prop_assert_eq!(split, again);
        }
    }

    #[test]
    fn seeds_give_different_splits() {
        let labels = labels(&[50; 4]);
        let val = |seed| {
            stratified_split(&labels, &classes(4), 0.2, seed)
                .unwrap()
                .val
        };
        assert_ne!(val(1), val(2));
        assert_ne!(val(1), val(1 << 32));
    }
}
