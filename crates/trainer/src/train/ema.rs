//! A moving average of the weights.

use std::{any::Any, collections::VecDeque};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::Tensor,
};

use crate::model::EfficientNet;

/// Exponential moving average of a network's parameters and running
/// statistics, which generalises better than the last step's (Polyak and
/// Juditsky 1992), with the warm-up of TensorFlow's `ExponentialMovingAverage`.
#[derive(Debug, Clone)]
pub struct MovingAverage {
    decay: f64,
    /// The average, without autodiff.
    pub network: EfficientNet,
}

impl MovingAverage {
    /// Starts at `network` (made with `valid()`); `decay` in `[0, 1)`.
    pub fn new(network: EfficientNet, decay: f64) -> Self {
        Self { decay, network }
    }

    /// Takes in the network after update `update`, counted from one.
    pub fn update(&mut self, network: &EfficientNet, update: usize) {
        // An average over few updates must not be held back by where it began.
        let warm = (1 + update) as f64 / (10 + update) as f64;
        let mut tensors = Tensors(VecDeque::new());
        network.valid().visit(&mut tensors);
        self.network = self.network.clone().map(&mut Average {
            decay: self.decay.min(warm),
            newest: tensors,
        });
    }
}

/// A network's tensors in the order of a visit.
struct Tensors(VecDeque<Box<dyn Any>>);

impl ModuleVisitor for Tensors {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push_back(Box::new(param.val()));
    }
}

struct Average {
    decay: f64,
    newest: Tensors,
}

impl ModuleMapper for Average {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let newest = self.newest.0.pop_front();
        let Some(Ok(newest)) = newest.map(|tensor| tensor.downcast::<Tensor<D>>()) else {
            unreachable!("the same network is visited in the same order");
        };
        let decay = self.decay;
        // Not `a * decay + b * (1 - decay)`: in float32 the two factors do not sum
        // to one, and what is equal would drift.
        // Running statistics may lie on the device that took part in them last.
        param.map(|average| {
            let newest = newest.to_device(&average.device());
            average.clone() + (newest - average) * (1.0 - decay)
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pretrained::Family;

    use super::*;
    use crate::model::EfficientNetConfig;

    #[test]
    fn what_is_equal_stays_equal() {
        let device = Device::flex();
        let config = EfficientNetConfig::variant("efficientnet_b0", 3, Family::torch()).unwrap();
        let network = config.init(&device);
        let mut average = MovingAverage::new(network.clone(), 0.999);
        for update in 1..50 {
            average.update(&network, 100 * update);
        }
        assert_eq!(average.network.named_tensors(), network.named_tensors());
    }

    #[test]
    fn every_tensor_moves_by_its_share() {
        let device = Device::flex();
        let config = EfficientNetConfig::variant("efficientnet_b0", 3, Family::torch()).unwrap();
        let first = config.init(&device);
        let training = config.init(&device.clone().autodiff());
        // Running statistics that are not those of the first one.
        training.forward(Tensor::ones([2, 3, 32, 32], &device.clone().autodiff()));
        let second = training.valid();
        let (from, to) = (first.named_tensors(), second.named_tensors());
        let running = "bn1.running_mean";
        assert_ne!(from[running].values, to[running].values);
        let mut average = MovingAverage::new(first, 0.9);
        // (1 + 2) / (10 + 2) of the old: the warm-up's share.
        average.update(&second, 2);
        for (name, tensor) in average.network.named_tensors() {
            let pairs = from[&name].values.iter().zip(&to[&name].values);
            for (value, (from, to)) in tensor.values.iter().zip(pairs) {
                let expected = 0.25 * from + 0.75 * to;
                assert!((value - expected).abs() < 1e-6, "{name}");
            }
        }
    }
}
