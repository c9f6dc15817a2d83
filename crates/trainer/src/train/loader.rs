//! Batches, prepared on a thread of their own while the step runs.

use std::{ops::ControlFlow, sync::mpsc::sync_channel, thread};

use augment::{
    Augmentation, Image,
    batch::{BatchMix, SoftTarget},
    batch_rng,
};
use burn::tensor::Device;
use contract::{
    Preprocessing,
    preprocess::{Preprocessor, resize},
};
use dataset::Split;
use rayon::prelude::*;

use super::{
    Pixels, Recipe, TrainingData,
    sampler::{Draw, draws},
};
use crate::error::TrainError;

/// Batches that wait for the step: enough to hide a slow one, little memory.
const PREPARED_BATCHES: usize = 2;

/// A batch as the network takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Pixels of images of the network's size.
    pub pixels: Pixels,
    /// Class of each image.
    pub labels: Vec<usize>,
    /// What each image is to be taken for, other images mixed in.
    pub targets: Vec<SoftTarget>,
}

/// Random changes of an epoch's images.
#[derive(Debug)]
struct Changes<'a> {
    /// Of each image on its own.
    augmentation: &'a Augmentation,
    /// Of the images of a batch among each other.
    mix: &'a BatchMix,
    seed: u64,
    epoch: usize,
}

/// Turns a split into batches of images of one size.
#[derive(Debug)]
pub struct Loader<'a> {
    data: &'a TrainingData,
    split: &'a Split,
    preprocessing: Preprocessing,
    /// Whether the device normalises.
    as_levels: bool,
    /// For images of the size that goes into the graph, and of the network's.
    preprocessors: [Preprocessor; 2],
    batch_size: usize,
}

impl<'a> Loader<'a> {
    /// Batches of `batch_size` images of `split`, prepared as `data` says for
    /// a network that sees images of side `size`.
    pub fn new(data: &'a TrainingData, split: &'a Split, batch_size: usize, size: usize) -> Self {
        let preprocessing = data.preprocessing_at(size);
        Self {
            data,
            split,
            preprocessors: [data.input, [size; 2]]
                .map(|input| Preprocessor::new(input, &preprocessing)),
            preprocessing,
            as_levels: false,
            batch_size,
        }
    }

    /// Batches of the validation split for a network on `device` that is trained by `recipe`.
    pub fn validation(data: &'a TrainingData, recipe: &Recipe, device: &Device) -> Self {
        Self::new(data, &data.val, recipe.batch_size, recipe.image_size).for_device(device)
    }

    /// Leaves it to `device` to normalise if it does not share the host's
    /// memory, which spares three quarters of the upload.
    pub fn for_device(mut self, device: &Device) -> Self {
        self.as_levels = !operators::supports(device);
        self
    }

    /// What is done to the pixels before the network sees them.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// Steps in an epoch of [`shuffled`](Self::shuffled) batches.
    pub fn training_steps(&self) -> usize {
        (self.split.len() / self.batch_size).max(1)
    }

    /// Feeds the batches of `epoch`, counted from one, to `step` until it breaks,
    /// drawn and changed as `recipe` says, the first `skip` left out. An incomplete last
    /// batch is left out (unless it is the only one): batch norm over a few images is noise.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or whatever `step` returns.
    pub fn shuffled(
        &self,
        recipe: &Recipe,
        epoch: usize,
        skip: usize,
        step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        let augmentation =
            Augmentation::new(recipe.augment.clone(), &self.preprocessing, recipe.seed)?;
        let changes = Changes {
            augmentation: &augmentation,
            mix: &recipe.mix,
            seed: recipe.seed,
            epoch,
        };
        let images = self
            .split
            .len()
            .min(self.training_steps() * self.batch_size);
        let order = draws(&self.split.labels(), images, recipe, epoch);
        self.feed(&order, Some(&changes), skip, step)
    }

    /// Feeds every image to `step` in the split's order, the last batch as
    /// short as it is.
    ///
    /// # Errors
    /// A picture that cannot be decoded, or whatever `step` returns.
    pub fn in_order(
        &self,
        step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        self.feed(&Draw::each(self.split.len()), None, 0, step)
    }

    fn feed(
        &self,
        order: &[Draw],
        changes: Option<&Changes<'_>>,
        skip: usize,
        mut step: impl FnMut(Batch) -> Result<ControlFlow<()>, TrainError>,
    ) -> Result<(), TrainError> {
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(PREPARED_BATCHES);
            let prepare = move || {
                let batches = order.chunks(self.batch_size).enumerate();
                for (number, drawn) in batches.skip(skip) {
                    let batch = match changes {
                        Some(changes) => self.changed(drawn, changes, number),
                        None => self.unchanged(drawn),
                    };
                    // The receiver goes when the step breaks or fails.
                    if sender.send(batch).is_err() {
                        break;
                    }
                }
            };
            thread::Builder::new()
                .name("loader".to_owned())
                .spawn_scoped(scope, prepare)
                .map_err(TrainError::no_threads)?;
            for batch in receiver {
                if step(batch?)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn labels(&self, drawn: &[Draw]) -> Vec<usize> {
        let labels = drawn.iter().map(|draw| self.split.label(draw.index));
        labels.collect()
    }

    fn unchanged(&self, drawn: &[Draw]) -> Result<Batch, TrainError> {
        let pictures = drawn
            .par_iter()
            .map(|draw| self.data.picture(self.split, draw.index))
            .collect::<Result<Vec<_>, _>>()?;
        let labels = self.labels(drawn);
        Ok(Batch {
            pixels: self.pixels(pictures, self.data.input),
            targets: labels
                .iter()
                .map(|&label| SoftTarget {
                    label,
                    mixed_label: label,
                    lambda: 1.0,
                })
                .collect(),
            labels,
        })
    }

    fn changed(
        &self,
        drawn: &[Draw],
        changes: &Changes<'_>,
        number: usize,
    ) -> Result<Batch, TrainError> {
        let images = drawn
            .par_iter()
            .map(|&draw| self.changed_image(draw, changes))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.mixed(images, self.labels(drawn), changes, number))
    }

    /// One image after its own changes: of the size that goes into the graph,
    /// or of the network's.
    ///
    /// # Errors
    /// A picture that cannot be decoded.
    fn changed_image(&self, draw: Draw, changes: &Changes<'_>) -> Result<Image, TrainError> {
        let augmentation = changes.augmentation;
        let index = draw.index;
        let image = if augmentation.begins_with_crop() && self.split.stored_size().is_none() {
            // A crop is to choose from the whole photo.
            let picture = self.split.image(index)?;
            Image::new([picture.height, picture.width], picture.pixels)
        } else {
            Image::new(self.data.input, self.data.picture(self.split, index)?)
        };
        // Drawn again, an image is changed as one of another number would be.
        let number = index + draw.repeat * self.split.len();
        Ok(augmentation.apply(image, changes.epoch, number))
    }

    fn mixed(
        &self,
        mut images: Vec<Image>,
        labels: Vec<usize>,
        changes: &Changes<'_>,
        number: usize,
    ) -> Batch {
        let as_stored = images.iter().all(|image| image.size() == self.data.input);
        let size = if as_stored {
            self.data.input
        } else {
            self.network_size()
        };
        let kernel = self.preprocessing.resize;
        images.par_iter_mut().for_each(|image| {
            if image.size() != size {
                let pixels = resize(&image.pixels, image.size(), size, kernel);
                *image = Image::new(size, pixels);
            }
        });
        let mut rng = batch_rng(changes.seed, changes.epoch, number);
        let targets = changes
            .mix
            .sample(size, &mut rng)
            .apply(&mut images, &labels);
        let pixels = images.into_iter().map(|image| image.pixels).collect();
        Batch {
            pixels: self.pixels(pixels, size),
            labels,
            targets,
        }
    }

    fn network_size(&self) -> [usize; 2] {
        [self.preprocessing.height, self.preprocessing.width]
    }

    /// Images of `size`, that which goes into the graph or the network's.
    fn pixels(&self, mut images: Vec<Vec<u8>>, size: [usize; 2]) -> Pixels {
        let network = self.network_size();
        if !self.as_levels {
            let preprocessor = &self.preprocessors[usize::from(size != self.data.input)];
            return Pixels::Normalised(preprocessor.batch(&images.concat()));
        }
        if size != network {
            let kernel = self.preprocessing.resize;
            images
                .par_iter_mut()
                .for_each(|pixels| *pixels = resize(pixels, size, network, kernel));
        }
        Pixels::Levels(images.concat())
    }
}

#[cfg(test)]
mod tests {
    use contract::{Resize, preprocess};
    use dataset::Dataset;
    use image::RgbImage;

    use super::*;
    use crate::train::ResizeKind;

    const SIDE: usize = 32;
    const SMALLER: usize = 16;

    fn photo(index: u32) -> RgbImage {
        RgbImage::from_fn(90, 70, |x, y| {
            image::Rgb([x * y, x * x + index, y * y].map(|level| level as u8))
        })
    }

    /// Two photos, in `folder`.
    fn data(folder: &std::path::Path, resize: ResizeKind) -> TrainingData {
        let files = ["0.png", "1.png"];
        for (index, file) in (0..).zip(files) {
            photo(index).save(folder.join(file)).unwrap();
        }
        let split = Split::from_files(folder, files.map(Into::into).to_vec(), vec![0, 1]);
        let dataset = Dataset {
            name: "photos".to_owned(),
            classes: vec!["a".to_owned(), "b".to_owned()],
            superclasses: None,
            copies: dataset::Copies::None,
            test_fraction: None,
            train: split.clone(),
            val: Some(split),
            test: None,
            sha256: String::new(),
            notes: Vec::new(),
        };
        let recipe = Recipe {
            image_size: SIDE,
            resize,
            ..Recipe::default()
        };
        TrainingData::new(&dataset, &recipe, [0.5; 3], [0.25; 3]).unwrap()
    }

    /// The levels of the first photo on their way to a network of side `size`.
    fn levels(data: &TrainingData, kernel: Resize, size: usize) -> Vec<u8> {
        let photo = photo(0);
        let input = [SIDE; 2];
        let fitted = preprocess::fit(photo.as_raw(), [70, 90], &data.fit, kernel, input);
        preprocess::resize(&fitted, input, [size; 2], kernel)
    }

    #[test]
    fn every_resize_of_a_photo_is_by_the_run_s_kernel() {
        let folder = tempfile::tempdir().unwrap();
        for (resize, kernel) in [
            (ResizeKind::Auto, Resize::PillowBicubic),
            (ResizeKind::OpencvCubic, Resize::OpencvCubic),
        ] {
            let data = data(folder.path(), resize);
            assert_eq!(data.preprocessing.resize, kernel);
            for (size, as_levels) in [SIDE, SMALLER]
                .into_iter()
                .flat_map(|s| [(s, true), (s, false)])
            {
                let expected = levels(&data, kernel, size);
                let mut loader = Loader::new(&data, &data.train, 2, size);
                loader.as_levels = as_levels;
                loader
                    .in_order(|batch| {
                        match batch.pixels {
                            Pixels::Levels(found) => {
                                assert_eq!(found[..expected.len()], expected);
                            }
                            Pixels::Normalised(found) => {
                                let preprocessing = data.preprocessing_at(size);
                                let ours = Preprocessor::new([size; 2], &preprocessing);
                                let expected = ours.batch(&expected);
                                assert_eq!(found[..expected.len()], expected);
                            }
                        }
                        Ok(ControlFlow::Continue(()))
                    })
                    .unwrap();
            }
        }
    }

    #[test]
    fn a_crop_is_resized_by_the_run_s_kernel_and_so_is_what_is_not_cropped() {
        let folder = tempfile::tempdir().unwrap();
        let whole: Vec<augment::Transform> = crate::train::parse_value(
            "[{ kind = 'random_resized_crop', scale = [1, 1], ratio = [1.2857142857, 1.2857142857] }]",
        )
        .unwrap();
        let sometimes: Vec<augment::Transform> =
            crate::train::parse_value("[{ kind = 'random_resized_crop', probability = 0 }]")
                .unwrap();
        for (resize, kernel) in [
            (ResizeKind::Auto, Resize::PillowBicubic),
            (ResizeKind::OpencvCubic, Resize::OpencvCubic),
        ] {
            let data = data(folder.path(), resize);
            let photo = photo(0);
            let stretched = preprocess::resize(photo.as_raw(), [70, 90], [SMALLER; 2], kernel);
            for (augment, expected) in [
                (&whole, stretched),
                (&sometimes, levels(&data, kernel, SMALLER)),
            ] {
                let recipe = Recipe {
                    augment: augment.clone(),
                    ..Recipe::default()
                };
                let mut loader = Loader::new(&data, &data.train, 2, SMALLER);
                loader.as_levels = true;
                loader
                    .shuffled(&recipe, 1, 0, |batch| {
                        let Pixels::Levels(found) = batch.pixels else {
                            panic!("normalised on the host");
                        };
                        let place = batch.labels.iter().position(|&label| label == 0).unwrap();
                        let found = &found[place * expected.len()..][..expected.len()];
                        assert_eq!(found, expected);
                        Ok(ControlFlow::Continue(()))
                    })
                    .unwrap();
            }
        }
    }
}
