//! Sizes of activations and of a convolution's window.

/// Size of a channels-last activation `[batch, height, width, channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Images.
    pub batch: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values of a position.
    pub channels: usize,
}

impl Shape {
    /// Positions of one image.
    pub fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Positions of all images: the rows of the activation seen as a matrix.
    pub fn rows(&self) -> usize {
        self.batch * self.positions()
    }

    /// Values of one image.
    pub fn image_len(&self) -> usize {
        self.positions() * self.channels
    }

    /// Values of all images.
    pub fn len(&self) -> usize {
        self.rows() * self.channels
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same positions with other channels.
    pub fn with_channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }
}

/// Where a convolution adds its zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// `(kernel - 1) / 2` on every side, as PyTorch's convolutions of the
    /// paper's torch ports have it.
    Symmetric,
    /// TensorFlow's `SAME`: as much as `ceil(size / stride)` outputs need, an
    /// odd zero at the bottom and right.
    Same,
}

/// The window of a convolution with a square kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs, the same along both sides.
    pub stride: usize,
    /// Where zeros are added.
    pub padding: Padding,
}

impl Window {
    /// Outputs along a side of `size`.
    pub fn outputs(&self, size: usize) -> usize {
        size.div_ceil(self.stride)
    }

    /// Zeros before the first of `size` values.
    pub fn zeros_before(&self, size: usize) -> usize {
        match self.padding {
            Padding::Symmetric => (self.kernel - 1) / 2,
            Padding::Same => {
                let reach = (self.outputs(size) - 1) * self.stride + self.kernel;
                reach.saturating_sub(size) / 2
            }
        }
    }

    /// The shape that this window makes of `input`, with as many channels.
    pub fn output(&self, input: Shape) -> Shape {
        Shape {
            height: self.outputs(input.height),
            width: self.outputs(input.width),
            ..input
        }
    }
}
