//! Gradients of a network, and how far two vectors are apart.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Gradients, Tensor},
};
use trainer::model::EfficientNet;

/// Every gradient of `network` among `gradients`, by the parameter's module path.
pub fn by_path(network: &EfficientNet, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    let mut visitor = ByPath {
        of: gradients,
        path: Vec::new(),
        found: BTreeMap::new(),
    };
    network.visit(&mut visitor);
    visitor.found
}

struct ByPath<'a> {
    of: &'a Gradients,
    path: Vec<String>,
    found: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for ByPath<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.of) {
            let values = gradient.into_data().iter::<f32>().collect();
            self.found.insert(self.path.join("."), values);
        }
    }
}

/// Euclidean length, summed in double precision.
pub fn length(values: &[f32]) -> f64 {
    let squares = values.iter().map(|&value| f64::from(value).powi(2));
    squares.sum::<f64>().sqrt()
}

/// Length of the difference of two vectors over that of the second, which
/// counts as at least `least` long.
pub fn relative(a: &[f32], b: &[f32], least: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    length(&difference) / length(b).max(least)
}
