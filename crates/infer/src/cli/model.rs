//! The model that a command line names.

use std::path::{Path, PathBuf};

use commands::quoted_path;

use super::Failure;

/// What a run exports, in its folder.
const MODEL: &str = "model.onnx";
/// Of what it can be exported again.
const CHECKPOINTS: [&str; 2] = [
    "checkpoints/best.safetensors",
    "checkpoints/last.safetensors",
];

/// Returns the ONNX file that `path` means: `path` itself, or the model of the run whose
/// folder it is.
///
/// # Errors
/// A folder without a model.
pub fn file(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let model = path.join(MODEL);
    if model.is_file() {
        return Ok(model);
    }
    let has_checkpoint = CHECKPOINTS.iter().any(|file| path.join(file).is_file());
    let hint = match has_checkpoint {
        true => format!(
            "`trainer export {} --out {}` makes it of the run's best checkpoint",
            quoted_path(path),
            quoted_path(&model)
        ),
        false => "pass an ONNX file, or the folder of a run that has one".to_owned(),
    };
    Err(Failure::new(
        format!("the folder {} has no {MODEL}", path.display()),
        hint,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_itself_and_a_run_s_folder_its_model() {
        let run = tempfile::tempdir().unwrap();
        let path = |name: &str| run.path().join(name);
        assert_eq!(file(&path("other.onnx")).unwrap(), path("other.onnx"));
        let empty = file(run.path()).unwrap_err();
        assert!(empty.to_string().contains("has no model.onnx"), "{empty}");
        std::fs::write(path(MODEL), "x").unwrap();
        assert_eq!(file(run.path()).unwrap(), path(MODEL));
    }
}
