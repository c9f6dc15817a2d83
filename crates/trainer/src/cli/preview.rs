//! `trainer preview`: what the network will see, as a picture.

use std::{ops::ControlFlow, path::PathBuf, process::ExitCode};

use augment::batch::SoftTarget;
use clap::Args;
use contract::Preprocessing;
use dataset::Source;
use image::RgbImage;
use report::Tile;
use trainer::train::{Batch, Loader, Pixels, TrainingData};

use super::{locations::DatasetArguments, output::print, overrides::RecipeArguments};

/// Columns of the sheet.
const COLUMNS: usize = 8;

/// For data sets that are looked at before there are weights.
const MEAN: [f32; 3] = [0.5; 3];
const STD: [f32; 3] = [0.25; 3];

#[derive(Debug, Args)]
pub struct PreviewArguments {
    /// The PNG file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Images to show
    #[arg(long, value_name = "N", default_value_t = 32)]
    count: usize,
    /// Epoch whose changes are shown, counted from one
    #[arg(long, value_name = "N", default_value_t = 1)]
    epoch: usize,
    #[command(flatten)]
    dataset: DatasetArguments,
    #[command(flatten)]
    recipe: RecipeArguments,
}

pub fn run(arguments: &PreviewArguments) -> anyhow::Result<ExitCode> {
    let dataset = arguments.dataset.open(&Source::Digits, None)?;
    let source = arguments
        .dataset
        .dataset
        .as_ref()
        .unwrap_or(&Source::Digits);
    let recipe = arguments.recipe.resolve(source, &dataset, false)?.recipe;
    let data = TrainingData::new(&dataset, &recipe, MEAN, STD)?;
    let size = recipe.image_size_in(arguments.epoch);
    let network = data.preprocessing_at(size);
    let loader = Loader::new(&data, &data.train, recipe.batch_size, size);
    let mut tiles = Vec::new();
    loader.shuffled(&recipe, arguments.epoch, 0, |batch| {
        tiles.extend(pictures(&batch, &network, &data.classes));
        Ok(match tiles.len() < arguments.count {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    })?;
    tiles.truncate(arguments.count);
    let title = format!(
        "{}, epoch {}: what the network sees at {size} px",
        dataset.name, arguments.epoch
    );
    report::write_contact_sheet_png(&arguments.out, &title, &tiles, COLUMNS)?;
    print(arguments.out.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// A batch's pixels as they go into the network, made visible again.
fn pictures(batch: &Batch, network: &Preprocessing, classes: &[String]) -> Vec<Tile> {
    let positions = network.height * network.width;
    let byte = |value: f32, channel: usize| -> u8 {
        let pixel = value * network.std[channel] + network.mean[channel];
        (pixel / network.scale).round().clamp(0.0, 255.0) as u8
    };
    let Pixels::Normalised(pixels) = &batch.pixels else {
        unreachable!("the loader was not told of another device");
    };
    pixels
        .chunks(3 * positions)
        .zip(&batch.targets)
        .map(|(planes, target)| Tile {
            image: RgbImage::from_fn(network.width as u32, network.height as u32, |x, y| {
                let at = y as usize * network.width + x as usize;
                image::Rgb([0, 1, 2].map(|channel| byte(planes[channel * positions + at], channel)))
            }),
            caption: caption(target, classes),
        })
        .collect()
}

fn caption(target: &SoftTarget, classes: &[String]) -> String {
    let name = |label: usize| classes.get(label).map_or("?", String::as_str);
    let (label, mixed) = (name(target.label), name(target.mixed_label));
    if target.lambda >= 1.0 || target.label == target.mixed_label {
        return label.to_owned();
    }
    format!("{label} {:.0} %, {mixed}", 100.0 * target.lambda)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_name_what_is_mixed() {
        let classes = ["cat".to_owned(), "dog".to_owned()];
        let target = |mixed_label, lambda| SoftTarget {
            label: 0,
            mixed_label,
            lambda,
        };
        assert_eq!(caption(&target(1, 1.0), &classes), "cat");
        assert_eq!(caption(&target(0, 0.3), &classes), "cat");
        assert_eq!(caption(&target(1, 0.75), &classes), "cat 75 %, dog");
    }
}
