//! Brings a picture of any size to the model's input size.

use super::Rectangle;
use super::kernel::{resize, resize_window};
use crate::{Fit, Resize};

/// Values a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// Brings an RGB picture to the input size, as the contract's [`Fit`] says, by its
/// `kernel`.
///
/// `pixels` is `[height, width, 3]`, `size` its `[height, width]`, `input` the
/// model's. Gives `[input height, input width, 3]`.
///
/// - [`Fit::Stretch`]: resized straight to the input size; a picture of that size
///   already is not changed.
/// - [`Fit::CenterCrop`]: resized so that the shorter side has `shorter_side`
///   pixels (the other is rounded), then the centre is cut out; of an odd
///   margin the larger half is at the bottom or right.
///
/// # Panics
/// If a size is 0, `pixels` is not height * width * 3 long, or `shorter_side`
/// is smaller than the input (a valid contract's is not).
pub fn fit(
    pixels: &[u8],
    size: [usize; 2],
    fit: &Fit,
    kernel: Resize,
    input: [usize; 2],
) -> Vec<u8> {
    match *fit {
        Fit::Stretch if size == input => {
            assert_eq!(pixels.len(), size[0] * size[1] * CHANNELS);
            pixels.to_vec()
        }
        Fit::Stretch => resize(pixels, size, input, kernel),
        Fit::CenterCrop { shorter_side } => {
            let resized = with_shorter_side(size, shorter_side);
            let [top, left] = [0, 1].map(|axis| {
                assert!(
                    input[axis] <= resized[axis],
                    "an input of {input:?} does not fit in {resized:?}"
                );
                (resized[axis] - input[axis]) / 2
            });
            let centre = Rectangle {
                top,
                left,
                height: input[0],
                width: input[1],
            };
            // Only that is computed: a panorama's resized whole may not fit in memory.
            resize_window(pixels, size, resized, centre, kernel)
        }
    }
}

/// `size` scaled so that its shorter side is `shorter_side`, the other rounded.
fn with_shorter_side(size: [usize; 2], shorter_side: usize) -> [usize; 2] {
    let shorter = size[0].min(size[1]);
    assert!(shorter > 0, "a picture of {size:?} is empty");
    size.map(|side| (side * shorter_side + shorter / 2) / shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNELS: [Resize; 2] = [Resize::OpencvCubic, Resize::PillowBicubic];

    fn picture([height, width]: [usize; 2]) -> Vec<u8> {
        let pixels = 0..height * width * CHANNELS;
        pixels.map(|i| (i * i % 253) as u8).collect()
    }

    #[test]
    fn stretch_of_the_input_size_changes_nothing() {
        let pixels = picture([5, 7]);
        for kernel in KERNELS {
            let same = fit(&pixels, [5, 7], &Fit::Stretch, kernel, [5, 7]);
            assert_eq!(same, pixels);
        }
    }

    #[test]
    fn stretch_is_a_resize() {
        let pixels = picture([5, 9]);
        for kernel in KERNELS {
            let expected = resize(&pixels, [5, 9], [8, 8], kernel);
            let stretched = fit(&pixels, [5, 9], &Fit::Stretch, kernel, [8, 8]);
            assert_eq!(stretched, expected);
        }
    }

    #[test]
    fn center_crop_is_a_resize_and_a_crop() {
        for (size, resized, corner) in [
            ([20, 31], [12, 19], [1, 4]),
            ([31, 20], [19, 12], [4, 1]),
            ([9, 9], [12, 12], [1, 1]),
            ([90, 120], [12, 16], [1, 3]),
        ] {
            for kernel in KERNELS {
                let pixels = picture(size);
                let whole = resize(&pixels, size, resized, kernel);
                let expected: Vec<u8> = (corner[0]..corner[0] + 10)
                    .flat_map(|y| {
                        &whole[(y * resized[1] + corner[1]) * CHANNELS..][..10 * CHANNELS]
                    })
                    .copied()
                    .collect();
                let crop = Fit::CenterCrop { shorter_side: 12 };
                let cut = fit(&pixels, size, &crop, kernel, [10, 10]);
                assert_eq!(cut, expected, "{size:?} {kernel:?}");
            }
        }
    }

    #[test]
    fn a_panorama_is_cut_without_computing_it_whole() {
        let crop = Fit::CenterCrop { shorter_side: 256 };
        for size in [[1, 100_000], [100_000, 1]] {
            for kernel in KERNELS {
                let out = fit(&picture(size), size, &crop, kernel, [224, 224]);
                assert_eq!(out.len(), 224 * 224 * CHANNELS);
            }
        }
    }

    #[test]
    fn the_shorter_side_decides() {
        assert_eq!(with_shorter_side([480, 640], 256), [256, 341]);
        assert_eq!(with_shorter_side([640, 480], 256), [341, 256]);
        assert_eq!(with_shorter_side([100, 100], 256), [256, 256]);
        assert_eq!(with_shorter_side([3, 5], 4), [4, 7]); // 6.67
    }
}
