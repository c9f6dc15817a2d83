//! EfficientNet as ONNX nodes, with batch norms folded away.
//!
//! The graph is written from the configuration, not traced: names stay those
//! of the checkpoint, and every export is compared with burn's own forward
//! before it is called done, so the two cannot drift apart unseen.

use onnx::{Attribute, Elem, GraphBuilder};
use pretrained::NamedTensors;

use super::{
    fold::{Convolution, fold_batch_norm, take},
    precision::Precision,
};
use crate::model::{EfficientNetConfig, MbConvConfig};

/// A square kernel's side, its stride, and the number of channel groups.
#[derive(Clone, Copy)]
struct Geometry {
    kernel: usize,
    stride: usize,
    groups: usize,
}

const STEM: Geometry = Geometry {
    kernel: 3,
    stride: 2,
    groups: 1,
};
const POINTWISE: Geometry = Geometry {
    kernel: 1,
    stride: 1,
    groups: 1,
};

/// Adds nodes to a graph and follows the size of the feature map, on which
/// TensorFlow's padding depends.
pub(super) struct NetworkBuilder<'a> {
    pub graph: &'a mut GraphBuilder,
    pub config: &'a EfficientNetConfig,
    pub tensors: NamedTensors,
    pub precision: Precision,
    /// Height and width of the current feature map.
    pub size: [usize; 2],
    /// Where the outputs of batch norms are recorded, if they are.
    pub observed: Option<Vec<Observed>>,
}

/// A batch norm's output in the graph.
pub(super) struct Observed {
    /// timm's name of the norm.
    pub norm: String,
    /// Name of the tensor.
    pub output: String,
    pub channels: usize,
}

impl NetworkBuilder<'_> {
    /// Adds the whole network after the tensor `input` and writes its result
    /// to the tensor `logits`.
    pub fn build(mut self, input: &str, logits: &str) {
        let features = self.features(input);
        self.classify(&features, logits);
    }

    /// Adds everything before the pooling and gives the feature map's name.
    pub fn features(&mut self, input: &str) -> String {
        let input = match self.precision {
            Precision::Fp32 => input.to_owned(),
            Precision::Fp16 => self.cast(input, "network.input", Elem::F16),
        };
        let mut features = self.conv_norm_silu(&input, "conv_stem", "bn1", STEM);
        for (s, stage) in self.config.stages().iter().enumerate() {
            for (b, block) in stage.iter().enumerate() {
                features = self.block(&features, &format!("blocks.{s}.{b}"), block);
            }
        }
        self.conv_norm_silu(&features, "conv_head", "bn2", POINTWISE)
    }

    fn classify(&mut self, features: &str, logits: &str) {
        let pooled = self.node("GlobalAveragePool", "pool", &[features], vec![]);
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
        let output = match self.precision {
            Precision::Fp32 => logits,
            Precision::Fp16 => "network.output",
        };
        self.graph.node(
            "Gemm",
            "classifier",
            &[&flat, &weight, &bias],
            &[output],
            vec![Attribute::int("transB", 1)],
        );
        if self.precision == Precision::Fp16 {
            self.cast(output, logits, Elem::F32);
        }
    }

    fn cast(&mut self, input: &str, output: &str, to: Elem) -> String {
        let to = Attribute::int("to", to as i64);
        self.node("Cast", output, &[input], vec![to])
    }

    fn block(&mut self, input: &str, prefix: &str, block: &MbConvConfig) -> String {
        let name = |part: &str| format!("{prefix}.{part}");
        let depthwise = Geometry {
            kernel: block.kernel,
            stride: block.stride,
            groups: block.expanded(),
        };
        let (wide, [depthwise_norm, project, project_norm]) = if block.expands() {
            let wide = self.conv_norm_silu(input, &name("conv_pw"), &name("bn1"), POINTWISE);
            (wide, ["bn2", "conv_pwl", "bn3"])
        } else {
            (input.to_owned(), ["bn1", "conv_pw", "bn2"])
        };
        let features =
            self.conv_norm_silu(&wide, &name("conv_dw"), &name(depthwise_norm), depthwise);
        let scaled = self.squeeze_excitation(&features, &name("se"));
        let branch = self.conv_norm(&scaled, &name(project), &name(project_norm), POINTWISE);
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
        self.convolution(input, name, convolution, POINTWISE, [[0, 0]; 2])
    }

    fn conv_norm_silu(
        &mut self,
        input: &str,
        conv: &str,
        norm: &str,
        geometry: Geometry,
    ) -> String {
        let features = self.conv_norm(input, conv, norm, geometry);
        self.silu(&features)
    }

    fn conv_norm(&mut self, input: &str, conv: &str, norm: &str, geometry: Geometry) -> String {
        let epsilon = self.config.family.bn_epsilon;
        let convolution = fold_batch_norm(&mut self.tensors, conv, norm, epsilon);
        let channels = convolution.bias.len();
        let padding = self.size.map(|side| self.padding(side, geometry));
        let output = self.convolution(input, conv, convolution, geometry, padding);
        if let Some(observed) = &mut self.observed {
            observed.push(Observed {
                norm: norm.to_owned(),
                output: output.clone(),
                channels,
            });
        }
        for (side, [before, after]) in self.size.iter_mut().zip(padding) {
            *side = (*side + before + after - geometry.kernel) / geometry.stride + 1;
        }
        output
    }

    /// Padding before and after one side of the feature map.
    fn padding(&self, side: usize, geometry: Geometry) -> [usize; 2] {
        let Geometry { kernel, stride, .. } = geometry;
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
        geometry: Geometry,
        [[top, bottom], [left, right]]: [[usize; 2]; 2],
    ) -> String {
        let Geometry {
            kernel,
            stride,
            groups,
        } = geometry;
        let Convolution { weight, bias } = convolution;
        let weight = self.constant(&format!("{name}.weight"), &weight.shape, weight.values);
        let bias = self.constant(&format!("{name}.bias"), &[bias.len()], bias);
        let pads = [top, left, bottom, right].map(|pad| pad as i64);
        self.node(
            "Conv",
            name,
            &[input, &weight, &bias],
            vec![
                Attribute::ints("kernel_shape", &[kernel as i64; 2]),
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
        match self.precision {
            Precision::Fp32 => self.graph.f32(name, &dims, values),
            Precision::Fp16 => self.graph.f16(name, &dims, values),
        }
    }
}
