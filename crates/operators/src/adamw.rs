//! An update of AdamW.

use burn::{
    backend::{Dispatch, flex::FlexTensor},
    tensor::Tensor,
};
use kernels::AdamW;

use crate::{extension::Operators, flex::tensor};

/// A parameter and its moments after an update, on a device without autodiff.
///
/// # Shapes
/// - all: that of the parameter
#[derive(Debug, Clone)]
pub struct Updated<const D: usize> {
    /// The parameter.
    pub parameter: Tensor<D>,
    /// First moment.
    pub first: Tensor<D>,
    /// Second moment.
    pub second: Tensor<D>,
}

/// Updates `state` by `gradient`.
pub fn adamw<const D: usize>(state: Updated<D>, gradient: Tensor<D>, update: AdamW) -> Updated<D> {
    let (parameter, first, second) = <Dispatch as Operators>::adamw(
        state.parameter.into_dispatch(),
        gradient.into_dispatch(),
        state.first.into_dispatch(),
        state.second.into_dispatch(),
        update,
    );
    Updated {
        parameter: Tensor::from_dispatch(parameter),
        first: Tensor::from_dispatch(first),
        second: Tensor::from_dispatch(second),
    }
}

/// Takes tensors over where nobody else holds them, copies them elsewhere.
pub(crate) fn run(
    parameter: FlexTensor,
    gradient: FlexTensor,
    first: FlexTensor,
    second: FlexTensor,
    update: AdamW,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let shape = parameter.layout().shape().clone();
    let [mut parameter, gradient, mut first, mut second] =
        [parameter, gradient, first, second].map(values);
    update.update(&mut parameter, &gradient, &mut first, &mut second);
    (
        tensor(parameter, shape.clone()),
        tensor(first, shape.clone()),
        tensor(second, shape),
    )
}

fn values(tensor: FlexTensor) -> Vec<f32> {
    let data = tensor.into_data();
    match data.try_into_vec() {
        Ok(values) => values,
        Err(_) => unreachable!("the network's tensors are float32"),
    }
}
