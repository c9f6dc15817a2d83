//! timm's `config.json`.

use std::path::PathBuf;

use fetch::{Client, FetchError};
use serde::Deserialize;

use super::hub_error;
use crate::error::{PretrainedError, one_line};
use crate::family::{Family, IMAGENET_MEAN, IMAGENET_STD};

/// The most bytes that are taken for it; timm's have one or two thousand.
const MAX_LENGTH: u64 = 1 << 20;

/// What a repository's `config.json` says, as far as it matters here.
pub(super) struct Config {
    pub(super) family: Family,
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
}

/// The layout of timm's `config.json`.
#[derive(Default, Deserialize)]
struct ConfigFile {
    architecture: Option<String>,
    #[serde(default)]
    pretrained_cfg: PretrainedCfg,
}

#[derive(Default, Deserialize)]
struct PretrainedCfg {
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

impl Config {
    /// Fetches the configuration at `url`. A repository without one has the family of its name.
    pub(super) fn fetch(client: &Client, url: &str, repo: &str) -> Result<Self, PretrainedError> {
        let file = match client.read(url, MAX_LENGTH) {
            Ok(json) => read(&json).map_err(|reason| PretrainedError::Malformed {
                path: PathBuf::from(url),
                format: "timm config",
                reason,
            })?,
            Err(FetchError::Status { status: 404, .. }) => ConfigFile::default(),
            Err(error) => return Err(hub_error(error)),
        };
        let named_after = file.architecture.as_deref();
        let named_after = named_after.or(repo.split_once('/').map(|(_, name)| name));
        let tensorflow = named_after.is_some_and(|name| name.starts_with("tf_"));
        Ok(Self {
            family: if tensorflow {
                Family::tensorflow()
            } else {
                Family::torch()
            },
            mean: file.pretrained_cfg.mean.unwrap_or(IMAGENET_MEAN),
            std: file.pretrained_cfg.std.unwrap_or(IMAGENET_STD),
        })
    }
}

fn read(json: &[u8]) -> Result<ConfigFile, String> {
    let file: ConfigFile = serde_json::from_slice(json).map_err(one_line)?;
    let PretrainedCfg { mean, std } = &file.pretrained_cfg;
    let finite = |values: &Option<[f32; 3]>| values.is_none_or(|v| v.iter().all(|v| v.is_finite()));
    // Pixels are divided by it.
    let positive = std.is_none_or(|std| std.iter().all(|&v| v > 0.0));
    if finite(mean) && finite(std) && positive {
        return Ok(file);
    }
    Err("mean or std cannot be used to normalise pixels".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_normalise_are_refused() {
        let with = |std: &str| read(format!(r#"{{"pretrained_cfg":{{"std":{std}}}}}"#).as_bytes());
        assert!(with("[0.1, 0.2, 0.3]").is_ok());
        for std in ["[0.1, 0.2, 0.0]", "[-1, 1, 1]", "[1e39, 1, 1]", "[1, 1]"] {
            assert!(with(std).is_err(), "{std}");
        }
    }
}
