//! The document's version, read before anything else.

use serde_json::Value;

use crate::ContractError;

/// Version of the JSON document that this crate writes, and the newest that it reads.
pub const VERSION: u32 = 1;

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
