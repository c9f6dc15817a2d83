//! Features as directions, compared all with all.

use ndarray::{Array2, Axis, s};
use rayon::prelude::*;

use crate::train::Features;

/// Rows that are compared with all others at a time: little memory, and long products.
const BLOCK: usize = 64;

/// Features of length 1, one row a picture.
pub(super) struct Rows(Array2<f32>);

impl Rows {
    /// The features as they are.
    pub fn new(features: &Features) -> Self {
        Self::from_values(features, &vec![0.0; features.width])
    }

    /// The features with their mean taken off: what all pictures have in common says nothing.
    pub fn centred(features: &Features) -> Self {
        let mut mean = vec![0.0_f64; features.width];
        for row in features.values.chunks(features.width) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += f64::from(*value);
            }
        }
        let images = (features.values.len() / features.width) as f64;
        let mean: Vec<f32> = mean.iter().map(|sum| (sum / images) as f32).collect();
        Self::from_values(features, &mean)
    }

    fn from_values(features: &Features, mean: &[f32]) -> Self {
        let images = features.values.len() / features.width;
        let mut rows = Array2::zeros((images, features.width));
        for (mut row, values) in rows
            .axis_iter_mut(Axis(0))
            .zip(features.values.chunks(features.width))
        {
            for ((to, value), mean) in row.iter_mut().zip(values).zip(mean) {
                *to = value - mean;
            }
            let length = row.dot(&row).sqrt();
            if length > 0.0 {
                row /= length;
            }
        }
        Self(rows)
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.0.nrows()
    }

    /// What `of` makes of each picture's number and its cosines with all pictures, itself among
    /// them.
    pub fn each<T: Send>(&self, of: impl Fn(usize, &[f32]) -> T + Sync) -> Vec<T> {
        let starts: Vec<usize> = (0..self.len()).step_by(BLOCK).collect();
        let blocks: Vec<Vec<T>> = starts
            .into_par_iter()
            .map(|start| {
                let end = (start + BLOCK).min(self.len());
                let cosines = self.0.slice(s![start..end, ..]).dot(&self.0.t());
                let rows = cosines.outer_iter().zip(start..);
                rows.map(|(row, image)| of(image, &row.to_vec())).collect()
            })
            .collect();
        blocks.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_of_all_with_all() {
        let values: Vec<f32> = (0..300).map(|i| ((i * i) as f32).sin()).collect();
        let features = Features { values, width: 3 };
        let row = |i: usize| &features.values[3 * i..3 * i + 3];
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let found = Rows::new(&features).each(|image, cosines| (image, cosines.to_vec()));
        for (image, cosines) in found {
            assert_eq!(cosines.len(), 100);
            for (other, cosine) in cosines.into_iter().enumerate() {
                let (a, b) = (row(image), row(other));
                let expected = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                assert!((cosine - expected).abs() < 1e-5, "{image} {other}");
            }
        }
        let centred = Rows::centred(&features);
        let sums = centred.0.sum_axis(Axis(0));
        assert!(sums.iter().all(|sum| sum.abs() < 30.0), "{sums}");
    }
}
