//! EfficientNet as ONNX nodes, with batch norms folded away.
//!
//! The graph is written from the configuration, not traced: names stay those
//! of the checkpoint, and every export is compared with burn's own forward
//! before it is called done, so the two cannot drift apart unseen.

use onnx::{Attribute, GraphBuilder};
use pretrained::NamedTensors;

use super::fold::{Convolution, fold_batch_norm, take};
use crate::model::{EfficientNetConfig, MbConvConfig};

/// Adds nodes to a graph and follows the size of the feature map, on which
/// TensorFlow's padding depends.
pub(super) struct NetworkBuilder<'a> {
    pub graph: &'a mut GraphBuilder,
    pub config: &'a EfficientNetConfig,
    pub tensors: NamedTensors,
    /// Height and width of the current feature map.
    pub size: [usize; 2],
}

impl NetworkBuilder<'_> {
    /// Adds the whole network after the tensor `input` and writes its result
    /// to the tensor `logits`.
    pub fn build(mut self, input: &str, logits: &str) {
        let mut features = self.conv_norm_silu(input, "conv_stem", "bn1", 3, 2, 1);
        for (s, stage) in self.config.stages().iter().enumerate() {
            for (b, block) in stage.iter().enumerate() {
                features = self.block(&features, &format!("blocks.{s}.{b}"), block);
            }
        }
        let features = self.conv_norm_silu(&features, "conv_head", "bn2", 1, 1, 1);
        let pooled = self.node("GlobalAveragePool", "pool", &[&features], vec![]);
        let flat = self.node(
            "Flatten",
            "flatten",
            &[&pooled],
            vec![Attribute::int("axis", 1)],
        );
        let weight = take(&mut self.tensors, "classifier.weight");
        let weight = self.constant("classifier.weight", &weight.shape, weight.values);
        let bias = take(&mut self.tensors, "classifier.bias");
        let bias = self.constant("classifier.bias", &bias.shape, bias.values);
        self.graph.node(
            "Gemm",
            "classifier",
            &[&flat, &weight, &bias],
            &[logits],
            vec![Attribute::int("transB", 1)],
        );
    }

    fn block(&mut self, input: &str, prefix: &str, block: &MbConvConfig) -> String {
        let name = |part: &str| format!("{prefix}.{part}");
        let (kernel, stride) = (block.kernel, block.stride);
        let groups = block.expanded();
        let (features, project, norm) = if block.expands() {
            let wide = self.conv_norm_silu(input, &name("conv_pw"), &name("bn1"), 1, 1, 1);
            let deep = self.conv_norm_silu(
                &wide,
                &name("conv_dw"),
                &name("bn2"),
                kernel,
                stride,
                groups,
            );
            (deep, name("conv_pwl"), name("bn3"))
        } else {
            let deep = self.conv_norm_silu(
                input,
                &name("conv_dw"),
                &name("bn1"),
                kernel,
                stride,
                groups,
            );
            (deep, name("conv_pw"), name("bn2"))
        };
        let scaled = self.squeeze_excitation(&features, &name("se"));
        let branch = self.conv_norm(&scaled, &project, &norm, 1, 1, 1);
        if block.has_residual() {
            self.node("Add", &name("residual"), &[input, &branch], vec![])
        } else {
            branch
        }
    }

    fn squeeze_excitation(&mut self, input: &str, prefix: &str) -> String {
        let pooled = self.node(
            "GlobalAveragePool",
            &format!("{prefix}.pool"),
            &[input],
            vec![],
        );
        let reduced = self.biased_pointwise(&pooled, &format!("{prefix}.conv_reduce"));
        let active = self.silu(&reduced);
        let expanded = self.biased_pointwise(&active, &format!("{prefix}.conv_expand"));
        let scale = self.node("Sigmoid", &format!("{prefix}.gate"), &[&expanded], vec![]);
        self.node("Mul", &format!("{prefix}.scale"), &[input, &scale], vec![])
    }

    fn biased_pointwise(&mut self, input: &str, name: &str) -> String {
        let convolution = Convolution {
            weight: take(&mut self.tensors, &format!("{name}.weight")),
            bias: take(&mut self.tensors, &format!("{name}.bias")).values,
        };
        self.convolution(input, name, convolution, 1, [[0, 0]; 2], 1)
    }

    fn conv_norm_silu(
        &mut self,
        input: &str,
        conv: &str,
        norm: &str,
        kernel: usize,
        stride: usize,
        groups: usize,
    ) -> String {
        let features = self.conv_norm(input, conv, norm, kernel, stride, groups);
        self.silu(&features)
    }

    fn conv_norm(
        &mut self,
        input: &str,
        conv: &str,
        norm: &str,
        kernel: usize,
        stride: usize,
        groups: usize,
    ) -> String {
        let convolution =
            fold_batch_norm(&mut self.tensors, conv, norm, self.config.family.bn_epsilon);
        let padding = self.size.map(|side| self.padding(side, kernel, stride));
        let output = self.convolution(input, conv, convolution, stride, padding, groups);
        for (side, [before, after]) in self.size.iter_mut().zip(padding) {
            *side = (*side + before + after - kernel) / stride + 1;
        }
        output
    }

    /// Padding before and after one side of the feature map.
    fn padding(&self, side: usize, kernel: usize, stride: usize) -> [usize; 2] {
        if !self.config.pads_same() {
            return [kernel / 2, kernel / 2];
        }
        let total = ((side.div_ceil(stride) - 1) * stride + kernel).saturating_sub(side);
        [total / 2, total - total / 2]
    }

    fn convolution(
        &mut self,
        input: &str,
        name: &str,
        convolution: Convolution,
        stride: usize,
        [[top, bottom], [left, right]]: [[usize; 2]; 2],
        groups: usize,
    ) -> String {
        let kernel: Vec<i64> = convolution.weight.shape[2..]
            .iter()
            .map(|&side| side as i64)
            .collect();
        let Convolution { weight, bias } = convolution;
        let weight = self.constant(&format!("{name}.weight"), &weight.shape, weight.values);
        let bias = self.constant(&format!("{name}.bias"), &[bias.len()], bias);
        let pads = [top, left, bottom, right].map(|pad| pad as i64);
        self.node(
            "Conv",
            name,
            &[input, &weight, &bias],
            vec![
                Attribute::ints("kernel_shape", &kernel),
                Attribute::ints("strides", &[stride as i64; 2]),
                Attribute::ints("pads", &pads),
                Attribute::int("group", groups as i64),
            ],
        )
    }

    fn silu(&mut self, input: &str) -> String {
        let gate = self.node("Sigmoid", &format!("{input}.sigmoid"), &[input], vec![]);
        self.node("Mul", &format!("{input}.silu"), &[input, &gate], vec![])
    }

    /// Adds a node whose one output carries its name.
    fn node(
        &mut self,
        operator: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) -> String {
        self.graph.node(operator, name, inputs, &[name], attributes);
        name.to_owned()
    }

    fn constant(&mut self, name: &str, shape: &[usize], values: Vec<f32>) -> String {
        let dims: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
        self.graph.f32(name, &dims, values)
    }
}
