//! The answer for one image as it is printed.

use std::borrow::Cow;
use std::io;

use infer::PictureAnswer;
use serde::Serialize;

/// The answer for one image: `top`, or the `error` that it was refused with.
#[derive(Serialize)]
pub struct FileAnswer<'a> {
    /// The path as it was given or found; `-` for standard input.
    pub file: Cow<'a, str>,
    /// Whether it is an animation, whose first frame was classified.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
    /// The most probable classes, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<ClassAnswer<'a>>,
    /// Why the image was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A class and its probability.
#[derive(Serialize)]
pub struct ClassAnswer<'a> {
    /// Index in the contract's classes.
    pub index: usize,
    /// Its name.
    pub class: &'a str,
    /// In `[0, 1]`.
    pub probability: f32,
}

/// Prints answers one by one.
pub trait Writer {
    /// Prints one answer.
    ///
    /// # Errors
    /// What stdout answers.
    fn write(&mut self, answer: &FileAnswer) -> io::Result<()>;
}

impl<'a> FileAnswer<'a> {
    /// The `k` best classes of an answer, or its error.
    pub fn new(answer: &'a PictureAnswer, classes: &'a [String], k: usize) -> Self {
        let class = |(index, probability)| ClassAnswer {
            index,
            class: &classes[index],
            probability,
        };
        let (top, error) = match &answer.result {
            Ok(answer) => (answer.top(k).into_iter().map(class).collect(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Self {
            file: answer.name.to_string_lossy(),
            animated: answer.animated,
            top,
            error,
        }
    }
}
