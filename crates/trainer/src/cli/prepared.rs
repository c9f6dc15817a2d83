//! What a run works with, opened and checked.

use std::path::{Path, PathBuf};

use contract::{Contract, WeightsInfo};
use dataset::Source;
use pretrained::{Family, Statistics};
use trainer::{
    TrainError,
    device::{DeviceKind, OpenedDevices},
    model::{EfficientNet, EfficientNetConfig},
    train::{self, Recipe, TrainingData},
    weights,
};

use super::{note::note, overrides::ResolvedRecipe, progress::damaged, start::StartArguments};

/// ImageNet's mean and standard deviation of pixels in `[0, 1]`, for networks
/// that start from random weights.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Recipe, data and network of a run.
pub struct Prepared {
    pub recipe: Recipe,
    pub data: TrainingData,
    pub config: EfficientNetConfig,
    pub contract: Contract,
    /// Folder of computed features and statistics.
    pub features: PathBuf,
    /// Name or file of the recipe.
    pub recipe_name: Option<String>,
    /// Which recipe it is, and why; `None` for a run that goes on.
    pub chosen: Option<String>,
    /// Where the statistics of the network's batch norms come from.
    pub statistics: Statistics,
}

impl Prepared {
    /// Opens everything for a new run, whose network starts from the recipe's weights.
    pub fn new(
        arguments: &StartArguments,
        opened: &OpenedDevices,
        quiet: bool,
    ) -> anyhow::Result<(Self, EfficientNet)> {
        let dataset = arguments
            .dataset
            .open(&Source::Digits, arguments.test_fraction)?;
        let source = arguments
            .dataset
            .dataset
            .as_ref()
            .unwrap_or(&Source::Digits);
        // Now, not after the epochs: the test split's pictures too.
        // Those that are left out were found by decoding all of them.
        if !arguments.dataset.skip_broken {
            dataset::check_pictures(&dataset)?;
        }
        let on_gpu = opened.name != DeviceKind::Cpu.to_string();
        let ResolvedRecipe { recipe, name, why } =
            arguments.recipe.resolve(source, &dataset, on_gpu)?;
        let chosen = match why {
            Some(why) => format!("{name} ({why})"),
            None => name.clone(),
        };
        let weights = weights::resolve(
            &recipe.weights,
            &recipe.architecture,
            arguments.weights_family,
            &arguments.models.folders(),
            !quiet,
        )?;
        let (mean, std) = weights
            .as_ref()
            .map_or((IMAGENET_MEAN, IMAGENET_STD), |weights| {
                (weights.mean, weights.std)
            });
        let data = TrainingData::new(&dataset, &recipe, mean, std)?;
        let family = weights
            .as_ref()
            .map(|weights| weights.family)
            .or(arguments.weights_family)
            .unwrap_or(Family::torch());
        let config = config(&recipe, data.classes.len(), family)?;
        let statistics = weights
            .as_ref()
            .map_or(Statistics::Trained, |weights| weights.statistics);
        let info = weights.as_ref().map(|weights| WeightsInfo {
            source: weights.source.clone(),
            sha256: weights.sha256.clone(),
        });
        let network = opened.prepare(|| {
            // Parameters are created on the training device, where a backward is possible.
            let device = opened.devices[0].clone().autodiff();
            device.seed(recipe.seed);
            Ok(match weights {
                Some(weights) => weights::into_network(weights, &config, &device)?,
                None => config.init(&device),
            })
        })?;
        let contract = train::contract(&recipe, &data, network.trainable_parameters(), info);
        let prepared = Self {
            recipe,
            data,
            config,
            contract,
            features: arguments.dataset.options().data_dir.join("features"),
            recipe_name: Some(name),
            chosen: Some(chosen),
            statistics,
        };
        Ok((prepared, network))
    }

    /// The network with batch-norm statistics of the images it is to learn from, where the
    /// weights came without: see [`weights::StatisticsSource`].
    ///
    /// # Errors
    /// Those of [`weights::StatisticsSource::measured`].
    pub fn with_statistics(
        &mut self,
        network: EfficientNet,
        opened: &OpenedDevices,
        runtime: Option<&Path>,
    ) -> Result<EfficientNet, TrainError> {
        if self.statistics.are_the_network_s() {
            return Ok(network);
        }
        let source = weights::StatisticsSource {
            contract: &self.contract,
            config: &self.config,
            runtime,
            folder: &self.features,
            damaged: |file| note(damaged(file)),
        };
        let (network, images) = opened.prepare(|| source.measured(network, &self.data))?;
        if let Some(info) = &mut self.contract.training.weights {
            info.source = format!("{}, measured on {images} training images", info.source);
        }
        Ok(network)
    }
}

/// The network's configuration as the recipe has it.
pub fn config(
    recipe: &Recipe,
    classes: usize,
    family: Family,
) -> anyhow::Result<EfficientNetConfig> {
    let config = EfficientNetConfig::variant(&recipe.architecture, classes, family)
        .ok_or_else(|| anyhow::anyhow!("unknown architecture '{}'", recipe.architecture))?;
    Ok(config
        .with_dropout(recipe.dropout)
        .with_stochastic_depth(recipe.stochastic_depth))
}
