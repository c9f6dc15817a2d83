//! The transforms of a recipe, one after the other.

use contract::Preprocessing;

use crate::transform::Transform;
use crate::{AugmentError, Image, image_rng};

/// The augmentation of a training run.
///
/// A recipe does best to begin with a [`Resize`](crate::transforms::Resize) or a
/// [`RandomResizedCrop`](crate::transforms::RandomResizedCrop): pixels are then
/// interpolated once, from the stored image to the network's size, and what
/// rotates or shears after it works at full resolution. At the stored size of
/// small images the same transforms are cheaper and coarser.
///
/// ```
/// use augment::{Augmentation, Image, Transform};
/// use contract::{Preprocessing, Resize};
///
/// #[derive(serde::Deserialize)]
/// struct Recipe {
///     augment: Vec<Transform>,
/// }
/// let recipe: Recipe = toml::from_str(
///     r#"
///     [[augment]]
///     kind = "random_resized_crop"
///     scale = [0.5, 1.0]
///
///     [[augment]]
///     kind = "horizontal_flip"
///     probability = 0.5
///     "#,
/// )
/// .expect("a recipe");
/// let network = Preprocessing {
///     resize: Resize::OpencvCubic,
///     height: 96,
///     width: 96,
///     scale: 1.0 / 255.0,
///     mean: [0.485, 0.456, 0.406],
///     std: [0.229, 0.224, 0.225],
/// };
/// let augmentation = Augmentation::new(recipe.augment, &network, 7).expect("in range");
/// let image = Image::new([32, 32], vec![128; 32 * 32 * 3]);
/// assert_eq!(augmentation.apply(image, 0, 42).size(), [96, 96]);
/// ```
#[derive(Clone, Debug)]
pub struct Augmentation {
    transforms: Vec<Transform>,
    network: Preprocessing,
    seed: u64,
}

impl Augmentation {
    /// `transforms` in their order, for a network that sees `network`'s size
    /// and normalisation, in a run of `seed`.
    ///
    /// # Errors
    /// [`AugmentError::Transform`] for the first value that is out of range.
    pub fn new(
        transforms: Vec<Transform>,
        network: &Preprocessing,
        seed: u64,
    ) -> Result<Self, AugmentError> {
        for (position, transform) in transforms.iter().enumerate() {
            transform.validate(position)?;
        }
        Ok(Self {
            transforms,
            network: network.clone(),
            seed,
        })
    }

    /// Changes one image for `epoch`; `index` is its place in the training
    /// split. The size stays, unless the recipe has a transform that gives the
    /// network's size: a resize or a resized crop.
    pub fn apply(&self, image: Image, epoch: usize, index: usize) -> Image {
        let steps = self.transforms.iter().enumerate();
        steps.fold(image, |image, (step, transform)| {
            // A generator of its own: one transform's values never change what
            // another one draws.
            let mut rng = image_rng(self.seed, epoch, index, step);
            transform.change(image, &self.network, &mut rng)
        })
    }

    /// Whether the first transform is a crop that every image gets: it is to
    /// choose from the whole picture as it was decoded. Without one, a loader
    /// hands over what validation sees, a photo's middle: a
    /// [`Resize`](crate::transforms::Resize) of the whole would stretch it.
    pub fn begins_with_crop(&self) -> bool {
        self.transforms.first().is_some_and(Transform::always_crops)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::testing::network;
    use crate::transforms::{HorizontalFlip, RandomResizedCrop, Resize, Shift};

    fn image() -> Image {
        Image::new([8, 8], (0..8 * 8 * 3).map(|value| value as u8).collect())
    }

    #[test]
    fn an_image_depends_on_seed_epoch_and_index_only() {
        let transforms = vec![
            Transform::Shift(Shift {
                limit: 0.25,
                ..Shift::default()
            }),
            Transform::HorizontalFlip(HorizontalFlip::default()),
        ];
        let augmentation = Augmentation::new(transforms, &network(), 5).unwrap();
        assert!(!augmentation.begins_with_crop());
        let apply = |epoch, index| augmentation.apply(image(), epoch, index);
        assert_eq!(apply(0, 3), apply(0, 3));
        let distinct: HashSet<_> = (0..40).map(|epoch| apply(epoch, 3).pixels).collect();
        assert!(distinct.len() > 10, "{}", distinct.len());
    }

    #[test]
    fn no_transform_changes_nothing() {
        let augmentation = Augmentation::new(vec![], &network(), 0).unwrap();
        assert_eq!(augmentation.apply(image(), 1, 2), image());
        assert!(!augmentation.begins_with_crop());
    }

    #[test]
    fn a_crop_gives_the_network_s_size() {
        let crop = |probability| {
            Transform::RandomResizedCrop(RandomResizedCrop {
                probability,
                ..RandomResizedCrop::default()
            })
        };
        let augmentation = Augmentation::new(vec![crop(1.0)], &network(), 0).unwrap();
        assert!(augmentation.begins_with_crop());
        assert_eq!(augmentation.apply(image(), 0, 0).size(), [24, 20]);
        let sometimes = Augmentation::new(vec![crop(0.5)], &network(), 0).unwrap();
        assert!(!sometimes.begins_with_crop());
        // It would not choose, but stretch.
        let resize = vec![Transform::Resize(Resize {}), crop(1.0)];
        let resized = Augmentation::new(resize, &network(), 0).unwrap();
        assert!(!resized.begins_with_crop());
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_place() {
        let flip = |probability| Transform::HorizontalFlip(HorizontalFlip { probability });
        let error = Augmentation::new(vec![flip(0.5), flip(1.5)], &network(), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "augment[1] (horizontal_flip): probability = 1.5 is out of range, expected 0 to 1"
        );
        assert!(error.hint().unwrap().contains("0 to 1"));
    }
}
