//! Weights of Pillow's filters along one dimension (`precompute_coeffs` and
//! `normalize_coeffs_8bpc` of `src/libImaging/Resample.c`).

use std::ops::Range;

use super::PillowFilter;

/// Binary digits behind the point of a weight.
pub(super) const FRACTION_BITS: u32 = 22;

/// For each position of the target, how much it takes of which positions of the
/// source.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    runs: Vec<Run>,
    /// Of all positions, back to back, in 2^-22ths.
    values: Vec<i32>,
}

/// Where one position's weights are.
#[derive(Clone, Debug)]
struct Run {
    /// First position of the source.
    first: usize,
    /// In `values`.
    values: Range<usize>,
}

impl Weights {
    /// Weights of the positions `range` of a resize from `source` to `target` values.
    ///
    /// # Panics
    /// If `source` is 0 or `range` is empty.
    pub fn new(source: usize, target: usize, range: Range<usize>, filter: PillowFilter) -> Self {
        assert!(source > 0 && !range.is_empty(), "a size is 0");
        let scale = source as f64 / target as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let shrink = 1.0 / stretch;
        let mut weights = Self {
            runs: Vec::with_capacity(range.len()),
            values: Vec::new(),
        };
        for position in range {
            let centre = (position as f64 + 0.5) * scale;
            // Conversions cut off the fraction, and what is below 0.
            let first = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(source);
            let exact: Vec<f64> = (first..end)
                .map(|source| filter.at((source as f64 - centre + 0.5) * shrink))
                .collect();
            let sum: f64 = exact.iter().sum();
            let start = weights.values.len();
            weights
                .values
                .extend(exact.iter().map(|weight| fixed_point(weight / sum)));
            weights.runs.push(Run {
                first,
                values: start..weights.values.len(),
            });
        }
        weights
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Positions of the source that have a weight: all others count for nothing.
    pub fn span(&self) -> Range<usize> {
        let first = self.runs.first().map_or(0, |run| run.first);
        let end = self.runs.last().map_or(0, Run::end);
        first..end
    }

    /// For each position of the target, the first position in
    /// [`span`](Self::span) that it takes from and the weights of those from there.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let start = self.span().start;
        let runs = self.runs.iter();
        runs.map(move |run| (run.first - start, &self.values[run.values.clone()]))
    }
}

impl Run {
    fn end(&self) -> usize {
        self.first + self.values.len()
    }
}

impl PillowFilter {
    /// Distance from the centre at which the weights end, in pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// Weight at a distance from the centre.
    fn at(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Self::Bilinear | Self::Bicubic => 0.0,
        }
    }
}

/// `weight` in 2^-22ths, halves away from zero.
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << FRACTION_BITS);
    (scaled + 0.5_f64.copysign(scaled)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << FRACTION_BITS;

    fn rows(weights: &Weights) -> Vec<(usize, Vec<i32>)> {
        let start = weights.span().start;
        let rows = weights.iter();
        rows.map(|(first, values)| (start + first, values.to_vec()))
            .collect()
    }

    // By hand: four to two, the triangle over two pixels is stretched over four,
    // and its centre lies between the second and the third.
    #[test]
    fn a_reduction_by_hand() {
        let weights = Weights::new(4, 2, 0..2, PillowFilter::Bilinear);
        let sevenths = [3, 3, 1].map(|share| (f64::from(ONE * share) / 7.0).round() as i32);
        let mirrored = [1, 3, 3].map(|share| (f64::from(ONE * share) / 7.0).round() as i32);
        assert_eq!(
            rows(&weights),
            [(0, sevenths.to_vec()), (1, mirrored.to_vec())]
        );
    }

    #[test]
    fn the_same_size_is_the_identity() {
        let weights = Weights::new(5, 5, 0..5, PillowFilter::Bicubic);
        for (position, (first, values)) in rows(&weights).into_iter().enumerate() {
            for (source, value) in (first..).zip(values) {
                assert_eq!(value, if source == position { ONE } else { 0 });
            }
        }
    }

    #[test]
    fn a_range_is_a_part_of_the_whole() {
        let whole = rows(&Weights::new(50, 24, 0..24, PillowFilter::Bicubic));
        let part = Weights::new(50, 24, 5..11, PillowFilter::Bicubic);
        assert_eq!(rows(&part), whole[5..11]);
        assert_eq!(part.span(), whole[5].0..whole[10].0 + whole[10].1.len());
    }

    // Sums of a byte times a weight stay below 2^31 if magnitudes sum to less than
    // 2^31 / 2^22 / 255, with room for the half that rounds.
    #[test]
    fn sums_fit_in_32_bits() {
        for filter in [PillowFilter::Bilinear, PillowFilter::Bicubic] {
            for (source, target) in [(1, 7), (2, 512), (3, 2), (100, 99), (4000, 224), (9, 1)] {
                for (_, values) in Weights::new(source, target, 0..target, filter).iter() {
                    let magnitude: f64 = values.iter().map(|w| f64::from(w.abs())).sum();
                    assert!(magnitude / f64::from(ONE) < 2.0, "{source} to {target}");
                }
            }
        }
    }
}
