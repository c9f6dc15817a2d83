//! The two passes of a resize, along the width and along the height, each rounded
//! to bytes.

use multiversion::multiversion;

use super::CHANNELS;
use super::rows::Rows;
use super::transpose::{LANES, transpose, transpose_back};
use super::weights::{FRACTION_BITS, Weights};

/// Half a level, which makes the shift that cuts off the fraction round.
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// Resizes rows of RGB pixels, those of the span of `columns`, along the width. Gives
/// as many rows, back to back.
///
/// A block of rows is turned on its side, so that what is left and right of each
/// other lies above and below, and goes through the pass along the height.
pub(super) fn across(rows: &Rows<'_>, columns: &Weights) -> Vec<u8> {
    let width = columns.len() * CHANNELS;
    let mut out = vec![0; rows.count * width];
    let mut block = vec![[0; LANES]; rows.length];
    let mut resized = vec![[0; LANES]; width];
    for (number, out) in out.chunks_mut(LANES * width).enumerate() {
        // An incomplete block is filled up with the last row.
        let line = |lane: usize| rows.row((number * LANES + lane).min(rows.count - 1));
        transpose(&std::array::from_fn(line), &mut block);
        let turned = Rows::contiguous(block.as_flattened(), CHANNELS * LANES);
        down_into(&turned, columns, resized.as_flattened_mut());
        transpose_back(&resized, out);
    }
    out
}

/// Resizes rows, those of the span of `weights`, along the height. Gives one row for
/// each of the weights' positions, back to back.
pub(super) fn down(rows: &Rows<'_>, weights: &Weights) -> Vec<u8> {
    let mut out = vec![0; weights.len() * rows.length];
    down_into(rows, weights, &mut out);
    out
}

/// [`down_portable`] compiled for the instructions that the machine has.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn down_into(rows: &Rows<'_>, weights: &Weights, out: &mut [u8]) {
    down_portable(rows, weights, out);
}

/// The pass along the height. Its sums are of integers, which every order gives alike.
#[inline(always)]
fn down_portable(rows: &Rows<'_>, weights: &Weights, out: &mut [u8]) {
    for (out, (first, weights)) in out.chunks_exact_mut(rows.length).zip(weights.iter()) {
        let (whole, rest) = out.as_chunks_mut::<LANES>();
        let rest_at = whole.len() * LANES;
        for (place, out) in whole.iter_mut().enumerate() {
            let mut sums = [HALF; LANES];
            for (row, weight) in (first..).zip(weights) {
                let values = &rows.row(row)[place * LANES..][..LANES];
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += weight * i32::from(*value);
                }
            }
            *out = sums.map(to_byte);
        }
        for (place, out) in (rest_at..).zip(rest) {
            let products = (first..).zip(weights);
            *out = to_byte(products.fold(HALF, |sum, (row, weight)| {
                sum + weight * i32::from(rows.row(row)[place])
            }));
        }
    }
}

/// The level of a sum that has [`HALF`] in it.
#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::preprocess::PillowFilter;

    proptest! {
        #[test]
        fn every_processor_gives_the_same(
            source in 1..90_usize, target in 1..90_usize, length in 1..100_usize,
            seed in any::<u64>(), bicubic in any::<bool>()
        ) {
            let filter = if bicubic { PillowFilter::Bicubic } else { PillowFilter::Bilinear };
            let weights = Weights::new(source, target, 0..target, filter);
            let bytes: Vec<u8> = (0..(weights.span().len() * length) as u64)
                .map(|i| (seed.wrapping_mul(i + 1) >> 40) as u8)
                .collect();
            let rows = Rows::contiguous(&bytes, length);
            let mut plain = vec![0; target * length];
            down_portable(&rows, &weights, &mut plain);
            prop_assert_eq!(down(&rows, &weights), plain);
        }
    }
}
