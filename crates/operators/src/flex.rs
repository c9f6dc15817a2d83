//! Slices of `flex` tensors, and tensors of computed values.

use burn::{
    backend::flex::FlexTensor,
    tensor::{DType, Shape, TensorData},
};

/// A tensor whose values lie in one slice, in order.
#[derive(Debug, Clone)]
pub(crate) struct Contiguous(FlexTensor);

impl Contiguous {
    /// Copies only what is not contiguous already.
    ///
    /// # Panics
    /// If the tensor is not of float32.
    pub fn new(tensor: FlexTensor) -> Self {
        assert_eq!(tensor.dtype(), DType::F32, "the operators take float32");
        match tensor.is_contiguous() && tensor.layout().start_offset() == 0 {
            true => Self(tensor),
            false => Self(tensor.to_contiguous()),
        }
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        self.0.as_slice().unwrap_or_default()
    }

    /// The size of every dimension.
    pub fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.layout().shape().dims()
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.0.layout().shape().clone()
    }

    /// The sizes of a channels-last activation.
    pub fn activation(&self) -> kernels::Shape {
        let [batch, height, width, channels] = self.dims();
        kernels::Shape {
            batch,
            height,
            width,
            channels,
        }
    }
}

/// A tensor that takes `values` over.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Gradients of an operator's inputs: of its activation of `shape`, a stand-in
/// where it was not computed, then of its parameters.
pub(crate) fn gradients(
    activation: Option<Vec<f32>>,
    shape: kernels::Shape,
    parameters: impl IntoIterator<Item = FlexTensor>,
) -> Vec<FlexTensor> {
    let activation = match activation {
        Some(values) => tensor(values, dims(shape)),
        None => tensor(Vec::new(), [0]),
    };
    std::iter::once(activation).chain(parameters).collect()
}

/// The dimensions of a channels-last activation.
pub(crate) fn dims(shape: kernels::Shape) -> [usize; 4] {
    [shape.batch, shape.height, shape.width, shape.channels]
}
