//! safetensors files that say of themselves whether they are whole.
//!
//! The format has no checksum: a file with a hole of zeros in the middle reads as one with other
//! weights. [`seal`] therefore puts the SHA-256 of all tensors and all other metadata among the
//! metadata, which every reader of the format passes over, and [`open`] checks it.

use std::collections::HashMap;

use contract::fs::RunningSha256;
use safetensors::tensor::{SafeTensorError, SafeTensors, TensorView};

use crate::error::one_line;

/// Entry of the metadata that holds the checksum.
const CHECKSUM: &str = "contents_sha256";

/// A safetensors file whose checksum, if it has one, is right.
#[derive(Debug)]
pub struct Opened<'a> {
    /// Its tensors.
    pub tensors: SafeTensors<'a>,
    /// Its metadata.
    pub metadata: HashMap<String, String>,
}

/// What is wrong with the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// They are not safetensors.
    #[error("{0}")]
    Malformed(String),
    /// They are not those that were written.
    #[error("it is damaged, its contents do not match the checksum in it")]
    Damaged,
}

/// The bytes of a file of these tensors and metadata, with their checksum.
///
/// # Errors
/// Those of the library, for tensors that do not go into a file together.
pub fn seal(
    tensors: &[(&str, TensorView<'_>)],
    mut metadata: HashMap<String, String>,
) -> Result<Vec<u8>, SafeTensorError> {
    let checksum = checksum(tensors.iter().map(|(name, view)| (*name, view)), &metadata);
    metadata.insert(CHECKSUM.to_owned(), checksum);
    let tensors = tensors.iter().map(|(name, view)| (*name, view));
    safetensors::serialize(tensors, Some(metadata))
}

/// Reads the bytes of a file. One without a checksum, as others write them and earlier versions
/// did, is taken as it is.
///
/// # Errors
/// [`OpenError::Malformed`] for what is no safetensors file, [`OpenError::Damaged`] where the
/// checksum is another one.
pub fn open(bytes: &[u8]) -> Result<Opened<'_>, OpenError> {
    let malformed = |error: SafeTensorError| OpenError::Malformed(one_line(error));
    let tensors = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    if let Some(expected) = metadata.get(CHECKSUM) {
        let views: Vec<(&str, TensorView<'_>)> = tensors.iter().collect();
        let found = checksum(views.iter().map(|(name, view)| (*name, view)), &metadata);
        if found != *expected {
            return Err(OpenError::Damaged);
        }
    }
    Ok(Opened { tensors, metadata })
}

/// SHA-256 over tensors and metadata but the checksum, each sorted by name, whatever their order
/// in the file.
fn checksum<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a TensorView<'a>)>,
    metadata: &HashMap<String, String>,
) -> String {
    let mut hash = RunningSha256::default();
    // A length before each part, so that no two files give the same bytes.
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    let mut tensors: Vec<_> = tensors.collect();
    tensors.sort_unstable_by_key(|(name, _)| *name);
    for (name, view) in tensors {
        part(name.as_bytes());
        part(format!("{:?} {:?}", view.dtype(), view.shape()).as_bytes());
        part(view.data());
    }
    let mut metadata: Vec<_> = metadata
        .iter()
        .filter(|(key, _)| *key != CHECKSUM)
        .collect();
    metadata.sort_unstable();
    for (key, value) in metadata {
        part(key.as_bytes());
        part(value.as_bytes());
    }
    hash.hex()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use safetensors::tensor::Dtype;

    use super::*;

    fn file(metadata: &[(&str, &str)]) -> Vec<u8> {
        let values: Vec<u8> = (0..=255).collect();
        let view = |values| TensorView::new(Dtype::U8, vec![128], values).unwrap();
        let tensors = [("b", view(&values[128..])), ("a", view(&values[..128]))];
        let metadata = metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        seal(&tensors, metadata.collect()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens() {
        let bytes = file(&[("epoch", "3")]);
        let opened = open(&bytes).unwrap();
        assert_eq!(opened.metadata["epoch"], "3");
        assert_eq!(opened.tensors.tensor("b").unwrap().data()[0], 128);
    }

    #[test]
    fn a_file_without_a_checksum_is_taken_as_it_is() {
        let view = TensorView::new(Dtype::U8, vec![1], &[7]).unwrap();
        let bytes = safetensors::serialize([("a", view)], None).unwrap();
        assert_eq!(open(&bytes).unwrap().tensors.len(), 1);
    }

    #[test]
    fn a_hole_of_zeros_is_seen() {
        let mut bytes = file(&[]);
        let end = bytes.len();
        bytes[end - 100..end - 50].fill(0);
        assert_eq!(open(&bytes).unwrap_err(), OpenError::Damaged);
    }

    proptest! {
        /// What JSON may write in another way (the spaces that pad the header) aside.
        #[test]
        fn no_changed_value_passes(at: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = file(&[("epoch", "3")]);
            let data = bytes.len() - 256;
            let at = data + at.index(256);
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(open(&bytes).unwrap_err(), OpenError::Damaged);
        }
    }

    #[test]
    fn changed_metadata_and_swapped_names_are_seen() {
        let bytes = file(&[("epoch", "3")]);
        let text = |from: &str, to: &str| {
            let mut changed = bytes.clone();
            let place = changed
                .windows(from.len())
                .position(|window| window == from.as_bytes())
                .unwrap();
            changed[place..place + to.len()].copy_from_slice(to.as_bytes());
            changed
        };
        for (from, to) in [("\"3\"", "\"4\""), ("epoch", "epocj"), ("\"a\"", "\"c\"")] {
            assert_eq!(open(&text(from, to)).unwrap_err(), OpenError::Damaged);
        }
    }
}
