//! Element types, dimensions and constant tensors.

use crate::TensorProto;
use crate::proto::{
    Dimension, DimensionValue, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Type of a tensor's elements; the discriminant is ONNX's `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Elem {
    /// 32-bit float.
    F32 = 1,
    /// Unsigned byte.
    U8 = 2,
    /// Signed 64-bit integer.
    I64 = 7,
    /// 16-bit float, IEEE half precision.
    F16 = 10,
}

/// One dimension of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// A length known when the file is written.
    Fixed(i64),
    /// A named length that each run decides, e.g. `batch`.
    Symbolic(String),
}

impl From<&Dim> for Dimension {
    fn from(dim: &Dim) -> Self {
        let value = match dim {
            Dim::Fixed(length) => DimensionValue::DimValue(*length),
            Dim::Symbolic(name) => DimensionValue::DimParam(name.clone()),
        };
        Self { value: Some(value) }
    }
}

impl ValueInfoProto {
    /// A tensor value: its name, element type and shape.
    pub fn tensor(name: &str, elem: Elem, dims: &[Dim]) -> Self {
        let shape = TensorShapeProto {
            dim: dims.iter().map(Dimension::from).collect(),
        };
        Self {
            name: name.into(),
            r#type: Some(TypeProto {
                tensor_type: Some(TensorTypeProto {
                    elem_type: elem as i32,
                    shape: Some(shape),
                }),
            }),
            doc_string: String::new(),
        }
    }

    /// The dimensions, outermost first; `None` when the value is no tensor or
    /// its rank is unknown, `None` inside where a dimension is unknown.
    pub fn dims(&self) -> Option<Vec<Option<Dim>>> {
        let shape = self.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
        let dims = shape.dim.iter().map(|dim| {
            Some(match dim.value.as_ref()? {
                DimensionValue::DimValue(length) => Dim::Fixed(*length),
                DimensionValue::DimParam(name) => Dim::Symbolic(name.clone()),
            })
        });
        Some(dims.collect())
    }
}

impl TensorProto {
    /// A float16 constant of shape `dims` (empty for a scalar), row-major;
    /// `values` are rounded to the nearest.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn f16(name: &str, dims: &[i64], values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| half::f16::from_f32(value).to_le_bytes());
        Self::raw(name, dims, Elem::F16, values.len(), bytes.collect())
    }

    /// A float32 constant of shape `dims` (empty for a scalar), row-major.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn f32(name: &str, dims: &[i64], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        Self::raw(name, dims, Elem::F32, values.len(), bytes.collect())
    }

    /// An int64 constant of shape `dims` (empty for a scalar), row-major.
    ///
    /// # Panics
    /// If `values` has not as many elements as `dims` says.
    pub fn i64(name: &str, dims: &[i64], values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        Self::raw(name, dims, Elem::I64, values.len(), bytes.collect())
    }

    /// Float32 values, row-major, wherever the file has them; `None` when the
    /// tensor is of another type or its length does not fit its shape.
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        if self.data_type != Elem::F32 as i32 {
            return None;
        }
        let values: Vec<f32> = if self.raw_data.is_empty() {
            self.float_data.clone()
        } else {
            let (words, rest) = self.raw_data.as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            words.iter().map(|word| f32::from_le_bytes(*word)).collect()
        };
        (element_count(&self.dims) == Some(values.len())).then_some(values)
    }

    fn raw(name: &str, dims: &[i64], elem: Elem, count: usize, raw_data: Vec<u8>) -> Self {
        assert_eq!(
            element_count(dims),
            Some(count),
            "{name}: {count} values for the shape {dims:?}"
        );
        Self {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: elem as i32,
            raw_data,
            ..Self::default()
        }
    }
}

/// Product of the dimensions; `None` when one is negative or it overflows.
fn element_count(dims: &[i64]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |count, &dim| {
        count.checked_mul(usize::try_from(dim).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f32_values_come_back() {
        let values = [1.0, -0.0, f32::MIN_POSITIVE, f32::INFINITY];
        let tensor = TensorProto::f32("w", &[2, 2], &values);
        assert_eq!(tensor.to_f32().unwrap(), values);
        let in_field = TensorProto {
            raw_data: vec![],
            float_data: values.to_vec(),
            ..tensor
        };
        assert_eq!(in_field.to_f32().unwrap(), values);
    }

    #[test]
    fn f32_values_of_another_type_or_length_are_none() {
        assert_eq!(TensorProto::i64("n", &[1], &[3]).to_f32(), None);
        let tensor = TensorProto::f32("w", &[2], &[1.0, 2.0]);
        for dims in [vec![3], vec![-2], vec![i64::MAX, i64::MAX]] {
            let misshapen = TensorProto {
                dims,
                ..tensor.clone()
            };
            assert_eq!(misshapen.to_f32(), None);
        }
    }
}
