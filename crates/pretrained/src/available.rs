//! Which weights are there already.

use std::path::{Path, PathBuf};

use crate::hub;
use crate::sidecar::Sidecar;

/// File under the models folder that the conversion of [`npm::PACKAGE`](crate::npm::PACKAGE)
/// is kept as.
pub const CONVERTED_FILE: &str = "tf_efficientnet_b0_imagenet.safetensors";

/// The weights to use when none were asked for: [`CONVERTED_FILE`], else those of
/// [`hub::DEFAULT_REPO`], else the first `.safetensors` file by name that has a sidecar.
/// `None` if the folder holds none of them or does not exist.
#[must_use]
pub fn find_default(models_dir: &Path) -> Option<PathBuf> {
    let known = [
        CONVERTED_FILE.to_owned(),
        hub::file_name(hub::DEFAULT_REPO)?,
    ];
    if let Some(path) = (known.iter())
        .map(|name| models_dir.join(name))
        .find(|path| path.is_file())
    {
        return Some(path);
    }
    (std::fs::read_dir(models_dir).ok()?)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .filter(|path| Sidecar::path_of(path).is_file())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversion_comes_first_then_the_hub_then_any_file_with_a_sidecar() {
        let dir = tempfile::tempdir().unwrap();
        let touch = |name: &str| std::fs::write(dir.path().join(name), b"").unwrap();
        let found = || {
            let path = find_default(dir.path())?;
            Some(path.file_name()?.to_str()?.to_owned())
        };
        assert_eq!(find_default(&dir.path().join("missing")), None);
        touch("a.safetensors");
        touch("README.md");
        assert_eq!(found(), None, "without a sidecar nobody knows what it is");
        touch("c.safetensors");
        touch("c.safetensors.json");
        touch("b.safetensors");
        touch("b.safetensors.json");
        assert_eq!(found().as_deref(), Some("b.safetensors"));
        touch("efficientnet_b0.ra_in1k.safetensors");
        assert_eq!(
            found().as_deref(),
            Some("efficientnet_b0.ra_in1k.safetensors")
        );
        touch(CONVERTED_FILE);
        assert_eq!(found().as_deref(), Some(CONVERTED_FILE));
    }
}
