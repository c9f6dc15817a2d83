//! The document's version, read before anything else.

use serde_json::Value;

use crate::{ContractError, DatasetInfo, Resize};

/// Version of the JSON document that is the newest that this crate reads. A document
/// is written as the oldest that says the same, so that older programs go on reading
/// what they understand.
///
/// - 1: the first;
/// - 2: `preprocessing.resize` may be `pillow_bicubic`, and the data set may have a
///   `test_fraction`, without which another test split would be taken.
pub const VERSION: u32 = 2;

/// Returns the version of a contract with this kernel and this data set.
pub fn oldest_version(kernel: Resize, dataset: &DatasetInfo) -> u32 {
    match (kernel, dataset.test_fraction) {
        (Resize::OpencvCubic, None) => 1,
        (Resize::PillowBicubic, _) | (_, Some(_)) => 2,
    }
}

/// Parses `json` and checks its `version`; gives the document back unread otherwise.
pub(crate) fn read(json: &str) -> Result<Value, ContractError> {
    let document: Value = serde_json::from_str(json).map_err(|error| ContractError::NotJson {
        reason: error.to_string(),
    })?;
    let invalid = |reason: String| ContractError::Invalid {
        field: "version".into(),
        reason,
    };
    let version = document
        .get("version")
        .ok_or_else(|| invalid("missing".into()))?;
    let found = version
        .as_u64()
        .filter(|&number| number > 0)
        .ok_or_else(|| invalid(format!("expected a positive integer, got {version}")))?;
    if found > u64::from(VERSION) {
        return Err(ContractError::NewerVersion {
            found,
            supported: VERSION,
        });
    }
    Ok(document)
}
