//! Trains EfficientNet-B0 on CIFAR-100 images, writes the batches it has seen
//! and the head it began with, and prints every step's loss and the accuracy
//! afterwards: trainer's half of `tools/side_by_side/run`, which does the same
//! in PyTorch.
//!
//! As there: no augmentation, no dropout, no stochastic depth; batch norms in
//! train mode; AdamW that decays neither biases nor batch norms.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use burn::{
    module::Module,
    nn::loss::CrossEntropyLossConfig,
    optim::GradientsParams,
    tensor::{Device, Int, Tensor, TensorData},
};
use clap::Parser;
use dataset::{OpenOptions, Source, Split, stratified_limit};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView};
use trainer::{
    model::{EfficientNet, EfficientNetConfig},
    train::{Recipe, TrainingData, optimizer},
    weights,
};

#[derive(Parser)]
struct Arguments {
    /// Pretrained weights.
    weights: PathBuf,
    /// CIFAR-100's archive or folder.
    data: PathBuf,
    /// Folder for `batches.safetensors` and `eval.safetensors`.
    out: PathBuf,
    /// Training images, the same number of each class: one epoch of them.
    #[arg(long, default_value_t = 10_000)]
    images: usize,
    /// Test images, the same number of each class.
    #[arg(long, default_value_t = 10_000)]
    eval: usize,
    /// Side that images are upscaled to.
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Images in a batch.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Learning rate.
    #[arg(long, default_value_t = 5e-4)]
    learning_rate: f64,
    /// Seed of the head and the order.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = Device::flex().autodiff();
    device.seed(arguments.seed);
    let recipe = Recipe {
        image_size: arguments.size,
        batch_size: arguments.batch,
        ..Recipe::default()
    };
    let options = OpenOptions {
        local: Some(arguments.data.clone()),
        ..OpenOptions::default()
    };
    let dataset = dataset::open(&Source::Cifar100, &options)?;
    let weights = pretrained::read(&arguments.weights, None)?;
    let data = TrainingData::new(&dataset, &recipe, weights.mean, weights.std)?;
    let config = EfficientNetConfig::variant("efficientnet_b0", data.classes.len(), weights.family)
        .context("efficientnet_b0")?
        .with_dropout(0.0);
    let network = weights::into_network(weights, &config, &device)?.train();

    let of = |split: &Split, limit| stratified_limit(split, limit, &data.classes, arguments.seed);
    let train = of(&dataset.train, arguments.images)?;
    let mut order: Vec<usize> = (0..train.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(arguments.seed));
    order.truncate(train.len() / arguments.batch * arguments.batch);
    let train = images(&data, &train, &order)?;
    let test = dataset.test.context("CIFAR-100 has a test split")?;
    let test = of(&test, arguments.eval)?;
    let test = images(&data, &test, &(0..test.len()).collect::<Vec<_>>())?;

    std::fs::create_dir_all(&arguments.out)?;
    let head = network.named_tensors();
    let named = |name: &str| {
        let tensor = &head[&format!("classifier.{name}")];
        (
            format!("head_{name}"),
            tensor.shape.clone(),
            floats(&tensor.values),
        )
    };
    let steps = train.labels.len() / arguments.batch;
    let batches = vec![steps, arguments.batch];
    let mut tensors = train.tensors(&batches, arguments.size);
    tensors.extend([named("weight"), named("bias")].map(|(n, s, b)| (n, Dtype::F32, s, b)));
    write(&arguments.out.join("batches.safetensors"), &tensors)?;
    let tensors = test.tensors(&[test.labels.len()], arguments.size);
    write(&arguments.out.join("eval.safetensors"), &tensors)?;

    let (network, losses) = learn(network, &recipe, &train, &arguments, &device);
    let accuracy = accuracy(&network.valid(), &test, &arguments, &Device::flex());
    println!(
        "{}",
        serde_json::json!({ "losses": losses, "accuracy": accuracy })
    );
    Ok(())
}

/// Images as the network takes them.
struct Images {
    /// `[images, 3, size, size]`
    pixels: Vec<f32>,
    labels: Vec<i64>,
}

type Named = (String, Dtype, Vec<usize>, Vec<u8>);

impl Images {
    /// As PyTorch's half reads them, `[…, size, size, 3]`.
    fn tensors(&self, leading: &[usize], size: usize) -> Vec<Named> {
        let area = size * size;
        let channels_last: Vec<f32> = self
            .pixels
            .chunks(3 * area)
            .flat_map(|image| (0..3 * area).map(|at| image[at % 3 * area + at / 3]))
            .collect();
        let shape = [leading, &[size, size, 3]].concat();
        let labels = self.labels.iter().flat_map(|label| label.to_le_bytes());
        vec![
            (
                "images".to_owned(),
                Dtype::F32,
                shape,
                floats(&channels_last),
            ),
            (
                "labels".to_owned(),
                Dtype::I64,
                leading.to_vec(),
                labels.collect(),
            ),
        ]
    }

    fn batch(&self, index: usize, arguments: &Arguments, device: &Device) -> Tensor<4> {
        let (count, size) = (arguments.batch, arguments.size);
        let length = 3 * size * size;
        let end = ((index + 1) * count).min(self.labels.len());
        let pixels = self.pixels[index * count * length..end * length].to_vec();
        let shape = [end - index * count, 3, size, size];
        Tensor::from_data(TensorData::new(pixels, shape), device)
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn images(data: &TrainingData, split: &Split, order: &[usize]) -> Result<Images> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for &index in order {
        pixels.extend(data.picture(split, index)?);
        labels.push(split.label(index) as i64);
    }
    Ok(Images {
        pixels: data.preprocessor().batch(&pixels),
        labels,
    })
}

fn write(path: &Path, tensors: &[Named]) -> Result<()> {
    let views: HashMap<&str, TensorView<'_>> = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((
                name.as_str(),
                TensorView::new(*dtype, shape.clone(), bytes)?,
            ))
        })
        .collect::<Result<_>>()?;
    let file = safetensors::serialize(views, None)?;
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&file)?;
    Ok(out.flush()?)
}

fn learn(
    mut network: EfficientNet,
    recipe: &Recipe,
    images: &Images,
    arguments: &Arguments,
    device: &Device,
) -> (EfficientNet, Vec<f64>) {
    let loss = CrossEntropyLossConfig::new().init(device);
    let mut optimizer = optimizer(recipe);
    let mut losses = Vec::new();
    for (index, labels) in images.labels.chunks(arguments.batch).enumerate() {
        let logits = network.forward(images.batch(index, arguments, device));
        let labels = TensorData::new(labels.to_vec(), [labels.len()]);
        let labels = Tensor::<1, Int>::from_data(labels, device);
        let loss = loss.forward(logits, labels);
        losses.push(loss.clone().into_scalar::<f64>());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(arguments.learning_rate, network, gradients);
    }
    (network, losses)
}

fn accuracy(
    network: &EfficientNet,
    images: &Images,
    arguments: &Arguments,
    device: &Device,
) -> f64 {
    let mut correct = 0;
    for (index, labels) in images.labels.chunks(arguments.batch).enumerate() {
        let logits = network.forward(images.batch(index, arguments, device));
        let [_, classes] = logits.dims();
        let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
        correct += logits
            .chunks(classes)
            .zip(labels)
            .filter(|(row, label)| metrics::argmax(row) as i64 == **label)
            .count();
    }
    correct as f64 / images.labels.len() as f64
}
