//! Whether a model is as sure as it is right.

use serde::Serialize;

use crate::ImageScores;

/// Bins of the confidence, as many as in Guo et al. 2017.
pub const RELIABILITY_BINS: usize = 15;

/// The images whose confidence lies in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Confidences in the bin are above this.
    pub lower: f64,
    /// Confidences in the bin are at most this.
    pub upper: f64,
    /// Images in the bin.
    pub images: u64,
    /// Mean confidence of these images, in `[0, 1]`; 0 without images.
    pub confidence: f64,
    /// Share of these images that are predicted right, in `[0, 1]`; 0 without images.
    pub accuracy: f64,
}

/// How well a model's probabilities agree with what happens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Mean cross-entropy in nats (negative log-likelihood).
    pub loss: f64,
    /// Mean Brier score, as in [`ImageScores::brier`], in `[0, 2]`.
    pub brier: f64,
    /// Expected calibration error, in `[0, 1]`: the mean over images of the
    /// distance between accuracy and mean confidence of the image's bin
    /// (equation 3 of Guo, Pleiss, Sun and Weinberger 2017, "On calibration of
    /// modern neural networks").
    pub ece: f64,
    /// [`RELIABILITY_BINS`] bins of equal width over the confidence: the
    /// reliability diagram.
    pub bins: Vec<ReliabilityBin>,
}

impl Calibration {
    /// The calibration on these images; without any, everything is 0.
    pub fn new(scores: &[ImageScores]) -> Self {
        let mut running = RunningCalibration::default();
        for image in scores {
            running.add(image);
        }
        running.finish()
    }
}

/// A [`Calibration`] gathered image by image, in memory that does not grow.
#[derive(Clone, Debug, Default)]
pub struct RunningCalibration {
    images: u64,
    loss: f64,
    brier: f64,
    confidence: ConfidenceTally,
}

impl RunningCalibration {
    /// Takes in one image.
    pub fn add(&mut self, image: &ImageScores) {
        self.images += 1;
        self.loss += image.loss;
        self.brier += image.brier;
        self.confidence.add(image);
    }

    /// The calibration on all images taken in; without any, everything is 0.
    pub fn finish(self) -> Calibration {
        let count = self.images.max(1) as f64;
        Calibration {
            loss: self.loss / count,
            brier: self.brier / count,
            ece: self.confidence.ece(),
            bins: self.confidence.bins(),
        }
    }
}

/// Sums of the images in each bin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConfidenceTally {
    images: [u64; RELIABILITY_BINS],
    correct: [u64; RELIABILITY_BINS],
    confidence: [f64; RELIABILITY_BINS],
}

impl ConfidenceTally {
    pub(crate) fn add(&mut self, image: &ImageScores) {
        let bin = bin_of(image.confidence);
        self.images[bin] += 1;
        self.correct[bin] += u64::from(image.is_correct());
        self.confidence[bin] += image.confidence;
    }

    pub(crate) fn ece(&self) -> f64 {
        let images: u64 = self.images.iter().sum();
        // |accuracy - confidence| of a bin, times its images.
        let gaps = self.correct.iter().zip(&self.confidence);
        let sum: f64 = gaps.map(|(&right, sure)| (right as f64 - sure).abs()).sum();
        sum / images.max(1) as f64
    }

    fn bins(&self) -> Vec<ReliabilityBin> {
        let bin = |bin: usize| {
            let images = self.images[bin].max(1) as f64;
            ReliabilityBin {
                lower: edge(bin),
                upper: edge(bin + 1),
                images: self.images[bin],
                confidence: self.confidence[bin] / images,
                accuracy: self.correct[bin] as f64 / images,
            }
        };
        (0..RELIABILITY_BINS).map(bin).collect()
    }
}

/// Lower edge of a bin.
fn edge(bin: usize) -> f64 {
    bin as f64 / RELIABILITY_BINS as f64
}

/// The bin whose upper edge is the first not below `confidence`; NaN goes to
/// the first, where it makes the error NaN too.
fn bin_of(confidence: f64) -> usize {
    (0..RELIABILITY_BINS)
        .find(|&bin| confidence <= edge(bin + 1))
        .unwrap_or(if confidence.is_nan() {
            0
        } else {
            RELIABILITY_BINS - 1
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn image(confidence: f64, correct: bool) -> ImageScores {
        ImageScores {
            label: 0,
            predicted: usize::from(!correct),
            in_top5: true,
            loss: 0.5,
            brier: 0.25,
            confidence,
        }
    }

    #[test]
    fn an_edge_belongs_to_the_bin_below_it() {
        assert_eq!(bin_of(0.0), 0);
        assert_eq!(bin_of(edge(1)), 0);
        assert_eq!(bin_of(edge(1) + 1e-12), 1);
        assert_eq!(bin_of(1.0), 14);
        assert_eq!(bin_of(1.0 + 1e-15), 14);
    }

    #[test]
    fn two_bins_by_hand() {
        // Sure and right in 1 of 2, and unsure and right in 1 of 1.
        let images = [image(0.9, true), image(0.9, false), image(0.3, true)];
        let calibration = Calibration::new(&images);
        // (2 |0.5 - 0.9| + 1 |1 - 0.3|) / 3
        assert!((calibration.ece - 0.5).abs() < 1e-12);
        let bin = calibration.bins[13];
        assert_eq!((bin.images, bin.accuracy), (2, 0.5));
        assert!((bin.confidence - 0.9).abs() < 1e-12);
        assert_eq!((calibration.loss, calibration.brier), (0.5, 0.25));
    }

    #[test]
    fn no_images_give_zeros_and_nan_shows() {
        let nothing = Calibration::new(&[]);
        assert_eq!((nothing.ece, nothing.loss, nothing.brier), (0.0, 0.0, 0.0));
        assert!(Calibration::new(&[image(f64::NAN, true)]).ece.is_nan());
    }

    proptest! {
        #[test]
        fn the_error_is_a_share_and_the_bins_hold_all_images(
            images in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 1..200),
        ) {
            let scores: Vec<_> = images.iter().map(|&(p, right)| image(p, right)).collect();
            let calibration = Calibration::new(&scores);
            prop_assert!((0.0..=1.0).contains(&calibration.ece));
            let counted: u64 = calibration.bins.iter().map(|bin| bin.images).sum();
            prop_assert_eq!(counted, images.len() as u64);
            for bin in calibration.bins.iter().filter(|bin| bin.images > 0) {
                prop_assert!(bin.lower - 1e-9 <= bin.confidence && bin.confidence <= bin.upper + 1e-9);
            }
            // The error of all images in one bin is the least that there can be.
            let right = images.iter().filter(|image| image.1).count() as f64;
            let sure: f64 = images.iter().map(|image| image.0).sum();
            prop_assert!(calibration.ece >= (right - sure).abs() / images.len() as f64 - 1e-12);
        }
    }
}
