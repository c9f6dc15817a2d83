//! What can be wrong with a recipe's augmentation.

/// A value that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value} is out of range, expected {range}")]
pub struct OutOfRange {
    /// The value's key in the recipe.
    pub key: &'static str,
    /// The value.
    pub value: String,
    /// What it may be.
    pub range: &'static str,
}

/// An augmentation that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AugmentError {
    /// A transform of one image has a value out of its range.
    #[error("augment[{position}] ({kind}): {source}")]
    Transform {
        /// Place in the recipe's list, counted from 0.
        position: usize,
        /// The transform, as the recipe spells it.
        kind: &'static str,
        /// The value.
        source: OutOfRange,
    },
    /// The mix of a batch's images has a value out of its range.
    #[error("mix: {0}")]
    Mix(OutOfRange),
}

impl AugmentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let (Self::Transform { source, .. } | Self::Mix(source)) = self;
        let OutOfRange { key, range, .. } = source;
        Some(format!("set {key} in the recipe to {range}"))
    }
}
