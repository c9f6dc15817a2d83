//! The contract of the model that a run will export.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use contract::{ChannelOrder, Contract, DType, Input, Layout, Output, Training, WeightsInfo};

use super::{Recipe, TrainingData};

/// The recipe without the folders of the machine that it ran on: a model travels.
fn without_places(recipe: &Recipe) -> Recipe {
    let weights = Path::new(&recipe.weights);
    let name = weights.file_name().unwrap_or(weights.as_os_str());
    Recipe {
        weights: name.to_string_lossy().into_owned(),
        ..recipe.clone()
    }
}

/// The contract of a run, its figures and epochs left open.
///
/// `parameters` counts the trainable ones; `weights` is what training started from.
pub fn contract(
    recipe: &Recipe,
    data: &TrainingData,
    parameters: usize,
    weights: Option<WeightsInfo>,
) -> Contract {
    let [height, width] = data.input;
    Contract {
        version: contract::oldest_version(data.preprocessing.resize, &data.info),
        architecture: recipe.architecture.clone(),
        parameters: parameters as u64,
        classes: data.classes.clone(),
        superclasses: data.superclasses.clone(),
        input: Input {
            name: "image".to_owned(),
            height,
            width,
            channels: 3,
            layout: Layout::Nhwc,
            dtype: DType::Uint8,
            channel_order: ChannelOrder::Rgb,
        },
        fit: data.fit.clone(),
        preprocessing: data.preprocessing.clone(),
        output: Output {
            logits: "logits".to_owned(),
            probabilities: "probabilities".to_owned(),
        },
        training: Training {
            recipe: serde_json::to_value(without_places(recipe)).unwrap_or_default(),
            dataset: data.info.clone(),
            weights,
            epochs: 0,
            metrics: BTreeMap::new(),
            trainer_version: env!("CARGO_PKG_VERSION").to_owned(),
            created_unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_does_not_say_where_its_weights_lay() {
        for (weights, kept) in [
            ("auto", "auto"),
            ("none", "none"),
            ("/home/anna/b0.pth", "b0.pth"),
            ("runs/a/checkpoints/best.safetensors", "best.safetensors"),
        ] {
            let recipe = Recipe {
                weights: weights.to_owned(),
                ..Recipe::default()
            };
            assert_eq!(without_places(&recipe).weights, kept);
        }
    }
}
