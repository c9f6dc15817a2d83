//! Tensors as plain vectors.

use std::collections::BTreeMap;

use half::{bf16, f16};

/// A float32 tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`.
    pub values: Vec<f32>,
}

/// Tensors by name, in the order of their names.
pub type NamedTensors = BTreeMap<String, NamedTensor>;

/// The floating-point types that weights are stored in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

impl Float {
    /// Little-endian bytes to float32; float64 is rounded to the nearest float32.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => map(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => map(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            Self::F32 => map(bytes, f32::from_le_bytes),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "weights are kept in float32"
            )]
            Self::F64 => map(bytes, |b| f64::from_le_bytes(b) as f32),
        }
    }
}

fn map<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().copied().map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_type_becomes_float32() {
        assert_eq!(Float::F32.decode(&1.5f32.to_le_bytes()), [1.5]);
        assert_eq!(Float::F64.decode(&(-0.1f64).to_le_bytes()), [-0.1f32]);
        // 0x3E00 is 1.5 in IEEE half precision, 0x3FC0 is 1.5 in bfloat16.
        assert_eq!(Float::F16.decode(&[0x00, 0x3E]), [1.5]);
        assert_eq!(Float::Bf16.decode(&[0xC0, 0x3F, 0x80, 0xBF]), [1.5, -1.0]);
    }
}
