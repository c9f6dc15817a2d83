//! Pixels on their way to the device.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use contract::Preprocessing;

/// Pixels of a batch of images of the network's size.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// Normalised, `[images, 3, height, width]`: what the network takes.
    Normalised(Vec<f32>),
    /// Levels 0 to 255, `[images, height, width, 3]`: a quarter of the bytes to
    /// upload, normalised on the device.
    Levels(Vec<u8>),
}

impl Pixels {
    /// How many values there are: three a pixel.
    pub fn len(&self) -> usize {
        match self {
            Self::Normalised(pixels) => pixels.len(),
            Self::Levels(levels) => levels.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes away and returns the values from index `at` on.
    pub fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Normalised(pixels) => Self::Normalised(pixels.split_off(at)),
            Self::Levels(levels) => Self::Levels(levels.split_off(at)),
        }
    }

    /// Moves the pixels to `device`, normalised as `preprocessing` says.
    ///
    /// # Shapes
    /// - output: `[images, 3, height, width]`
    pub fn into_tensor(self, preprocessing: &Preprocessing, device: &Device) -> Tensor<4> {
        let (height, width) = (preprocessing.height, preprocessing.width);
        let images = self.len() / (3 * height * width);
        match self {
            Self::Normalised(pixels) => {
                let data = TensorData::new(pixels, [images, 3, height, width]);
                Tensor::from_data(data, device)
            }
            Self::Levels(levels) => {
                let levels = match device.supports_dtype(DType::U8) {
                    true => bytes(levels, device),
                    false => packed_bytes(&levels, device),
                };
                // In this order: burn-fusion 0.22 gives a permutation of floats the name
                // of one of integers, which a worker on burn's flex then fails on.
                let levels = levels.reshape([images, height, width, 3]);
                let levels = levels.permute([0, 3, 1, 2]).float();
                let pixels = levels * preprocessing.scale;
                let channels = |values: [f32; 3]| {
                    Tensor::<1>::from_floats(values, device).reshape([1, 3, 1, 1])
                };
                (pixels - channels(preprocessing.mean)) / channels(preprocessing.std)
            }
        }
    }
}

/// The values of `levels`, in one dimension.
fn bytes(levels: Vec<u8>, device: &Device) -> Tensor<1, Int> {
    let count = levels.len();
    Tensor::from_data(TensorData::new(levels, [count]), (device, DType::U8))
}

/// The same where the device has no bytes (WGSL knows none): four of them travel
/// in one integer and are taken apart on the device.
fn packed_bytes(levels: &[u8], device: &Device) -> Tensor<1, Int> {
    let fours = levels.chunks(4).map(|four| {
        let mut bytes = [0; 4];
        bytes[..four.len()].copy_from_slice(four);
        i32::from_le_bytes(bytes)
    });
    let packed: Vec<i32> = fours.collect();
    let shape = [packed.len()];
    let packed = Tensor::<1, Int>::from_data(TensorData::new(packed, shape), (device, DType::I32));
    let places = [0, 8, 16, 24].map(|bits| packed.clone().bitwise_right_shift_scalar(bits));
    let levels_in_order = Tensor::stack::<2>(places.to_vec(), 1).bitwise_and_scalar(255);
    levels_in_order
        .flatten::<1>(0, 1)
        .narrow(0, 0, levels.len())
}

#[cfg(test)]
mod tests {
    use contract::{Resize, preprocess::Preprocessor};

    use super::*;

    #[test]
    fn the_device_normalises_as_the_host_does() {
        let preprocessing = Preprocessing {
            resize: Resize::OpencvCubic,
            height: 5,
            width: 4,
            scale: 1.0 / 255.0,
            mean: [0.4, 0.5, 0.6],
            std: [0.2, 0.25, 0.3],
        };
        let levels: Vec<u8> = (0..2 * 5 * 4 * 3).map(|i| (i * 37 % 256) as u8).collect();
        let host = Preprocessor::new([5, 4], &preprocessing).batch(&levels);
        let device = Device::flex();
        let host = Pixels::Normalised(host).into_tensor(&preprocessing, &device);
        let on_device = Pixels::Levels(levels).into_tensor(&preprocessing, &device);
        assert_eq!(on_device.dims(), [2, 3, 5, 4]);
        let apart = (host - on_device).abs().max().into_scalar::<f32>();
        assert!(apart < 1e-6, "{apart}");
    }

    #[test]
    fn four_bytes_in_an_integer_come_out_as_they_went_in() {
        let device = Device::flex();
        for count in [1, 3, 4, 255, 1024] {
            let levels: Vec<u8> = (0..count).map(|i| (i * 37 % 256) as u8).collect();
            let packed = packed_bytes(&levels, &device).float();
            let plain = bytes(levels, &device).float();
            assert_eq!(packed.into_data(), plain.into_data());
        }
    }
}
