//! The extension of burn's backends.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::{Backend, Flex, backend_extension, tensor::FloatTensor};

use crate::{
    adamw, autodiff,
    conv_norm::{ConvNormTensors, NormOptions},
    head, mbconv,
    mbconv::{MbConvOptions, MbConvTensors},
    stem,
};
use kernels::{AdamW, Window};

/// Operators that the `flex` backend and autodiff over it have beyond burn's.
///
/// Each gives its output and the new running statistics of its normalisations,
/// `[2, channels]`.
#[backend_extension(Flex, Autodiff)]
pub trait Operators: Backend {
    /// See [`stem`](crate::stem).
    fn stem(
        images: FloatTensor<Self>,
        #[extension_type] conv: ConvNormTensors<Self>,
        window: Window,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// See [`mbconv`](crate::mbconv).
    fn mbconv(
        input: FloatTensor<Self>,
        #[extension_type] block: MbConvTensors<Self>,
        options: MbConvOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// See [`head`](crate::head).
    fn head(
        input: FloatTensor<Self>,
        #[extension_type] conv: ConvNormTensors<Self>,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// See [`adamw`](crate::adamw).
    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        update: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl Operators for Flex {
    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        update: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        adamw::run(parameter, gradient, first, second, update)
    }

    fn stem(
        images: FloatTensor<Self>,
        conv: ConvNormTensors<Self>,
        window: Window,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (output, moments, _) = stem::Forward::run(images, conv, window, norm);
        (output, moments)
    }

    fn mbconv(
        input: FloatTensor<Self>,
        block: MbConvTensors<Self>,
        options: MbConvOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (output, moments, _) = mbconv::Forward::run(input, block, options);
        (output, moments)
    }

    fn head(
        input: FloatTensor<Self>,
        conv: ConvNormTensors<Self>,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (output, moments, _) = head::Forward::run(input, conv, norm);
        (output, moments)
    }
}

impl<C: CheckpointStrategy> Operators for Autodiff<Flex, C> {
    /// No gradient flows through an update.
    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        update: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (parameter, first, second) = adamw::run(
            parameter.into_primitive(),
            gradient.into_primitive(),
            first.into_primitive(),
            second.into_primitive(),
            update,
        );
        let constant = autodiff::constant::<C>;
        (constant(parameter), constant(first), constant(second))
    }

    fn stem(
        images: FloatTensor<Self>,
        conv: ConvNormTensors<Self>,
        window: Window,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        stem::tracked::<C>(images, conv, window, norm)
    }

    fn mbconv(
        input: FloatTensor<Self>,
        block: MbConvTensors<Self>,
        options: MbConvOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        mbconv::tracked::<C>(input, block, options)
    }

    fn head(
        input: FloatTensor<Self>,
        conv: ConvNormTensors<Self>,
        norm: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        head::tracked::<C>(input, conv, norm)
    }
}
