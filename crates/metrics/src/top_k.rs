//! The classes with the highest logits.
//!
//! One order holds for all functions here: the larger logit comes first, of
//! equal logits the lower index, and NaN is lower than every number (also
//! `-inf`). So `argmax(x) == top_k(x, 1)[0]`, always.

use std::cmp::Ordering;

/// The index of the largest of `logits`; of equal ones the lowest index, as
/// in `numpy.argmax`. NaN counts as lower than every number (NumPy: as
/// higher), so a single bad value does not become the prediction; if all are
/// NaN the answer is 0.
///
/// # Panics
/// If `logits` is empty.
pub fn argmax(logits: &[f32]) -> usize {
    assert!(!logits.is_empty(), "argmax of no logits");
    (1..logits.len()).fold(0, |best, i| match by_rank(logits, i, best) {
        Ordering::Less => i,
        _ => best,
    })
}

/// The indices of the `k` largest of `logits`, largest first; of equal ones
/// the lower index first, NaN last. All indices when `k` is larger than the
/// number of logits.
pub fn top_k(logits: &[f32], k: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..logits.len()).collect();
    if k < indices.len() {
        // Linear instead of a whole sort: k is small beside the classes.
        indices.select_nth_unstable_by(k, |&a, &b| by_rank(logits, a, b));
        indices.truncate(k);
    }
    indices.sort_unstable_by(|&a, &b| by_rank(logits, a, b));
    indices
}

/// Whether `label` is among [`top_k`]`(logits, k)`, without allocating. The
/// mean over images is `sklearn.metrics.top_k_accuracy_score` when no logits
/// are equal (sklearn lets the higher index win a tie).
///
/// # Panics
/// If `label` is not below the number of logits.
pub fn in_top_k(logits: &[f32], label: usize, k: usize) -> bool {
    assert!(
        label < logits.len(),
        "label {label} is out of range for {} logits",
        logits.len()
    );
    let ahead = (0..logits.len())
        .filter(|&i| by_rank(logits, i, label) == Ordering::Less)
        .count();
    ahead < k
}

/// `Less` when class `a` ranks before class `b`; `Equal` only for `a == b`.
fn by_rank(logits: &[f32], a: usize, b: usize) -> Ordering {
    let (x, y) = (logits[a], logits[b]);
    y.partial_cmp(&x)
        .unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
        .then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ties_go_to_the_lower_index() {
        let logits = [1.0, 3.0, 2.0, 3.0, -0.0, 0.0];
        assert_eq!(argmax(&logits), 1);
        assert_eq!(top_k(&logits, 6), [1, 3, 2, 0, 4, 5]);
        assert!(in_top_k(&logits, 1, 1));
        assert!(!in_top_k(&logits, 3, 1));
        assert!(in_top_k(&logits, 3, 2));
    }

    #[test]
    fn nan_ranks_below_everything() {
        let logits = [f32::NAN, f32::NEG_INFINITY, 0.0, f32::NAN];
        assert_eq!(argmax(&logits), 2);
        assert_eq!(top_k(&logits, 4), [2, 1, 0, 3]);
        assert!(!in_top_k(&logits, 0, 2));
        assert_eq!(argmax(&[f32::NAN; 3]), 0);
    }

    #[test]
    fn k_beyond_the_classes_takes_all() {
        assert_eq!(top_k(&[0.0, 1.0], 5), [1, 0]);
        assert!(in_top_k(&[0.0, 1.0], 0, 5));
        assert!(top_k(&[0.0, 1.0], 0).is_empty());
        assert!(!in_top_k(&[0.0, 1.0], 1, 0));
        assert!(top_k(&[], 3).is_empty());
    }

    #[test]
    #[should_panic(expected = "argmax of no logits")]
    fn argmax_of_nothing() {
        argmax(&[]);
    }

    /// Few distinct values, so that ties, NaN and infinities are common.
    fn logits() -> impl Strategy<Value = Vec<f32>> {
        let value = prop::sample::select(vec![
            f32::NAN,
            f32::NEG_INFINITY,
            -1.0,
            0.0,
            2.5,
            f32::INFINITY,
        ]);
        prop::collection::vec(value, 1..20)
    }

    proptest! {
        #[test]
        fn the_functions_agree(logits in logits(), k in 0_usize..25) {
            let top = top_k(&logits, k);
            prop_assert_eq!(top.len(), k.min(logits.len()));
            if let Some(&first) = top.first() {
                prop_assert_eq!(first, argmax(&logits));
            }
            for label in 0..logits.len() {
                prop_assert_eq!(in_top_k(&logits, label, k), top.contains(&label));
            }
        }
    }
}
