//! The requests of a load, and what is to be answered.

use std::path::Path;

use dataset::Split;
use image::{ImageFormat, RgbImage};
use infer::{Classification, Classifier, Device};
use serde_json::{Value, json};

use super::Result;

/// Images that are sent in turn.
const IMAGES: usize = 1000;
/// Sums in a batch are added in another order.
const TOLERANCE: f32 = 1e-3;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A binary tensor, answered with binary probabilities.
    Tensor,
    /// A PNG file, answered with the best classes.
    File,
}

/// Whole requests, with the library's answers.
pub struct Requests {
    kind: Kind,
    all: Vec<(Vec<u8>, Classification)>,
}

impl Requests {
    /// For images of the split, evenly chosen.
    pub fn new(kind: Kind, model: &Path, split: &Split) -> Result<Self> {
        let classifier = Classifier::builder().device(Device::Cpu).from_file(model)?;
        let images = IMAGES.min(split.len());
        let request = |i: usize| {
            let image = split.image(i * split.len() / images)?;
            let (width, height) = (image.width as u32, image.height as u32);
            let image = RgbImage::from_raw(width, height, image.pixels)
                .ok_or("an image of another size than it says")?;
            let body = match kind {
                Kind::Tensor => tensor(&image),
                Kind::File => file(&image)?,
            };
            Ok((body, classifier.classify_image(&image.into())?))
        };
        Ok(Self {
            kind,
            all: (0..images).map(request).collect::<Result<_>>()?,
        })
    }

    /// The bytes of request `i`, round and round.
    pub fn bytes(&self, i: usize) -> &[u8] {
        &self.all[i % self.all.len()].0
    }

    /// Whether `body` is the right answer to request `i`. `json_length`: where
    /// the JSON of a binary answer ends.
    pub fn is_right(&self, i: usize, body: &[u8], json_length: Option<usize>) -> bool {
        let expected = &self.all[i % self.all.len()].1;
        match self.kind {
            Kind::Tensor => json_length.is_some_and(|length| {
                let floats = body[length..].as_chunks::<4>().0;
                let found = floats.iter().map(|bytes| f32::from_le_bytes(*bytes));
                floats.len() == expected.probabilities.len()
                    && found
                        .zip(&expected.probabilities)
                        .all(|(found, expected)| (found - expected).abs() < TOLERANCE)
            }),
            Kind::File => {
                let (class, probability) = expected.top(1)[0];
                serde_json::from_slice::<Value>(body).is_ok_and(|answer| {
                    let best = &answer["top"][0];
                    let found = best["probability"].as_f64().unwrap_or(-1.0) as f32;
                    // Of two equally probable classes either is right.
                    best["index"] == class && (found - probability).abs() < TOLERANCE
                        || (found - expected.top(2)[1].1).abs() < 1e-5
                })
            }
        }
    }
}

fn tensor(image: &RgbImage) -> Vec<u8> {
    let pixels = image.as_raw();
    let document = json!({
        "inputs": [{
            "name": "image", "datatype": "UINT8", "shape": [1, image.height(), image.width(), 3],
            "parameters": {"binary_data_size": pixels.len()},
        }],
        "outputs": [{"name": "probabilities", "parameters": {"binary_data": true}}],
    })
    .to_string();
    let head = format!(
        "POST /v2/models/model/infer HTTP/1.1\r\nhost: localhost\r\n\
         inference-header-content-length: {}\r\ncontent-length: {}\r\n\r\n{document}",
        document.len(),
        document.len() + pixels.len()
    );
    [head.as_bytes(), pixels].concat()
}

fn file(image: &RgbImage) -> Result<Vec<u8>> {
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png)?;
    let file = file.into_inner();
    let head = format!(
        "POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n",
        file.len()
    );
    Ok([head.as_bytes(), &file].concat())
}
