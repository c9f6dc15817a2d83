//! Weights from a timm repository on the Hugging Face hub.

use std::path::{Path, PathBuf};

use hf_hub::Cache;
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use serde::Deserialize;

use crate::error::{PretrainedError, one_line};
use crate::family::{Family, IMAGENET_MEAN, IMAGENET_STD};
use crate::sidecar::{CREATED_BY, Sidecar};
use crate::statistics::Statistics;
use crate::weights;

/// EfficientNet-B0 trained by timm with RandAugment on ImageNet-1k (Apache-2.0).
pub const DEFAULT_REPO: &str = "timm/efficientnet_b0.ra_in1k";

/// Environment variable that names another endpoint, as in `huggingface_hub`.
const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
/// Downloads in progress, under the models folder: a broken one goes on from here.
const CACHE: &str = ".hub";
const RETRIES: usize = 3;

/// File under the models folder that a repository's weights are kept as:
/// `efficientnet_b0.ra_in1k.safetensors` for `timm/efficientnet_b0.ra_in1k`.
/// `None` if that is not a repository's name.
#[must_use]
pub fn file_name(repo: &str) -> Option<String> {
    let (owner, name) = repo.split_once('/')?;
    let valid = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        part.chars().all(allowed) && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    (valid(owner) && valid(name)).then(|| format!("{name}.safetensors"))
}

/// Fetches `model.safetensors` of a public repository (`owner/name`) into `models_dir`, with
/// its sidecar. Weights that are there already, with a sidecar that fits, are kept.
///
/// The endpoint is the given one, else that of the environment variable `HF_ENDPOINT`, else
/// the hub's own. Family, mean and standard deviation are those of the repository's
/// `config.json`; without one, the name tells the family (`tf_...` is TensorFlow's).
/// A progress bar goes to stderr if `progress` is set.
///
/// # Errors
/// The name is no repository's, the hub does not know it or cannot be reached, or what came
/// is not the file that the hub announced.
pub fn fetch(
    repo: &str,
    endpoint: Option<&str>,
    models_dir: &Path,
    progress: bool,
) -> Result<PathBuf, PretrainedError> {
    let name = file_name(repo).ok_or_else(|| PretrainedError::RepoName {
        repo: repo.to_owned(),
    })?;
    let target = models_dir.join(name);
    if target.is_file() && Sidecar::of(&target)?.is_some() {
        weights::read(&target, None)?;
        return Ok(target);
    }
    std::fs::create_dir_all(models_dir).map_err(PretrainedError::io("create", models_dir))?;
    // hf-hub asserts that its cache is an absolute path or dies.
    let models_dir =
        std::path::absolute(models_dir).map_err(PretrainedError::io("read", models_dir))?;
    let cache = models_dir.join(CACHE);
    let result = fetch_through(&cache, repo, endpoint, &target, progress);
    // A download that broke off is kept, to go on from; anything else is of no more use.
    if !matches!(result, Err(PretrainedError::Hub { .. })) {
        let _ = std::fs::remove_dir_all(&cache);
    }
    result.map(|()| target)
}

fn fetch_through(
    cache: &Path,
    repo: &str,
    endpoint: Option<&str>,
    target: &Path,
    progress: bool,
) -> Result<(), PretrainedError> {
    let api = open(cache, repo, endpoint, progress)?;
    let config = config(&api, repo)?;
    let snapshot = api
        .download(WEIGHTS)
        .map_err(|e| hub_error(api.url(WEIGHTS), e))?;
    let blob = std::fs::canonicalize(&snapshot).map_err(PretrainedError::io("read", &snapshot))?;
    let sha256 = contract::fs::sha256_file(&blob).map_err(PretrainedError::io("read", &blob))?;
    let broken = |reason| PretrainedError::HubFile {
        url: api.url(WEIGHTS),
        reason,
    };
    verify(&blob, &sha256).map_err(broken)?;
    // Reading it whole shows that it is what its name says, before it lands.
    weights::read(&snapshot, Some(config.family)).map_err(|error| match error {
        PretrainedError::Malformed { reason, .. } => broken(reason),
        other => broken(other.to_string()),
    })?;

    let commit = snapshot.parent().and_then(Path::file_name);
    let commit = commit.unwrap_or_default().to_string_lossy();
    Sidecar::remove(target)?;
    std::fs::rename(&blob, target).map_err(PretrainedError::io("write", target))?;
    let sidecar = Sidecar {
        source: format!("hub {repo}@{commit}"),
        sha256,
        family: config.family,
        mean: config.mean,
        std: config.std,
        statistics: Some(Statistics::Trained),
        created_by: CREATED_BY.to_owned(),
    };
    sidecar.write(target)
}

fn open(
    cache: &Path,
    repo: &str,
    endpoint: Option<&str>,
    progress: bool,
) -> Result<ApiRepo, PretrainedError> {
    // No token is sent: the weights are public, and the endpoint may be anybody's.
    let mut builder = ApiBuilder::from_cache(Cache::new(cache.to_path_buf()))
        .with_token(None)
        .with_progress(progress)
        .with_retries(RETRIES);
    let from_environment = std::env::var(ENDPOINT_VARIABLE).ok();
    let endpoint = endpoint.or(from_environment.as_deref()).unwrap_or_default();
    if !endpoint.is_empty() {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
    }
    let api = builder
        .build()
        .map_err(|e| hub_error(endpoint.to_owned(), e))?;
    Ok(api.model(repo.to_owned()))
}

/// What a repository's `config.json` says, as far as it matters here.
struct Config {
    family: Family,
    mean: [f32; 3],
    std: [f32; 3],
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

fn config(api: &ApiRepo, repo: &str) -> Result<Config, PretrainedError> {
    let file = match api.download(CONFIG) {
        Ok(path) => {
            let text =
                std::fs::read_to_string(&path).map_err(PretrainedError::io("read", &path))?;
            serde_json::from_str(&text).map_err(|e| PretrainedError::Malformed {
                path: PathBuf::from(api.url(CONFIG)),
                format: "timm config",
                reason: one_line(e),
            })?
        }
        Err(e) => match hub_error(api.url(CONFIG), e) {
            // The weights may still be there; if not, that is the better message.
            PretrainedError::HubNotFound { .. } => ConfigFile::default(),
            other => return Err(other),
        },
    };
    let named_after = file.architecture.as_deref();
    let named_after = named_after.or(repo.split_once('/').map(|(_, name)| name));
    let tensorflow = named_after.is_some_and(|name| name.starts_with("tf_"));
    Ok(Config {
        family: if tensorflow {
            Family::tensorflow()
        } else {
            Family::torch()
        },
        mean: file.pretrained_cfg.mean.unwrap_or(IMAGENET_MEAN),
        std: file.pretrained_cfg.std.unwrap_or(IMAGENET_STD),
    })
}

/// The hub's etag of a large file is its SHA-256, and hf-hub names the blob after it.
fn verify(blob: &Path, sha256: &str) -> Result<(), String> {
    let etag = blob.file_name().unwrap_or_default().to_string_lossy();
    let is_hash = etag.len() == sha256.len() && etag.chars().all(|c| c.is_ascii_hexdigit());
    if is_hash && etag != sha256 {
        return Err(format!("sha256 is {sha256}, the hub announced {etag}"));
    }
    Ok(())
}

fn hub_error(url: String, error: ApiError) -> PretrainedError {
    let reason = one_line(&error);
    match error {
        ApiError::TooManyRetries(inner) => hub_error(url, *inner),
        // A partial download that is longer than the file.
        ApiError::InvalidResume => PretrainedError::HubFile { url, reason },
        ApiError::RequestError(error) => match *error {
            // The hub answers 401, not 404, for repositories that do not exist.
            ureq::Error::StatusCode(status @ (401 | 403 | 404)) => {
                PretrainedError::HubNotFound { url, status }
            }
            // Nothing is left to ask for: a complete download that was never renamed.
            ureq::Error::StatusCode(416) => PretrainedError::HubFile { url, reason },
            error => PretrainedError::Hub {
                url,
                reason: one_line(error),
            },
        },
        _ => PretrainedError::Hub { url, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        let name = file_name(DEFAULT_REPO);
        assert_eq!(name.as_deref(), Some("efficientnet_b0.ra_in1k.safetensors"));
        for repo in [
            "",
            "b0",
            "timm/",
            "/b0",
            "timm/../b0",
            "timm/a/b",
            "timm/..",
            "a b/c",
        ] {
            assert_eq!(file_name(repo), None, "{repo}");
            let error = fetch(repo, None, Path::new("unused"), false).unwrap_err();
            assert!(matches!(error, PretrainedError::RepoName { .. }));
        }
    }
}
