//! Renders sample plots into a folder, to look at: `cargo run -p report
//! --example gallery -- FOLDER`.

use std::path::PathBuf;

use metrics::{ConfusionMatrix, RangeTest};
use report::{Curve, write_confusion_png, write_curves, write_learning_rate, write_range_test};

const CIFAR10: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];
/// CIFAR-100's longest and shortest, repeated.
const WORDS: [&str; 10] = [
    "sweet_pepper",
    "aquarium_fish",
    "cup",
    "lawn_mower",
    "bee",
    "caterpillar",
    "telephone",
    "willow_tree",
    "ray",
    "pickup_truck",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery FOLDER")?);
    for epochs in [0, 1, 2, 15, 300] {
        let curve = |label: &str, from: f64, to: f64, noise: f64| Curve {
            label: label.to_owned(),
            points: (1..=epochs)
                .map(|epoch| {
                    let t = f64::from(epoch);
                    let wiggle = noise * (t * 12.9898).sin();
                    (t, to + (from - to) * (-t / 4.0).exp() + wiggle)
                })
                .collect(),
        };
        let loss = [curve("train", 4.6, 0.4, 0.02), curve("val", 4.6, 0.8, 0.08)];
        let path = folder.join(format!("loss-{epochs}"));
        write_curves(
            &path,
            "EfficientNet-B0 on cifar100: loss",
            "cross-entropy",
            &loss,
        )?;
        let accuracy = [
            curve("train top-1", 0.01, 0.9, 0.01),
            curve("val top-1", 0.01, 0.78, 0.02),
            curve("train top-5", 0.05, 0.99, 0.005),
            curve("val top-5", 0.05, 0.94, 0.01),
        ];
        let path = folder.join(format!("accuracy-{epochs}"));
        write_curves(
            &path,
            "EfficientNet-B0 on cifar100: accuracy",
            "accuracy",
            &accuracy,
        )?;
    }
    for (name, warm, least) in [
        ("cosine", 500.0, 1e-6),
        ("short", 0.0, 2e-4),
        ("constant", 0.0, 1e-3),
    ] {
        let rate = |step: f64| {
            let half_cosine = 0.5 + 0.5 * (std::f64::consts::PI * step / 5000.0).cos();
            (least + (1e-3 - least) * half_cosine) * (step / warm).min(1.0)
        };
        let points: Vec<_> = (1..=5000)
            .map(|step| (f64::from(step), rate(f64::from(step))))
            .collect();
        let path = folder.join(format!("learning-rate-{name}"));
        write_learning_rate(&path, "EfficientNet-B0 on cifar100: learning rate", &points)?;
    }
    for (name, steps) in [("full", 100), ("none", 0)] {
        let mut test = RangeTest::new(1e-7, 10.0, steps);
        while let Some(rate) = test.next_rate() {
            let falling = 3.2 / (1.0 + (-2.0 * (rate.log10() + 3.0)).exp());
            let noise = 0.4 * (rate.ln() * 78.233).sin();
            test.add(4.6 - falling + noise + (rate / 0.2).powi(2));
        }
        let path = folder.join(format!("range-test-{name}"));
        write_range_test(
            &path,
            "EfficientNet-B0 on cifar100: learning-rate range test",
            &test,
        )?;
    }
    for classes in [2, 10, 20, 37, 100, 400] {
        let names: Vec<String> = (0..classes)
            .map(|i| match classes {
                2 => ["no", "yes"][i].to_owned(),
                10 => CIFAR10[i].to_owned(),
                20 => format!("{i}"),
                _ => WORDS[i % 10].to_owned() + if i < 10 { "" } else { "_2" },
            })
            .collect();
        let mut matrix = ConfusionMatrix::new(classes);
        let mut state = 7_u64;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        for label in (0..classes).filter(|label| label % 10 != 7 || classes == 100) {
            for _ in 0..100 {
                let near = (label + (random() * 4.0) as usize) % classes;
                let far = (random() * classes as f64) as usize;
                let u = random();
                let predicted = if u < 0.7 {
                    label
                } else if u < 0.9 {
                    near
                } else {
                    far
                };
                matrix.add(label, predicted);
            }
        }
        let path = folder.join(format!("confusion-{classes}.png"));
        write_confusion_png(&path, "B0 on cifar", &matrix, &names)?;
    }
    Ok(())
}
