//! Attributes of nodes by the type of their value.

use crate::proto::{AttributeProto, AttributeType};

/// A named attribute of a node, e.g. `Attribute::ints("strides", &[2, 2])`.
pub type Attribute = AttributeProto;

impl AttributeProto {
    /// An attribute of type INT.
    pub fn int(name: &str, value: i64) -> Self {
        Self {
            i: value,
            ..Self::named(name, AttributeType::Int)
        }
    }

    /// An attribute of type INTS.
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            ints: values.to_vec(),
            ..Self::named(name, AttributeType::Ints)
        }
    }

    /// An attribute of type FLOAT.
    pub fn float(name: &str, value: f32) -> Self {
        Self {
            f: value,
            ..Self::named(name, AttributeType::Float)
        }
    }

    /// An attribute of type STRING.
    pub fn string(name: &str, value: &str) -> Self {
        Self {
            s: value.as_bytes().to_vec(),
            ..Self::named(name, AttributeType::String)
        }
    }

    fn named(name: &str, kind: AttributeType) -> Self {
        Self {
            name: name.into(),
            r#type: kind as i32,
            ..Self::default()
        }
    }
}
