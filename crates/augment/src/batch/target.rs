//! The labels of a mixed image.

use super::partner;

/// Two labels of an image and the first one's weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftTarget {
    /// The image's own class.
    pub label: usize,
    /// The class of the image that was mixed in.
    pub mixed_label: usize,
    /// Weight of `label`, 0 to 1; `mixed_label` has the rest.
    pub lambda: f64,
}

/// The targets of a batch whose own labels are `labels` and have weight `lambda`.
pub(super) fn targets(labels: &[usize], lambda: f64) -> Vec<SoftTarget> {
    let own = labels.iter().enumerate();
    own.map(|(index, &label)| SoftTarget {
        label,
        mixed_label: labels[partner(index, labels.len())],
        lambda,
    })
    .collect()
}
