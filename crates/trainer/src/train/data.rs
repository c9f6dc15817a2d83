//! What a run trains and validates on: splits, limits and the way into the network.

use contract::{
    DatasetInfo, Fit, Preprocessing, Resize, SplitInfo,
    preprocess::{self, Preprocessor},
};
use dataset::{Copies, Dataset, Split, stratified_limit};

use super::{Recipe, ResizeKind};
use crate::error::TrainError;

/// Training and validation images and how they reach the network.
#[derive(Debug, Clone)]
pub struct TrainingData {
    /// The data set's classes.
    pub classes: Vec<String>,
    /// Groups of classes, where the data set has them.
    pub superclasses: Option<contract::Superclasses>,
    /// Name, hash and split sizes, for the contract.
    pub info: DatasetInfo,
    /// Images to learn from.
    pub train: Split,
    /// Images to validate on.
    pub val: Split,
    /// Images that nothing is decided on, where the data set has them.
    pub test: Option<Split>,
    /// Height and width of the pictures that go into the graph.
    pub input: [usize; 2],
    /// How an arbitrary picture gets that size.
    pub fit: Fit,
    /// What the graph does to it.
    pub preprocessing: Preprocessing,
}

impl TrainingData {
    /// Splits `dataset` as `recipe` says. `mean` and `std` are those that the
    /// pretrained weights expect, of pixels in `[0, 1]`.
    ///
    /// # Errors
    /// A class with too few images to split, or a kernel that images of one stored
    /// size are not resized with.
    pub fn new(
        dataset: &Dataset,
        recipe: &Recipe,
        mean: [f32; 3],
        std: [f32; 3],
    ) -> Result<Self, TrainError> {
        let (train, val, split) = match &dataset.val {
            Some(val) => (dataset.train.clone(), val.clone(), None),
            None => {
                let indices = dataset.split_train(recipe.val_fraction, recipe.seed)?;
                let split = SplitInfo {
                    seed: recipe.seed,
                    val_fraction: recipe.val_fraction,
                };
                (
                    dataset.train.subset(&indices.train),
                    dataset.train.subset(&indices.val),
                    Some(split),
                )
            }
        };
        let train = stratified_limit(&train, recipe.train_limit, &dataset.classes, recipe.seed)?;
        let val = stratified_limit(&val, recipe.val_limit, &dataset.classes, recipe.seed)?;
        let size = recipe.image_size;
        let (mean, std) = match recipe.normalize {
            true => (mean, std),
            false => ([0.0; 3], [1.0; 3]),
        };
        let kernel = kernel(recipe.resize, dataset)?;
        // Sets with one stored size go into the graph as stored and are upscaled
        // there; photos are brought to the network's size first.
        let (input, fit) = match dataset.train.stored_size() {
            Some(size) => (size, Fit::Stretch),
            None => ([size, size], Fit::CenterCrop { shorter_side: size }),
        };
        Ok(Self {
            classes: dataset.classes.clone(),
            superclasses: dataset.superclasses.clone(),
            info: DatasetInfo {
                name: dataset.name.clone(),
                sha256: dataset.sha256.clone(),
                train: train.len(),
                val: val.len(),
                test: dataset.test.as_ref().map_or(0, Split::len),
                split,
                copies_together: dataset.copies == Copies::Together,
                test_fraction: dataset.test_fraction,
            },
            train,
            val,
            test: dataset.test.clone(),
            input,
            fit,
            preprocessing: Preprocessing {
                resize: kernel,
                height: size,
                width: size,
                scale: 1.0 / 255.0,
                mean,
                std,
            },
        })
    }

    /// Image `index` of `split` at the size that goes into the graph, HWC.
    ///
    /// # Errors
    /// A picture that cannot be decoded.
    pub fn picture(&self, split: &Split, index: usize) -> Result<Vec<u8>, TrainError> {
        let picture = split.image(index)?;
        if split.stored_size().is_some() {
            return Ok(picture.pixels);
        }
        let size = [picture.height, picture.width];
        Ok(preprocess::fit(
            &picture.pixels,
            size,
            &self.fit,
            self.preprocessing.resize,
            self.input,
        ))
    }

    /// [`preprocessing`](Self::preprocessing) for a network that sees images of
    /// side `size`.
    pub fn preprocessing_at(&self, size: usize) -> Preprocessing {
        Preprocessing {
            height: size,
            width: size,
            ..self.preprocessing.clone()
        }
    }

    /// The implementation of [`preprocessing`](Self::preprocessing).
    pub fn preprocessor(&self) -> Preprocessor {
        Preprocessor::new(self.input, &self.preprocessing)
    }
}

/// What resizes the pictures of `dataset`.
///
/// # Errors
/// Images of one stored size are resized in the graph, by OpenCV's kernel alone.
fn kernel(resize: ResizeKind, dataset: &Dataset) -> Result<Resize, TrainError> {
    let stored = dataset.train.stored_size();
    match (resize, stored) {
        (ResizeKind::OpencvCubic, _) | (ResizeKind::Auto, Some(_)) => Ok(Resize::OpencvCubic),
        (ResizeKind::PillowBicubic | ResizeKind::Auto, None) => Ok(Resize::PillowBicubic),
        (ResizeKind::PillowBicubic, Some([height, width])) => Err(TrainError::OutOfRange {
            key: "resize".to_owned(),
            value: Resize::PillowBicubic.to_string(),
            range: format!(
                "auto or opencv_cubic for {}, which is stored at {height}x{width}",
                dataset.name
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(train: Split) -> Dataset {
        Dataset {
            name: "shapes".to_owned(),
            classes: vec!["a".to_owned(), "b".to_owned()],
            superclasses: None,
            copies: Copies::None,
            test_fraction: None,
            train,
            val: None,
            test: None,
            sha256: "0".repeat(64),
            notes: Vec::new(),
        }
    }

    #[test]
    fn photos_are_antialiased_and_stored_sizes_go_into_the_graph() {
        let stored = dataset(Split::in_memory("shapes", [8, 8], vec![0; 192], vec![0]));
        let photos = dataset(Split::from_files("/shapes", vec!["a.jpg".into()], vec![0]));
        for (resize, of_stored, of_photos) in [
            (
                ResizeKind::Auto,
                Some(Resize::OpencvCubic),
                Resize::PillowBicubic,
            ),
            (
                ResizeKind::OpencvCubic,
                Some(Resize::OpencvCubic),
                Resize::OpencvCubic,
            ),
            (ResizeKind::PillowBicubic, None, Resize::PillowBicubic),
        ] {
            assert_eq!(kernel(resize, &stored).ok(), of_stored);
            assert_eq!(kernel(resize, &photos).unwrap(), of_photos);
        }
        let error = kernel(ResizeKind::PillowBicubic, &stored).unwrap_err();
        let line = error.to_string();
        assert!(line.contains("resize = pillow_bicubic"), "{line}");
        assert!(line.contains("shapes, which is stored at 8x8"), "{line}");
    }
}
