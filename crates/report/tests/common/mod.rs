//! An evaluation that was made up.

use contract::Superclasses;
use image::RgbImage;
use metrics::{Calibration, Evaluation, Headline, ImageScores, RunningEvaluation};
use report::{Curve, CurvePlot, EvaluationPage, Picture, ScaledCalibration};

/// A class name that would break a page that does not escape.
pub const HOSTILE: &str = "</script><script>console.error('\"&amp;')</script>";

/// Everything that an [`EvaluationPage`] borrows.
pub struct Sample {
    pub evaluation: Evaluation,
    headline: Headline,
    superclasses: Option<Superclasses>,
    calibration: Calibration,
    scaled: ScaledCalibration,
    curves: Vec<CurvePlot>,
    pictures: Vec<Picture>,
    findings: Vec<String>,
}

impl Sample {
    /// `images` images of `classes` classes; class 1 is called [`HOSTILE`].
    /// With `superclasses`, every five classes form one. Class `c` is taken for
    /// the next one in about one of `c % 7 + 2` images, else it is right.
    pub fn new(classes: usize, images: usize, superclasses: bool) -> Self {
        let mut names: Vec<String> = (0..classes).map(|c| format!("class_{c}")).collect();
        names[1] = HOSTILE.to_owned();
        let labels: Vec<usize> = (0..images).map(|i| i % classes).collect();
        let mut logits = vec![0.0; images * classes];
        for (i, &label) in labels.iter().enumerate() {
            let wrong = (i / classes).is_multiple_of(label % 7 + 2);
            let predicted = if wrong { (label + 1) % classes } else { label };
            logits[i * classes + predicted] = 2.0 + (i % 7) as f32;
        }
        let mut running = RunningEvaluation::new(&names);
        for (row, &label) in logits.chunks_exact(classes).zip(&labels) {
            running.add(row, label);
        }
        let superclasses = superclasses.then(|| Superclasses {
            names: (0..classes.div_ceil(5))
                .map(|g| format!("group_{g}"))
                .collect(),
            of_class: (0..classes).map(|class| class / 5).collect(),
        });
        let superclass_of = superclasses
            .as_ref()
            .map(|groups| groups.of_class.as_slice());
        let scores = ImageScores::of_images(&logits, &labels, 1.0);
        let scaled = ImageScores::of_images(&logits, &labels, 1.5);
        Self {
            headline: Headline::new(&scores, classes, superclass_of, 0),
            superclasses,
            calibration: Calibration::new(&scores),
            scaled: ScaledCalibration {
                temperature: 1.5,
                calibration: Calibration::new(&scaled),
            },
            evaluation: running.finish(),
            curves: vec![CurvePlot {
                title: "Loss".into(),
                y_label: "cross-entropy".into(),
                curves: vec![Curve {
                    label: HOSTILE.into(),
                    points: vec![(1.0, 2.0), (2.0, 1.0)],
                }],
            }],
            pictures: (0..24).map(|i| picture(i, &names)).collect(),
            findings: vec![format!("nothing predicts {HOSTILE}"), "overfitting".into()],
        }
    }

    /// The page that shows it all.
    pub fn page(&self) -> EvaluationPage<'_> {
        EvaluationPage {
            title: HOSTILE,
            facts: &[],
            findings: &self.findings,
            headline: &self.headline,
            evaluation: &self.evaluation,
            superclasses: self.superclasses.as_ref(),
            calibration: &self.calibration,
            scaled: Some(&self.scaled),
            curves: &self.curves,
            grid: &self.pictures[..16],
            errors: &self.pictures,
            confident_errors: &self.pictures,
        }
    }
}

/// A photo of noise, which compresses worst.
fn picture(seed: u32, names: &[String]) -> Picture {
    let mut state = seed;
    let pixels = RgbImage::from_fn(300, 200, |_, _| {
        image::Rgb([(); 3].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    Picture {
        pixels,
        name: format!("{HOSTILE}/{seed}.jpg"),
        label: names[1].clone(),
        predicted: names[seed as usize % 2].clone(),
        confidence: 0.875,
    }
}
