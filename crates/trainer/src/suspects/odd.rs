//! Pictures that are like no other.

use super::rows::Rows;

/// Pictures that one is measured by: those most like it.
const NEIGHBOURS: usize = 10;

/// Fewer pictures say nothing of what is usual.
const FEWEST: usize = 50;

/// How far from the median, in standard deviations that the median of distances estimates, a
/// picture is odd.
const FAR: f32 = 3.0;

/// The median of distances from the median is that of a normal distribution's deviation over
/// this.
const NORMAL: f32 = 1.4826;

/// Finds the pictures whose features are far from those of their nearest neighbours, farthest
/// first.
pub(super) fn odd_ones(features: &Rows) -> Vec<usize> {
    if features.len() < FEWEST {
        return Vec::new();
    }
    let nearness = features.each(|image, similar| {
        let mut others: Vec<f32> = similar.to_vec();
        others.swap_remove(image);
        others.sort_by(|a, b| b.total_cmp(a));
        others[..NEIGHBOURS].iter().sum::<f32>() / NEIGHBOURS as f32
    });
    let usual = median(&nearness);
    let distances: Vec<f32> = nearness.iter().map(|near| (near - usual).abs()).collect();
    let limit = usual - FAR * NORMAL * median(&distances);
    let mut odd: Vec<usize> = (0..nearness.len())
        .filter(|&image| nearness[image] < limit)
        .collect();
    odd.sort_by(|&a, &b| nearness[a].total_cmp(&nearness[b]));
    odd
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Features;

    #[test]
    fn what_is_far_from_all_is_odd() {
        // Two bundles of directions, and one of its own.
        let mut values = Vec::new();
        for image in 0..60 {
            let wobble = (image as f32 * 0.37).sin() * 0.1;
            let bundle = [[1.0, wobble, 0.0], [0.0, 1.0, wobble]][image % 2];
            values.extend(if image == 7 { [0.0, 0.1, -1.0] } else { bundle });
        }
        let features = Features { values, width: 3 };
        assert_eq!(odd_ones(&Rows::new(&features)), [7]);
        let few = features.subset(&[0, 1, 7]);
        assert!(odd_ones(&Rows::new(&few)).is_empty());
    }
}
