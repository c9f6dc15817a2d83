//! What a recipe may list, and what every transform of one image can do.

use contract::Preprocessing;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::OutOfRange;
use crate::range;
use crate::transforms::{
    Affine, ColorJitter, ElasticTransform, GridDistortion, HorizontalFlip, RandAugment,
    RandomErasing, RandomResizedCrop, Resize, Shift, TrivialAugmentWide, VerticalFlip,
};
use crate::{AugmentError, Image, random};

/// A random change of one image, split in two: what is drawn, and what is done
/// with it, which is the same for the same parameters.
pub trait RandomTransform {
    /// Its name in a recipe.
    const KIND: &'static str;

    /// What is drawn for one image.
    type Parameters;

    /// How often the image is changed at all, 0 to 1.
    fn probability(&self) -> f64;

    /// Checks the values' ranges (the probability's is checked for all alike).
    ///
    /// # Errors
    /// Names the first value that is out of range.
    fn validate(&self) -> Result<(), OutOfRange> {
        Ok(())
    }

    /// Draws the change to an image of `size` = `[height, width]` that a
    /// network will see as `network` says.
    fn sample(
        &self,
        size: [usize; 2],
        network: &Preprocessing,
        rng: &mut impl Rng,
    ) -> Self::Parameters;

    /// Changes an image of the size that `parameters` were drawn for.
    fn apply(&self, image: Image, parameters: &Self::Parameters) -> Image;
}

/// A transform with its values. In TOML `kind` names it, the other keys are
/// its values, each with a default:
///
/// ```toml
/// [[augment]]
/// kind = "horizontal_flip"
/// probability = 0.5
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the variants are named after their types")]
pub enum Transform {
    Affine(Affine),
    ColorJitter(ColorJitter),
    ElasticTransform(ElasticTransform),
    GridDistortion(GridDistortion),
    HorizontalFlip(HorizontalFlip),
    RandAugment(RandAugment),
    RandomErasing(RandomErasing),
    RandomResizedCrop(RandomResizedCrop),
    Resize(Resize),
    Shift(Shift),
    TrivialAugmentWide(TrivialAugmentWide),
    VerticalFlip(VerticalFlip),
}

/// Evaluates `$body` with `$inner` bound to the transform of any variant.
macro_rules! for_each_kind {
    ($transform:expr, $inner:ident => $body:expr) => {
        match $transform {
            Transform::Affine($inner) => $body,
            Transform::ColorJitter($inner) => $body,
            Transform::ElasticTransform($inner) => $body,
            Transform::GridDistortion($inner) => $body,
            Transform::HorizontalFlip($inner) => $body,
            Transform::RandAugment($inner) => $body,
            Transform::RandomErasing($inner) => $body,
            Transform::RandomResizedCrop($inner) => $body,
            Transform::Resize($inner) => $body,
            Transform::Shift($inner) => $body,
            Transform::TrivialAugmentWide($inner) => $body,
            Transform::VerticalFlip($inner) => $body,
        }
    };
}

impl Transform {
    /// Draws whether and how `image` is changed, and changes it.
    pub fn change(&self, image: Image, network: &Preprocessing, rng: &mut impl Rng) -> Image {
        for_each_kind!(self, transform => change(transform, image, network, rng))
    }

    /// Checks every value's range; `position` is the place in the recipe.
    ///
    /// # Errors
    /// Names the first value that is out of range.
    pub fn validate(&self, position: usize) -> Result<(), AugmentError> {
        for_each_kind!(self, transform => validate(transform, position))
    }

    /// Whether every image is cropped, and comes out at the network's size.
    pub(crate) fn always_crops(&self) -> bool {
        matches!(self, Self::RandomResizedCrop(crop) if crop.probability >= 1.0)
    }
}

fn validate<T: RandomTransform>(transform: &T, position: usize) -> Result<(), AugmentError> {
    range::probability("probability", transform.probability())
        .and_then(|()| transform.validate())
        .map_err(|source| AugmentError::Transform {
            position,
            kind: T::KIND,
            source,
        })
}

fn change<T: RandomTransform>(
    transform: &T,
    image: Image,
    network: &Preprocessing,
    rng: &mut impl Rng,
) -> Image {
    if !random::happens(transform.probability(), rng) {
        return image;
    }
    let parameters = transform.sample(image.size(), network, rng);
    transform.apply(image, &parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn images_change_with_their_transform_s_probability() {
        let image = Image::new([1, 2], vec![0, 0, 0, 9, 9, 9]);
        for (probability, expected) in [(0.0, 0..=0), (0.25, 830..=1170), (1.0, 4000..=4000)] {
            let flip = Transform::HorizontalFlip(HorizontalFlip { probability });
            let changed = (0..4000)
                .filter(|&index| {
                    let mut rng = image_rng(0, 0, index, 0);
                    flip.change(image.clone(), &network(), &mut rng) != image
                })
                .count();
            // 1000 of 4000 expected at 0.25, with a standard deviation of 27.
            assert!(expected.contains(&changed), "{changed} at {probability}");
        }
    }
}
