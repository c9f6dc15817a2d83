//! Do these tensors fit that network?

use std::collections::BTreeMap;
use std::fmt;

use crate::architecture::identify;
use crate::error::PretrainedError;
use crate::tensor::NamedTensors;

/// Compares names and shapes with what a network expects.
///
/// # Errors
/// [`PretrainedError::Mismatch`] with every missing, surplus and misshapen tensor.
pub fn check(
    found: &NamedTensors,
    expected: &BTreeMap<String, Vec<usize>>,
) -> Result<(), PretrainedError> {
    let missing: Vec<_> = (expected.keys())
        .filter(|name| !found.contains_key(*name))
        .cloned()
        .collect();
    let surplus: Vec<_> = (found.keys())
        .filter(|name| !expected.contains_key(*name))
        .cloned()
        .collect();
    let misshapen: Vec<_> = (found.iter())
        .filter_map(|(name, tensor)| {
            let expected = expected.get(name)?;
            (*expected != tensor.shape).then(|| Misshapen {
                name: name.clone(),
                found: tensor.shape.clone(),
                expected: expected.clone(),
            })
        })
        .collect();
    if missing.is_empty() && surplus.is_empty() && misshapen.is_empty() {
        return Ok(());
    }
    let shapes = (found.iter())
        .map(|(name, tensor)| (name.clone(), tensor.shape.clone()))
        .collect();
    Err(PretrainedError::from(Box::new(Mismatch {
        missing,
        surplus,
        misshapen,
        found_architecture: identify(&shapes),
        expected_architecture: identify(expected),
    })))
}

/// Every difference between the tensors that were found and those that a network expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Expected and not found.
    pub missing: Vec<String>,
    /// Found and not expected.
    pub surplus: Vec<String>,
    /// Found with another shape.
    pub misshapen: Vec<Misshapen>,
    /// The architecture that the found tensors are those of, if they are an EfficientNet's.
    pub found_architecture: Option<&'static str>,
    /// The architecture of the network.
    pub expected_architecture: Option<&'static str>,
}

/// A tensor with another shape than the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// timm's name.
    pub name: String,
    /// Shape in the file.
    pub found: Vec<usize>,
    /// Shape in the network.
    pub expected: Vec<usize>,
}

impl fmt::Display for Misshapen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            found,
            expected,
        } = self;
        write!(f, "{name} is {found:?}, expected {expected:?}")
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the weights do not fit the network: ")?;
        let kinds = [
            listed("missing", &self.missing),
            listed("surplus", &self.surplus),
            listed("misshapen", &self.misshapen),
        ];
        f.write_str(&kinds.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

impl std::error::Error for Mismatch {}

impl Mismatch {
    /// What to do about it, if the tensors tell.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match (self.found_architecture, self.expected_architecture) {
            (None, _) => Some(
                "these are not all the tensors of an EfficientNet B0 to B7 in timm's or \
                 torchvision's names"
                    .into(),
            ),
            (Some(found), Some(expected)) if found != expected => Some(format!(
                "the file holds {found}, the network is {expected}: choose the architecture \
                 {found} or other weights"
            )),
            (Some(found), None) => Some(format!("the file holds {found}")),
            (Some(_), Some(_)) => self.only_the_classifier().then(|| {
                "only the classifier differs: the file was trained on another number of classes"
                    .into()
            }),
        }
    }

    fn only_the_classifier(&self) -> bool {
        let names = (self.missing.iter())
            .chain(&self.surplus)
            .chain(self.misshapen.iter().map(|tensor| &tensor.name));
        names
            .into_iter()
            .all(|name| name.starts_with("classifier."))
    }
}

/// `2 missing: a, b`, or nothing.
fn listed<T: fmt::Display>(kind: &str, items: &[T]) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let named: Vec<_> = items.iter().map(T::to_string).collect();
    Some(format!("{} {kind}: {}", items.len(), named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::NamedTensor;

    fn tensors(shapes: &[(&str, &[usize])]) -> NamedTensors {
        let tensor = |shape: &[usize]| NamedTensor {
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        };
        (shapes.iter())
            .map(|(name, shape)| ((*name).to_owned(), tensor(shape)))
            .collect()
    }

    fn expected(shapes: &[(&str, &[usize])]) -> BTreeMap<String, Vec<usize>> {
        (shapes.iter())
            .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()))
            .collect()
    }

    fn mismatch(error: PretrainedError) -> Mismatch {
        match error {
            PretrainedError::Mismatch(mismatch) => *mismatch,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn equal_names_and_shapes_fit() {
        let shapes: [(&str, &[usize]); 2] = [("a.weight", &[2, 3]), ("a.bias", &[2])];
        assert!(check(&tensors(&shapes), &expected(&shapes)).is_ok());
    }

    #[test]
    fn every_difference_is_named_in_one_line() {
        let found = tensors(&[("classifier.weight", &[5, 2]), ("x", &[1]), ("y", &[1])]);
        let expected = expected(&[("classifier.weight", &[3, 2]), ("conv_stem.weight", &[4])]);
        let error = check(&found, &expected).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the weights do not fit the network: 1 missing: conv_stem.weight; \
             2 surplus: x, y; 1 misshapen: classifier.weight is [5, 2], expected [3, 2]"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("timm's or torchvision's names")
        );
    }

    #[test]
    fn every_tensor_is_named() {
        let names: Vec<String> = (0..11).map(|i| format!("t{i:02}")).collect();
        let expected = names.iter().map(|name| (name.clone(), vec![1])).collect();
        let error = check(&NamedTensors::new(), &expected).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the weights do not fit the network: \
             11 missing: t00, t01, t02, t03, t04, t05, t06, t07, t08, t09, t10"
        );
        assert_eq!(mismatch(error).missing, names);
    }

    #[test]
    fn hints_tell_another_architecture_from_another_classifier() {
        let hint = |found, expected, misshapen: &str| {
            let misshapen = vec![Misshapen {
                name: misshapen.into(),
                found: vec![1],
                expected: vec![2],
            }];
            let mismatch = Mismatch {
                missing: vec![],
                surplus: vec![],
                misshapen,
                found_architecture: Some(found),
                expected_architecture: Some(expected),
            };
            mismatch.hint()
        };
        let other = hint("efficientnet_b2", "efficientnet_b0", "conv_head.weight").unwrap();
        assert!(other.contains("holds efficientnet_b2, the network is efficientnet_b0"));
        let classes = hint("efficientnet_b0", "efficientnet_b0", "classifier.bias").unwrap();
        assert!(classes.contains("another number of classes"));
        assert_eq!(hint("efficientnet_b0", "efficientnet_b0", "bn1.bias"), None);
    }
}
