//! Mean and variance over a batch.

use pulp::Simd;

use crate::simd::{ChannelKernel, assert_shapes, for_channels, load, store};

/// Mean and variance of every channel over all positions of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Positions.
    pub count: usize,
    /// Means, `[channels]`.
    pub mean: Vec<f32>,
    /// Biased variances, `[channels]`.
    pub variance: Vec<f32>,
}

impl Moments {
    /// Puts the sums of tiles together in their order (Chan et al. 1979), in
    /// double precision.
    pub fn combine(parts: &[TileMoments]) -> Self {
        let channels = parts.first().map_or(0, |part| part.pivot.len());
        let mut count = 0.0f64;
        let mut mean = vec![0.0f64; channels];
        let mut squares = vec![0.0f64; channels];
        for part in parts {
            let rows = part.rows as f64;
            let total = count + rows;
            for channel in 0..channels {
                let shifted = f64::from(part.sum[channel]) / rows;
                let part_mean = f64::from(part.pivot[channel]) + shifted;
                let part_squares = f64::from(part.square_sum[channel]) - shifted * shifted * rows;
                let difference = part_mean - mean[channel];
                mean[channel] += difference * rows / total;
                squares[channel] += part_squares + difference * difference * count * rows / total;
            }
            count = total;
        }
        Self {
            count: count as usize,
            mean: mean.iter().map(|&mean| mean as f32).collect(),
            variance: squares
                .iter()
                .map(|&sum| (sum / count).max(0.0) as f32)
                .collect(),
        }
    }
}

/// Sums over a tile, taken relative to its first row: a variance that is small
/// against the mean then keeps its digits in single precision.
#[derive(Debug, Clone)]
pub struct TileMoments {
    rows: usize,
    pivot: Vec<f32>,
    sum: Vec<f32>,
    square_sum: Vec<f32>,
}

impl TileMoments {
    /// # Shapes
    /// - values: `[rows, channels]`, at least one row
    pub fn of(values: &[f32], channels: usize) -> Self {
        let mut moments = Self::new(values, channels);
        moments.add(values);
        moments
    }

    /// No rows yet; sums will be relative to the first row of `values`.
    pub fn new(values: &[f32], channels: usize) -> Self {
        Self {
            rows: 0,
            pivot: values[..channels].to_vec(),
            sum: vec![0.0; channels],
            square_sum: vec![0.0; channels],
        }
    }

    /// Adds rows.
    ///
    /// # Shapes
    /// - values: `[rows, channels]`
    pub fn add(&mut self, values: &[f32]) {
        let channels = self.pivot.len();
        let rows = values.len() / channels;
        for_channels(
            channels,
            &mut Sums {
                values,
                rows,
                channels,
                moments: self,
            },
        );
        self.rows += rows;
    }
}

struct Sums<'a> {
    values: &'a [f32],
    rows: usize,
    channels: usize,
    moments: &'a mut TileMoments,
}

impl ChannelKernel for Sums<'_> {
    fn check(&self, channels: usize) {
        let TileMoments {
            pivot,
            sum,
            square_sum,
            ..
        } = &*self.moments;
        assert_shapes(channels, &[self.values], &[pivot, sum, square_sum]);
        assert!(self.channels == channels && self.rows * channels <= self.values.len());
    }

    #[inline(always)]
    fn run<S: Simd, const FULL: bool>(&mut self, simd: S, channel: usize, lanes: usize) {
        let pivot = load::<S, FULL>(simd, &self.moments.pivot, channel, lanes);
        let zero = simd.splat_f32s(0.0);
        // Four chains of additions, since one would wait for each result.
        let mut sums = [zero; 4];
        let mut squares = [zero; 4];
        let mut add = |chain: usize, row: usize| {
            let at = row * self.channels + channel;
            let value = load::<S, FULL>(simd, self.values, at, lanes);
            let value = simd.sub_f32s(value, pivot);
            sums[chain] = simd.add_f32s(sums[chain], value);
            squares[chain] = simd.mul_add_e_f32s(value, value, squares[chain]);
        };
        let fours = self.rows / 4 * 4;
        for row in (0..fours).step_by(4) {
            add(0, row);
            add(1, row + 1);
            add(2, row + 2);
            add(3, row + 3);
        }
        for row in fours..self.rows {
            add(0, row);
        }
        for (chains, total) in [
            (sums, &mut self.moments.sum),
            (squares, &mut self.moments.square_sum),
        ] {
            let sum = simd.add_f32s(
                simd.add_f32s(chains[0], chains[1]),
                simd.add_f32s(chains[2], chains[3]),
            );
            let before = load::<S, FULL>(simd, total, channel, lanes);
            store::<S, FULL>(simd, total, channel, lanes, simd.add_f32s(before, sum));
        }
    }
}
