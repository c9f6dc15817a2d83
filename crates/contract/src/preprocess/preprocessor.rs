//! What the graph does to its input, on the CPU and outside of the graph.

use multiversion::multiversion;
use rayon::prelude::*;

use super::cubic::Taps;
use super::kernel;
use super::resize::{round_to_byte, weighted_sum};
use crate::{Preprocessing, Resize};

/// Values a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// Resize, scale and normalisation of images of one size: bytes `[h, w, 3]` to
/// float32 `[3, height, width]`. Training uses it; an exported graph does the
/// same steps in the same order, so that the network sees the same numbers.
///
/// ```
/// use contract::preprocess::Preprocessor;
/// use contract::{Preprocessing, Resize};
///
/// let preprocessing = Preprocessing {
///     resize: Resize::OpencvCubic,
///     height: 64,
///     width: 64,
///     scale: 1.0 / 255.0,
///     mean: [0.5; 3],
///     std: [0.5; 3],
/// };
/// let preprocessor = Preprocessor::new([8, 8], &preprocessing);
/// let batch = preprocessor.batch(&[255; 2 * 8 * 8 * 3]);
/// assert_eq!(batch.len(), 2 * 3 * 64 * 64);
/// assert!(batch.iter().all(|value| (value - 1.0).abs() < 1e-6));
/// ```
#[derive(Clone, Debug)]
pub struct Preprocessor {
    input: [usize; 2],
    output: [usize; 2],
    kernel: Resize,
    rows: Taps,
    columns: Taps,
    multiplier_and_offset: [(f32, f32); CHANNELS],
}

impl Preprocessor {
    /// For images of `input` = `[height, width]`.
    ///
    /// # Panics
    /// If a size is 0.
    pub fn new(input: [usize; 2], preprocessing: &Preprocessing) -> Self {
        let output = [preprocessing.height, preprocessing.width];
        assert!(
            input.iter().chain(&output).all(|&side| side > 0),
            "a size is 0: {input:?} to {output:?}"
        );
        Self {
            input,
            output,
            kernel: preprocessing.resize,
            rows: Taps::new(input[0], output[0], 0..output[0]),
            columns: Taps::new(input[1], output[1], 0..output[1]),
            multiplier_and_offset: [0, 1, 2]
                .map(|channel| preprocessing.multiplier_and_offset(channel)),
        }
    }

    /// Bytes of one image: height * width * 3 of the input.
    pub fn input_len(&self) -> usize {
        self.input[0] * self.input[1] * CHANNELS
    }

    /// Floats of one preprocessed image: 3 * height * width of the output.
    pub fn output_len(&self) -> usize {
        self.output[0] * self.output[1] * CHANNELS
    }

    /// Preprocesses one image: `pixels` `[h, w, 3]` in RGB order to `out`
    /// `[3, height, width]`.
    ///
    /// # Panics
    /// If `pixels` is not [`input_len`](Self::input_len) or `out` not
    /// [`output_len`](Self::output_len) long.
    pub fn run(&self, pixels: &[u8], out: &mut [f32]) {
        self.run_with(&mut self.scratch(), pixels, out);
    }

    /// Preprocesses N images that lie back to back, in parallel on rayon's
    /// threads: `[N, h, w, 3]` to `[N, 3, height, width]`.
    ///
    /// # Panics
    /// If `pixels` is not a multiple of [`input_len`](Self::input_len) long.
    pub fn batch(&self, pixels: &[u8]) -> Vec<f32> {
        let images = pixels.len() / self.input_len();
        assert_eq!(
            pixels.len(),
            images * self.input_len(),
            "bytes of a batch of {} bytes an image",
            self.input_len()
        );
        let mut out = vec![0.0; images * self.output_len()];
        out.par_chunks_exact_mut(self.output_len())
            .zip(pixels.par_chunks_exact(self.input_len()))
            .for_each_init(
                || self.scratch(),
                |scratch, (out, pixels)| self.run_with(scratch, pixels, out),
            );
        out
    }

    fn run_with(&self, scratch: &mut Scratch, pixels: &[u8], out: &mut [f32]) {
        assert_eq!(pixels.len(), self.input_len(), "bytes of an image");
        assert_eq!(out.len(), self.output_len(), "floats of an image");
        let planes = out.chunks_exact_mut(self.output[0] * self.output[1]);
        match self.kernel {
            _ if self.input == self.output => self.normalise(pixels, planes),
            Resize::OpencvCubic => {
                for (channel, plane) in planes.enumerate() {
                    resize_plane(self, scratch, pixels, channel, plane);
                }
            }
            Resize::PillowBicubic => {
                let resized = kernel::resize(pixels, self.input, self.output, self.kernel);
                self.normalise(&resized, planes);
            }
        }
    }

    /// Normalises the channels of an image that has the output's size already.
    fn normalise<'a>(&self, pixels: &[u8], planes: impl Iterator<Item = &'a mut [f32]>) {
        for (channel, plane) in planes.enumerate() {
            normalise_plane(self, pixels, channel, plane);
        }
    }

    fn scratch(&self) -> Scratch {
        if self.input == self.output {
            return Scratch::default();
        }
        Scratch {
            transposed: vec![0.0; self.input[0] * self.input[1]],
            column: vec![0.0; self.input[0]],
            wide: vec![0.0; self.input[0] * self.output[1]],
        }
    }
}

/// Memory for one channel between the steps.
#[derive(Default)]
struct Scratch {
    /// The input, `[w, h]`.
    transposed: Vec<f32>,
    /// One column of `wide`, `[h]`.
    column: Vec<f32>,
    /// Resized along the width, `[h, width]`.
    wide: Vec<f32>,
}

/// Normalises one channel of an image that has the output's size already.
#[multiversion(targets("x86_64+avx2"))]
fn normalise_plane(this: &Preprocessor, pixels: &[u8], channel: usize, out: &mut [f32]) {
    let (multiplier, offset) = this.multiplier_and_offset[channel];
    for (out, pixel) in out.iter_mut().zip(pixels.chunks_exact(CHANNELS)) {
        *out = f32::from(pixel[channel]) * multiplier + offset;
    }
}

/// [`resize_plane_portable`] compiled for the instructions that the machine has.
#[multiversion(targets("x86_64+avx2"))]
fn resize_plane(
    this: &Preprocessor,
    scratch: &mut Scratch,
    pixels: &[u8],
    channel: usize,
    out: &mut [f32],
) {
    resize_plane_portable(this, scratch, pixels, channel, out);
}

/// Resizes and normalises one channel.
#[inline(always)]
fn resize_plane_portable(
    this: &Preprocessor,
    scratch: &mut Scratch,
    pixels: &[u8],
    channel: usize,
    out: &mut [f32],
) {
    let [height, width] = this.input;
    let out_width = this.output[1];
    let Scratch {
        transposed,
        column,
        wide,
    } = scratch;

    // Transposed, the columns lie in memory as the vectors that the first pass sums.
    for (y, row) in pixels.chunks_exact(width * CHANNELS).enumerate() {
        for (x, pixel) in row.chunks_exact(CHANNELS).enumerate() {
            transposed[x * height + y] = f32::from(pixel[channel]);
        }
    }
    for (x, (neighbours, weights)) in this.columns.iter().enumerate() {
        let [a, b, c, d] = neighbours.map(|source| &transposed[source * height..][..height]);
        for ((((out, a), b), c), d) in column.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = weighted_sum(weights, [*a, *b, *c, *d]);
        }
        for (row, value) in wide.chunks_exact_mut(out_width).zip(&*column) {
            row[x] = *value;
        }
    }

    let (multiplier, offset) = this.multiplier_and_offset[channel];
    for (out, (neighbours, weights)) in out.chunks_exact_mut(out_width).zip(this.rows.iter()) {
        let [a, b, c, d] = neighbours.map(|source| &wide[source * out_width..][..out_width]);
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            let level = round_to_byte(weighted_sum(weights, [*a, *b, *c, *d]));
            *out = level * multiplier + offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preprocess::resize;

    fn preprocessing([height, width]: [usize; 2]) -> Preprocessing {
        Preprocessing {
            resize: Resize::OpencvCubic,
            height,
            width,
            scale: 1.0 / 255.0,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
        }
    }

    #[test]
    fn a_plain_picture_by_hand() {
        let preprocessor = Preprocessor::new([4, 4], &preprocessing([4, 4]));
        let out = preprocessor.batch(&[[255, 0, 51]; 16].concat());
        for (channel, expected) in [
            (1.0 - 0.485) / 0.229,
            (0.0 - 0.456) / 0.224,
            (0.2 - 0.406) / 0.225,
        ]
        .into_iter()
        .enumerate()
        {
            for value in &out[channel * 16..][..16] {
                assert!((value - expected).abs() < 1e-6, "{value} for {expected}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "bytes of a batch")]
    fn a_part_of_an_image_is_refused() {
        Preprocessor::new([4, 4], &preprocessing([8, 8])).batch(&[0; 47]);
    }

    proptest! {
        // Bit for bit what resizing to bytes and normalising gives, in any batch.
        #[test]
        fn a_batch_is_resize_then_normalise(
            input in [1..12_usize, 1..12], output in [1..40_usize, 1..40],
            images in 0..3_usize, seed in any::<u64>(), pillow in any::<bool>()
        ) {
            let mut preprocessing = preprocessing(output);
            if pillow {
                preprocessing.resize = Resize::PillowBicubic;
            }
            let preprocessor = Preprocessor::new(input, &preprocessing);
            let pixels: Vec<u8> = (0..(images * preprocessor.input_len()) as u64)
                .map(|i| (seed.wrapping_mul(i + 1) >> 40) as u8)
                .collect();
            let batch = preprocessor.batch(&pixels);
            prop_assert_eq!(batch.len(), images * preprocessor.output_len());
            for (image, out) in pixels
                .chunks_exact(preprocessor.input_len())
                .zip(batch.chunks_exact(preprocessor.output_len()))
            {
                let resized = resize(image, input, output, preprocessing.resize);
                for (channel, plane) in out.chunks_exact(output[0] * output[1]).enumerate() {
                    let (multiplier, offset) = preprocessing.multiplier_and_offset(channel);
                    for (pixel, value) in resized.chunks_exact(CHANNELS).zip(plane) {
                        prop_assert_eq!(*value, f32::from(pixel[channel]) * multiplier + offset);
                    }
                }
            }
        }

        #[test]
        fn every_processor_gives_the_same(seed in any::<u64>()) {
            let preprocessor = Preprocessor::new([13, 11], &preprocessing([37, 41]));
            let pixels: Vec<u8> = (0..preprocessor.input_len() as u64)
                .map(|i| (seed.wrapping_mul(i + 1) >> 40) as u8)
                .collect();
            let dispatched = preprocessor.batch(&pixels);
            let mut plain = vec![0.0; preprocessor.output_len()];
            let mut scratch = preprocessor.scratch();
            for (channel, plane) in plain.chunks_exact_mut(37 * 41).enumerate() {
                resize_plane_portable(&preprocessor, &mut scratch, &pixels, channel, plane);
            }
            prop_assert_eq!(dispatched, plain);
        }
    }
}
