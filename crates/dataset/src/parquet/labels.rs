//! Names of labels in the metadata that the Hugging Face hub's library writes.

use serde_json::Value;

/// The key of the file's metadata.
pub(super) const KEY: &str = "huggingface";

/// The names of a column's labels, by their numbers; empty where the metadata has none.
pub(super) fn names(metadata: &str, column: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<Value>(metadata) else {
        return Vec::new();
    };
    let names = &document["info"]["features"][column]["names"];
    let names = names.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap_or_default().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_s_names_are_read() {
        let metadata = r#"{"info": {"features": {"image": {"_type": "Image"},
            "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}"#;
        assert_eq!(names(metadata, "label"), ["cat", "dog"]);
        assert!(names(metadata, "image").is_empty());
        assert!(names("{", "label").is_empty());
    }
}
