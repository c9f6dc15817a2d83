//! Resizing to what the network sees.

use contract::{Preprocessing, Resize as Kernel, preprocess};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Image, RandomTransform};

/// Resizes the image to the network's size by the network's kernel, so that the
/// transforms after it work at that size. No chance is involved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resize {}

/// The size that an image gets, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Height and width, in pixels.
    pub size: [usize; 2],
    /// What computes its pixels.
    pub kernel: Kernel,
}

impl Target {
    /// What `network` sees.
    pub(super) fn of(network: &Preprocessing) -> Self {
        Self {
            size: [network.height, network.width],
            kernel: network.resize,
        }
    }
}

impl RandomTransform for Resize {
    const KIND: &'static str = "resize";
    type Parameters = Target;

    fn probability(&self) -> f64 {
        1.0
    }

    fn sample(&self, _size: [usize; 2], network: &Preprocessing, _rng: &mut impl Rng) -> Target {
        Target::of(network)
    }

    fn apply(&self, image: Image, target: &Target) -> Image {
        resize(image, target)
    }
}

/// `image` as `target` says; as it is where it has that size already.
pub(super) fn resize(image: Image, &Target { size, kernel }: &Target) -> Image {
    if image.size() == size {
        return image;
    }
    let pixels = preprocess::resize(&image.pixels, image.size(), size, kernel);
    Image::new(size, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;
    use crate::testing::network;

    #[test]
    fn gives_the_network_s_size() {
        let network = network();
        let target = Resize {}.sample([5, 6], &network, &mut image_rng(0, 0, 0, 0));
        assert_eq!(target.size, [network.height, network.width]);
        let image = Image::filled([5, 6], [1, 2, 3]);
        let resized = Resize {}.apply(image.clone(), &target);
        assert_eq!(resized, Image::filled(target.size, [1, 2, 3]));
        let as_it_is = Target {
            size: [5, 6],
            ..target
        };
        assert_eq!(Resize {}.apply(image.clone(), &as_it_is), image);
    }

    #[test]
    fn the_network_s_kernel_resizes() {
        let image = Image::new([5, 6], (0..90).map(|i| (i * i) as u8).collect());
        for kernel in [Kernel::OpencvCubic, Kernel::PillowBicubic] {
            let mut network = network();
            network.resize = kernel;
            let target = Resize {}.sample([5, 6], &network, &mut image_rng(0, 0, 0, 0));
            let resized = Resize {}.apply(image.clone(), &target);
            let expected = preprocess::resize(&image.pixels, [5, 6], target.size, kernel);
            assert_eq!(resized.pixels, expected);
        }
    }
}
