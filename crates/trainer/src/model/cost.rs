//! What one image costs.

use super::{EfficientNetConfig, MbConvConfig};

impl EfficientNetConfig {
    /// Multiply-accumulates of a forward pass over one image of side `size`, in
    /// convolutions and linear layers (the paper's "FLOPS"). A training step
    /// costs about three times as many.
    pub fn multiply_accumulates(&self, size: usize) -> u64 {
        let mut side = size.div_ceil(2);
        let stem = self.stem_channels();
        let mut total = side * side * 3 * 9 * stem;
        let mut channels = stem;
        for block in self.stages().iter().flatten() {
            let side_out = side.div_ceil(block.stride);
            total += of_block(block, side, side_out);
            side = side_out;
            channels = block.channels_out;
        }
        let features = self.head_channels();
        (total + side * side * channels * features + features * self.classes) as u64
    }
}

fn of_block(block: &MbConvConfig, side: usize, side_out: usize) -> usize {
    let expanded = block.expanded();
    let expansion = match block.expands() {
        true => side * side * block.channels_in * expanded,
        false => 0,
    };
    let depthwise = side_out * side_out * expanded * block.kernel * block.kernel;
    let squeeze_excitation = 2 * expanded * block.squeezed();
    let projection = side_out * side_out * expanded * block.channels_out;
    expansion + depthwise + squeeze_excitation + projection
}

#[cfg(test)]
mod tests {
    use pretrained::Family;

    use super::*;

    /// Counted by forward hooks on every Conv2d and Linear of timm 1.0.31's
    /// `tf_efficientnet_{b0,b2}` with 100 classes.
    #[test]
    fn counts_are_timms() {
        let count = |name: &str, size| {
            EfficientNetConfig::variant(name, 100, Family::tensorflow())
                .unwrap()
                .multiply_accumulates(size)
        };
        assert_eq!(count("efficientnet_b0", 224), 384_662_752);
        assert_eq!(count("efficientnet_b0", 97), 100_463_680);
        assert_eq!(count("efficientnet_b2", 260), 992_294_672);
    }
}
