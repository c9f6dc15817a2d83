//! The exported file through ONNX Runtime against burn.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::{SIZE, largest_difference, setup};
use infer::Classifier;
use pretrained::Family;
use trainer::export::{self, Precision};

/// Both paddings, burn against the exported file on 256 pictures; odd sizes of
/// the feature map come with 64 px (64, 32, 16, 8, 4, 2).
#[test]
fn exported_logits_are_those_of_burn() {
    for family in [Family::torch(), Family::tensorflow()] {
        let (data, config, checkpoint, model) = setup(family);
        let classifier = Classifier::builder()
            .device(infer::Device::Cpu)
            .from_bytes(export::to_onnx(&checkpoint, &config, Precision::Fp32).to_bytes())
            .unwrap();
        let pixels: Vec<u8> = (0..256)
            .flat_map(|index| data.train.pixels(index).unwrap().to_vec())
            .collect();
        let input = data.preprocessor().batch(&pixels);
        let images = TensorData::new(input, [256, 3, SIZE, SIZE]);
        let burn: Vec<f32> = model
            .forward(Tensor::from_data(images, &Device::flex()))
            .into_data()
            .iter::<f32>()
            .collect();
        let onnx = classifier.classify_batch(&pixels).unwrap();
        for (index, (burn, onnx)) in burn.chunks(10).zip(&onnx).enumerate() {
            let difference = largest_difference(burn, &onnx.logits);
            assert!(difference < 1e-3, "{family:?}, image {index}: {difference}");
            assert_eq!(
                metrics::argmax(burn),
                onnx.class(),
                "{family:?}, image {index}"
            );
        }
    }
}
