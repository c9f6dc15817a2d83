//! The argument `--model [NAME=]FILE|RUN`.

use std::path::Path;

use infer::serve::ModelSpec;

use crate::cli::{Failure, model};

/// Splits a name from its file; without one, the file's name is taken, without
/// its extension, or the name of the run's folder.
pub fn parse(text: &str) -> Result<ModelSpec, String> {
    let (name, path) = match text.split_once('=') {
        // A `=` behind a slash belongs to the path.
        Some((name, path)) if !name.contains('/') => (name.to_owned(), path),
        _ => (default_name(Path::new(text))?, text),
    };
    if name.is_empty() || path.is_empty() {
        return Err("expected NAME=FILE or FILE".to_owned());
    }
    Ok(ModelSpec {
        name,
        path: path.into(),
    })
}

fn default_name(path: &Path) -> Result<String, String> {
    let full = path.canonicalize().ok().filter(|full| full.is_dir());
    let name = match &full {
        Some(folder) => folder.file_name(),
        None => path.file_stem(),
    };
    let name = name.ok_or("a file is missing")?;
    Ok(name.to_string_lossy().into_owned())
}

/// Returns the spec with the ONNX file in the place of a run's folder.
///
/// # Errors
/// A folder without a model.
pub fn with_file(spec: &ModelSpec) -> Result<ModelSpec, Failure> {
    Ok(ModelSpec {
        name: spec.name.clone(),
        path: model::file(&spec.path)?,
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
        for text in ["", "=a.onnx", "a=", "/"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_is_called_by_its_folder() {
        let runs = tempfile::tempdir().unwrap();
        let run = runs.path().join("pets.v2");
        std::fs::create_dir(&run).unwrap();
        let text = format!("{}/", run.display());
        let spec = parse(&text).unwrap();
        assert_eq!(spec.name, "pets.v2");
        assert!(with_file(&spec).is_err());
        std::fs::write(run.join("model.onnx"), "x").unwrap();
        assert_eq!(with_file(&spec).unwrap().path, run.join("model.onnx"));
    }
}
