//! The argument `--model [NAME=]FILE`.

use std::path::Path;

use infer::serve::ModelSpec;

/// Splits a name from its file; without one, the file's name is taken, without
/// its extension.
pub fn parse(text: &str) -> Result<ModelSpec, String> {
    let (name, path) = match text.split_once('=') {
        // A `=` behind a slash belongs to the path.
        Some((name, path)) if !name.contains('/') => (name.to_owned(), path),
        _ => {
            let stem = Path::new(text).file_stem();
            let stem = stem.ok_or("a file is missing")?.to_string_lossy();
            (stem.into_owned(), text)
        }
    };
    if name.is_empty() || path.is_empty() {
        return Err("expected NAME=FILE or FILE".to_owned());
    }
    Ok(ModelSpec {
        name,
        path: path.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_or_the_file_s() {
        for (text, name, path) in [
            ("pets=runs/a.onnx", "pets", "runs/a.onnx"),
            ("runs/b0.v2.onnx", "b0.v2", "runs/b0.v2.onnx"),
            ("runs/a=b.onnx", "a=b", "runs/a=b.onnx"),
        ] {
            let spec = parse(text).unwrap();
            assert_eq!(
                (spec.name.as_str(), spec.path.as_path()),
                (name, Path::new(path))
            );
        }
        for text in ["", "=a.onnx", "a=", ".."] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
