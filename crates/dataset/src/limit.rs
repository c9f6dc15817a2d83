//! A smaller part of a split.

use crate::{DatasetError, Split, stratified_split};

/// At most `limit` images of `split`, the same share of each class; all of
/// them when `limit` is 0 or not below their number. `classes` are the data
/// set's. The same `seed` gives the same images on every machine: a program
/// that knows a training's limits and seed finds the images it used.
///
/// # Errors
/// Those of [`stratified_split`].
pub fn stratified_limit(
    split: &Split,
    limit: usize,
    classes: &[String],
    seed: u64,
) -> Result<Split, DatasetError> {
    if limit == 0 || limit >= split.len() {
        return Ok(split.clone());
    }
    let fraction = limit as f64 / split.len() as f64;
    let indices = stratified_split(&split.labels(), classes, fraction, seed)?;
    Ok(split.subset(&indices.val))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_each_class_s_share_and_leaves_small_splits_alone() {
        let labels: Vec<usize> = (0..60).map(|i| usize::from(i % 3 == 0)).collect();
        let split = Split::in_memory("train", [1, 1], vec![0; 180], labels);
        let classes = ["a", "b"].map(String::from);
        let limited = stratified_limit(&split, 30, &classes, 4).unwrap();
        assert_eq!(limited.len(), 30);
        assert_eq!(limited.labels().iter().sum::<usize>(), 10);
        for all in [0, 60, 100] {
            let whole = stratified_limit(&split, all, &classes, 4).unwrap();
            assert_eq!(whole.labels(), split.labels());
        }
    }
}
