//! Statistics of batch norms measured on a run's own images.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::tensor::{Device, Tensor, TensorData};
use common::{SIZE, largest_difference, setup};
use pretrained::Family;
use trainer::{
    model::EfficientNet,
    train::TrainingData,
    weights::{MEASURED_IMAGES, StatisticsSource},
};

/// Logits of the images that are measured, all in one batch.
fn logits(network: &EfficientNet, data: &TrainingData, device: &Device) -> Vec<f32> {
    let length = data.train.len();
    let pixels: Vec<u8> = (0..MEASURED_IMAGES)
        .flat_map(|i| {
            let image = data.train.pixels(i * length / MEASURED_IMAGES);
            image.unwrap().to_vec()
        })
        .collect();
    let input = data.preprocessor().batch(&pixels);
    let images = TensorData::new(input, [MEASURED_IMAGES, 3, SIZE, SIZE]);
    let logits = network.forward(Tensor::from_data(images, device));
    logits.into_data().iter::<f32>().collect()
}

#[test]
fn the_function_stays_and_training_sees_what_inference_sees() {
    let (data, config, checkpoint, before) = setup(Family::tensorflow());
    let config = config.with_dropout(0.0);
    let folder = tempfile::tempdir().unwrap();
    let source = StatisticsSource {
        contract: &checkpoint.contract,
        config: &config,
        runtime: None,
        folder: folder.path(),
        damaged: |file| panic!("{}", file.display()),
    };
    let training = Device::flex().autodiff();
    let network = config
        .init(&training)
        .with_tensors(checkpoint.tensors.clone())
        .unwrap();
    let inference = logits(&before, &data, &Device::flex());
    // Norms that use a batch's own statistics give something else than the running ones,
    // which noise had moved.
    let own_before = logits(&network, &data, &training);
    let parted = largest_difference(&inference, &own_before);

    let network = config
        .init(&training)
        .with_tensors(checkpoint.tensors.clone())
        .unwrap();
    let (network, images) = source.measured(network, &data).unwrap();
    assert_eq!(images, MEASURED_IMAGES);
    let again = config
        .init(&Device::flex())
        .with_tensors(network.named_tensors())
        .unwrap();
    let after = logits(&again, &data, &Device::flex());
    assert!(largest_difference(&inference, &after) < 1e-4 * (1.0 + largest(&inference)));
    let own = logits(&network, &data, &training);
    let left = largest_difference(&after, &own);
    assert!(left < 0.05 * parted, "{left} of {parted}");

    // A second run reads what the first one kept, and gives the same bits.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let fresh = config
        .init(&training)
        .with_tensors(checkpoint.tensors)
        .unwrap();
    let (cached, _) = source.measured(fresh, &data).unwrap();
    let expected = again.named_tensors();
    let running = |tensors: &pretrained::NamedTensors| tensors["bn2.running_mean"].clone();
    assert_eq!(running(&cached.named_tensors()), running(&expected));
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}
