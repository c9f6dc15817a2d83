//! The network's tensors by name: out for checkpoints and export, in from
//! pretrained weights.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Tensor, TensorData},
};
use pretrained::{NamedTensor, NamedTensors, PretrainedError};

use super::{EfficientNet, names::timm_name};

/// Stored `[out, in]` in every weights file, `[in, out]` in burn.
const TRANSPOSED: &str = "classifier.weight";

impl EfficientNet {
    /// Every tensor, batch-norm statistics included, under its timm name and
    /// in PyTorch's layout.
    pub fn named_tensors(&self) -> NamedTensors {
        let mut reader = Reader::default();
        // `valid` brings the running statistics up to date; visiting alone
        // shows them one step behind.
        self.valid().visit(&mut reader);
        reader.tensors
    }

    /// Shape of every tensor under its timm name.
    pub fn tensor_shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let mut shapes = Shapes::default();
        self.visit(&mut shapes);
        shapes.shapes
    }

    /// Number of trainable parameters: everything but the running statistics.
    pub fn trainable_parameters(&self) -> usize {
        self.tensor_shapes()
            .iter()
            .filter(|(name, _)| !is_statistic(name))
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }

    /// The network with its tensors replaced by `tensors` (timm names,
    /// PyTorch's layout).
    ///
    /// # Errors
    /// Names every tensor that is missing, surplus or of another shape.
    pub fn with_tensors(self, tensors: NamedTensors) -> Result<Self, PretrainedError> {
        self.with_identified_tensors(tensors, &BTreeMap::new())
    }

    /// [`with_tensors`](Self::with_tensors) under the ids of `ids`, by which an
    /// optimiser's record knows them.
    ///
    /// # Errors
    /// As [`with_tensors`](Self::with_tensors).
    pub fn with_identified_tensors(
        self,
        tensors: NamedTensors,
        ids: &BTreeMap<String, u64>,
    ) -> Result<Self, PretrainedError> {
        pretrained::check(&tensors, &self.tensor_shapes())?;
        Ok(self.map(&mut Writer {
            path: Vec::new(),
            tensors,
            ids,
        }))
    }

    /// Id of every tensor under its timm name.
    pub fn tensor_ids(&self) -> BTreeMap<String, u64> {
        let mut ids = Ids::default();
        self.visit(&mut ids);
        ids.ids
    }
}

/// Whether a timm name is that of a running statistic, which no gradient reaches.
fn is_statistic(name: &str) -> bool {
    name.ends_with(".running_mean") || name.ends_with(".running_var")
}

fn transpose(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}

#[derive(Default)]
struct Reader {
    path: Vec<String>,
    tensors: NamedTensors,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = timm_name(&self.path);
        let data = param.val().into_data().convert::<f32>();
        let mut shape = data.shape().to_vec();
        let mut values: Vec<f32> = data.iter::<f32>().collect();
        if name == TRANSPOSED {
            values = transpose(&values, [shape[0], shape[1]]);
            shape.reverse();
        }
        self.tensors.insert(name, NamedTensor { shape, values });
    }
}

#[derive(Default)]
struct Shapes {
    path: Vec<String>,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = timm_name(&self.path);
        let mut shape = param.lazy_shape().to_vec();
        if name == TRANSPOSED {
            shape.reverse();
        }
        self.shapes.insert(name, shape);
    }
}

#[derive(Default)]
struct Ids {
    path: Vec<String>,
    ids: BTreeMap<String, u64>,
}

impl ModuleVisitor for Ids {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.ids.insert(timm_name(&self.path), param.id.val());
    }
}

struct Writer<'a> {
    path: Vec<String>,
    tensors: NamedTensors,
    /// Ids to give, where there are some.
    ids: &'a BTreeMap<String, u64>,
}

impl ModuleMapper for Writer<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = timm_name(&self.path);
        let Some(NamedTensor { shape, values }) = self.tensors.remove(&name) else {
            return param;
        };
        let data = if name == TRANSPOSED {
            TensorData::new(
                transpose(&values, [shape[0], shape[1]]),
                [shape[1], shape[0]],
            )
        } else {
            TensorData::new(values, shape)
        };
        let id = self.ids.get(&name).map_or(param.id, |&id| id.into());
        let tensor = Tensor::from_data(data, &param.lazy_device());
        param.transform_for_load(tensor, id)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pretrained::Family;

    use crate::model::EfficientNetConfig;

    fn config(name: &str, classes: usize) -> EfficientNetConfig {
        EfficientNetConfig::variant(name, classes, Family::tensorflow()).unwrap()
    }

    #[test]
    fn parameter_counts_are_the_published_ones() {
        let count = |name, classes| {
            config(name, classes)
                .init(&Device::flex())
                .trainable_parameters()
        };
        // Keras' `model.summary()` for B0 with a head of 100 classes.
        assert_eq!(count("efficientnet_b0", 100), 4_135_648);
        // timm 1.0, `sum(p.numel() for p in create_model(name).parameters())`.
        assert_eq!(count("efficientnet_b0", 1000), 5_288_548);
        assert_eq!(count("efficientnet_b1", 1000), 7_794_184);
        assert_eq!(count("efficientnet_b4", 1000), 19_341_616);
        assert_eq!(count("efficientnet_b7", 1000), 66_347_960);
    }

    #[test]
    fn tensors_survive_a_round_trip() {
        let device = Device::flex();
        let config = config("efficientnet_b0", 7);
        let source = config.init(&device).named_tensors();
        let copy = config
            .init(&device)
            .with_tensors(source.clone())
            .unwrap()
            .named_tensors();
        assert_eq!(source.len(), 311);
        assert!(
            source
                .iter()
                .all(|(name, tensor)| copy[name].values == tensor.values)
        );
    }

    #[test]
    fn another_head_is_named_in_the_error() {
        let device = Device::flex();
        let tensors = config("efficientnet_b0", 7).init(&device).named_tensors();
        let error = config("efficientnet_b0", 8)
            .init(&device)
            .with_tensors(tensors)
            .unwrap_err();
        assert!(error.to_string().contains("classifier.weight"), "{error}");
    }
}
