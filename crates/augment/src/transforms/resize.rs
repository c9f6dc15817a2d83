//! Resizing to what the network sees.

use contract::{Preprocessing, preprocess};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::image::CHANNELS;
use crate::{Image, RandomTransform};

/// Resizes the image to the network's size as the exported graph does
/// (`cv2.INTER_CUBIC`), so that the transforms after it work at that size. No
/// chance is involved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resize {}

impl RandomTransform for Resize {
    const KIND: &'static str = "resize";
    /// Height and width of the result.
    type Parameters = [usize; 2];

    fn probability(&self) -> f64 {
        1.0
    }

    fn sample(
        &self,
        _size: [usize; 2],
        network: &Preprocessing,
        _rng: &mut impl Rng,
    ) -> [usize; 2] {
        [network.height, network.width]
    }

    fn apply(&self, image: Image, &size: &[usize; 2]) -> Image {
        resize(image, size)
    }
}

/// `image` at `size`; as it is where it has that size already.
pub(super) fn resize(image: Image, size: [usize; 2]) -> Image {
    if image.size() == size {
        return image;
    }
    let pixels = preprocess::resize_cubic(&image.pixels, image.size(), CHANNELS, size);
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
        let size = Resize {}.sample([5, 6], &network, &mut image_rng(0, 0, 0, 0));
        assert_eq!(size, [network.height, network.width]);
        let image = Image::filled([5, 6], [1, 2, 3]);
        let resized = Resize {}.apply(image.clone(), &size);
        assert_eq!(resized, Image::filled(size, [1, 2, 3]));
        assert_eq!(Resize {}.apply(image.clone(), &[5, 6]), image);
    }
}
