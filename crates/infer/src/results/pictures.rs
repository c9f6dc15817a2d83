//! Pictures of the split for the report.

use dataset::DatasetError;
use image::RgbImage;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use report::Picture;

use super::Evaluated;
use crate::Prediction;

/// At most `count` of `predictions`, drawn at random without repetition; the
/// same `seed` draws the same.
pub fn draw<'a>(predictions: &[&'a Prediction], count: usize, seed: u64) -> Vec<&'a Prediction> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = count.min(predictions.len());
    let drawn = index::sample(&mut rng, predictions.len(), count);
    drawn.into_iter().map(|index| predictions[index]).collect()
}

/// Reads the pictures of these predictions.
pub fn read(
    evaluated: &Evaluated<'_>,
    predictions: &[&Prediction],
) -> Result<Vec<Picture>, DatasetError> {
    let classes = &evaluated.contract.classes;
    let split = evaluated.split.images;
    let picture = |prediction: &&Prediction| {
        let image = split.image(prediction.index)?;
        // What the model saw has at least one pixel and fits into memory.
        let (width, height) = (image.width as u32, image.height as u32);
        Ok(Picture {
            pixels: RgbImage::from_raw(width, height, image.pixels).unwrap_or_default(),
            name: split.describe(prediction.index),
            label: classes[prediction.label].clone(),
            predicted: classes[prediction.predicted].clone(),
            confidence: prediction.probability.into(),
        })
    };
    predictions.iter().map(picture).collect()
}
