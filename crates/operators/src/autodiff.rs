//! Operators on the tape: one step whose gradients a function computes.

use std::{fmt, sync::Arc};

use burn::backend::{
    Autodiff, AutodiffBackend, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, NodeGuard, Ops, OpsKind},
    },
    flex::FlexTensor,
    tensor::FloatTensor,
};

/// A tensor with a place on the tape.
pub(crate) type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

/// Computes the gradients of an operator's inputs, in their order, from that
/// of its output. The flag says whether the first input's is wanted; where it
/// is not, any tensor stands for it.
type GradientFn = dyn Fn(FlexTensor, bool) -> Vec<FlexTensor> + Send + Sync;

/// The function and what it keeps of the forward pass.
#[derive(Clone)]
struct Saved(Arc<GradientFn>);

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saved")
    }
}

#[derive(Debug)]
struct Operator;

impl<const N: usize> Backward<Flex, N> for Operator {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let wanted = ops.parents.first().is_some_and(Option::is_some);
        let gradients = (ops.state.0)(gradient, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// Puts an operator with inputs `parents` and output `output` on the tape, or
/// lets go of what `gradients` keeps if no input is tracked.
pub(crate) fn record<C: CheckpointStrategy, const N: usize>(
    parents: [NodeGuard; N],
    output: FlexTensor,
    gradients: impl Fn(FlexTensor, bool) -> Vec<FlexTensor> + Send + Sync + 'static,
) -> Tracked<C> {
    match Operator.prepare::<C>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(Saved(Arc::new(gradients)), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

/// A tensor that no gradient flows into.
pub(crate) fn constant<C: CheckpointStrategy>(tensor: FlexTensor) -> Tracked<C> {
    <Autodiff<Flex, C> as AutodiffBackend>::from_inner(tensor)
}
