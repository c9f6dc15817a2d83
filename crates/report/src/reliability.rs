//! The reliability diagram: accuracy by confidence.

use std::path::Path;

use metrics::{Calibration, ReliabilityBin};
use plotters::prelude::{DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, Drawn, Point};
use crate::error::ReportError;
use crate::output;
use crate::text::{self, INK};

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 960);
const LEFT: f64 = 96.0;
const SIDE: f64 = 660.0;
const TOP: f64 = 130.0;
/// The strip below the diagram that shows how many images a bin holds.
const STRIP: f64 = 70.0;
const STRIP_TOP: f64 = TOP + SIDE + 16.0;
const BAR: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const SCALED: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const GRID: RGBColor = RGBColor(0xe3, 0xe3, 0xe3);
const DIAGONAL: RGBColor = RGBColor(0x88, 0x88, 0x88);

/// A model's calibration after temperature scaling.
#[derive(Clone, Debug)]
pub struct ScaledCalibration {
    /// What the logits are divided by, above 0.
    pub temperature: f64,
    /// The calibration of the same images at this temperature.
    pub calibration: Calibration,
}

/// Draws the reliability diagram (Guo et al. 2017) to the PNG file `path`, 900 x
/// 960 pixels: a bar up to the accuracy of each bin of confidence, the diagonal
/// on which a calibrated model lies, a point for each bin of `scaled`, and below
/// the share of the images in each bin.
///
/// # Errors
/// [`ReportError`] if the file cannot be drawn or written; the folder must exist.
pub fn write_reliability_png(
    path: &Path,
    title: &str,
    calibration: &Calibration,
    scaled: Option<&ScaledCalibration>,
) -> Result<(), ReportError> {
    let plot = Plot {
        title,
        calibration,
        scaled,
    };
    let bitmap = output::bitmap(path, SIZE, 4, |canvas| plot.draw(canvas))?;
    output::write(path, &output::encode(path, &bitmap)?)
}

/// The same as SVG text; `path` is named in errors.
pub(crate) fn svg(
    path: &Path,
    title: &str,
    calibration: &Calibration,
    scaled: Option<&ScaledCalibration>,
) -> Result<String, ReportError> {
    let plot = Plot {
        title,
        calibration,
        scaled,
    };
    output::svg(path, SIZE, |canvas| plot.draw(canvas))
}

struct Plot<'a> {
    title: &'a str,
    calibration: &'a Calibration,
    scaled: Option<&'a ScaledCalibration>,
}

/// Where a confidence and an accuracy lie in the picture.
fn at(confidence: f64, accuracy: f64) -> Point {
    (LEFT + SIDE * confidence, TOP + SIDE * (1.0 - accuracy))
}

impl Plot<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        canvas.fill(WHITE)?;
        let title = text::fit(self.title, 26.0, SIZE.0 - 40);
        let middle = f64::from(SIZE.0) / 2.0;
        canvas.text(&title, (middle, 34.0), 26.0, INK, HPos::Center)?;
        self.legend(canvas)?;
        self.grid(canvas)?;
        for bin in filled(&self.calibration.bins) {
            let (left, top) = at(bin.lower, bin.accuracy);
            let (right, bottom) = at(bin.upper, 0.0);
            canvas.rectangle((left + 1.0, top), (right - 1.0, bottom), BAR)?;
        }
        canvas.path([at(0.0, 0.0), at(1.0, 1.0)].into_iter(), DIAGONAL)?;
        if let Some(scaled) = self.scaled {
            // No line through them: bins of few images would make it jump.
            for bin in filled(&scaled.calibration.bins) {
                canvas.marker(at(bin.confidence, bin.accuracy), 0, SCALED)?;
            }
        }
        self.frame(canvas)?;
        self.strip(canvas)
    }

    /// A line for each kind of mark, beside a sample of it.
    fn legend<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        const SIZE: f64 = 18.0;
        let entry = format!("as exported: ECE {:.4}", self.calibration.ece);
        canvas.rectangle((LEFT, 66.0), (LEFT + 30.0, 82.0), BAR)?;
        canvas.text(&entry, (LEFT + 42.0, 74.0), SIZE, INK, HPos::Left)?;
        if let Some(scaled) = self.scaled {
            let entry = format!(
                "temperature {:.3}: ECE {:.4}",
                scaled.temperature, scaled.calibration.ece
            );
            canvas.marker((LEFT + 15.0, 102.0), 0, SCALED)?;
            canvas.text(&entry, (LEFT + 42.0, 102.0), SIZE, INK, HPos::Left)?;
        }
        let x = LEFT + SIDE / 2.0 + 60.0;
        canvas.path([(x, 74.0), (x + 30.0, 74.0)].into_iter(), DIAGONAL)?;
        let entry = "as sure as right";
        canvas.text(entry, (x + 42.0, 74.0), SIZE, INK, HPos::Left)
    }

    fn grid<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        for tick in 0..=5 {
            let value = f64::from(tick) / 5.0;
            let label = format!("{value:.1}");
            let (x, y) = at(value, value);
            canvas.line((x, TOP), (x, TOP + SIDE), GRID)?;
            canvas.line((LEFT, y), (LEFT + SIDE, y), GRID)?;
            canvas.text(&label, (LEFT - 12.0, y), 18.0, INK, HPos::Right)?;
            let below = STRIP_TOP + STRIP + 18.0;
            canvas.text(&label, (x, below), 18.0, INK, HPos::Center)?;
        }
        let middle = LEFT + SIDE / 2.0;
        let below = STRIP_TOP + STRIP + 50.0;
        let title = "confidence (probability of the predicted class)";
        canvas.text(title, (middle, below), 20.0, INK, HPos::Center)?;
        let beside = (34.0, TOP + SIDE / 2.0);
        canvas.upward_text("accuracy", beside, 20.0, INK, HPos::Center)
    }

    fn frame<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
        canvas.line((LEFT, TOP), (LEFT, bottom), INK)?;
        canvas.line((LEFT, bottom), (right, bottom), INK)
    }

    /// The share of the images in each bin.
    fn strip<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let bins = &self.calibration.bins;
        let images: u64 = bins.iter().map(|bin| bin.images).sum();
        let largest = bins.iter().map(|bin| bin.images).max().unwrap_or(0).max(1);
        let bottom = STRIP_TOP + STRIP;
        for bin in filled(bins) {
            let height = STRIP * bin.images as f64 / largest as f64;
            let (left, right) = (at(bin.lower, 0.0).0, at(bin.upper, 0.0).0);
            let corner = (left + 1.0, bottom - height);
            canvas.rectangle(corner, (right - 1.0, bottom), DIAGONAL)?;
        }
        canvas.line((LEFT, bottom), (LEFT + SIDE, bottom), INK)?;
        let share = 100.0 * largest as f64 / images.max(1) as f64;
        let right = LEFT + SIDE + 12.0;
        let lines = ["images; the".to_owned(), format!("tallest {share:.0} %")];
        for (line, y) in lines.iter().zip([24.0, 46.0]) {
            canvas.text(line, (right, STRIP_TOP + y), 17.0, INK, HPos::Left)?;
        }
        Ok(())
    }
}

fn filled(bins: &[ReliabilityBin]) -> impl Iterator<Item = &ReliabilityBin> {
    bins.iter()
        .filter(|bin| bin.images > 0 && bin.confidence.is_finite())
}
