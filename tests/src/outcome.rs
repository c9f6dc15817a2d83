//! Runs that are to have come to the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;

/// Checks that two runs have the same checkpoints, bit for bit, and the same history.
///
/// # Panics
/// If anything differs, or a file is not there.
pub fn assert_same_outcome(run: &Path, reference: &Path) {
    for checkpoint in ["last", "best"] {
        let file = format!("checkpoints/{checkpoint}.safetensors");
        let (ours, theirs) = (tensors(&run.join(&file)), tensors(&reference.join(&file)));
        assert!(ours.keys().eq(theirs.keys()));
        for (name, values) in &ours {
            assert!(*values == theirs[name], "{file}: {name} differs");
        }
    }
    let history = |run: &Path| fs::read_to_string(run.join("history.csv")).unwrap();
    assert_eq!(history(run), history(reference));
}

/// Values of every tensor of a checkpoint, as they stand in the file.
fn tensors(checkpoint: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(checkpoint).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, view)| (name.to_owned(), view.data().to_vec()))
        .collect()
}
