//! Weights from a timm repository on the Hugging Face hub.
//!
//! The hub answers for `ENDPOINT/OWNER/NAME/resolve/REVISION/FILE` with the commit, hash and
//! length of a file and with the file itself, large ones by a redirect. The endpoint may be
//! anybody's: hashes must be hashes, no byte more than announced is taken, and what arrived must
//! have the announced hash and be a network's weights before it gets its name.

mod announcement;
mod config;

use std::path::{Path, PathBuf};

use fetch::{Client, FetchError, Patience, RemoteFile};

use self::announcement::Announcement;
use self::config::Config;
use crate::error::PretrainedError;
use crate::sidecar::{CREATED_BY, Sidecar};
use crate::statistics::Statistics;
use crate::weights;

/// EfficientNet-B0 trained by timm with RandAugment on ImageNet-1k (Apache-2.0).
pub const DEFAULT_REPO: &str = "timm/efficientnet_b0.ra_in1k";
/// The most bytes that are taken for a weights file (2 GiB); EfficientNet-B7's has 0.27 GB.
pub const MAX_LENGTH: u64 = 2 << 30;

/// The hub's own address.
const ENDPOINT: &str = "https://huggingface.co";
/// Environment variable that names another endpoint, as in `huggingface_hub`.
const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";
/// The revision that is asked for; what is downloaded is the commit that it stands for.
const REVISION: &str = "main";
const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
/// Downloads in progress, under the models folder: a broken one goes on from here.
const CACHE: &str = ".hub";
const USER_AGENT: &str = concat!("pretrained/", env!("CARGO_PKG_VERSION"));

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
/// A progress bar goes to stderr if `progress` is set. No token is sent: the weights are public,
/// and the endpoint may be anybody's.
///
/// # Errors
/// The name is no repository's, the hub does not know it or cannot be reached, what came is not
/// the file that the hub announced, or the hub announced something that is not taken: a commit
/// or hash that is none, more than [`MAX_LENGTH`] bytes.
pub fn fetch(
    repo: &str,
    endpoint: Option<&str>,
    models_dir: &Path,
    progress: bool,
) -> Result<PathBuf, PretrainedError> {
    let client = Client::new(USER_AGENT, Patience::default());
    fetch_by(&client, repo, endpoint, models_dir, progress)
}

/// [`fetch()`] by a client with another [`Patience`].
///
/// # Errors
/// Those of [`fetch()`].
pub fn fetch_by(
    client: &Client,
    repo: &str,
    endpoint: Option<&str>,
    models_dir: &Path,
    progress: bool,
) -> Result<PathBuf, PretrainedError> {
    let name = file_name(repo).ok_or_else(|| PretrainedError::RepoName {
        repo: repo.to_owned(),
    })?;
    let target = models_dir.join(&name);
    if target.is_file() && Sidecar::of(&target)?.is_some() {
        weights::read(&target, None)?;
        return Ok(target);
    }
    let from_environment = std::env::var(ENDPOINT_VARIABLE).ok();
    let endpoint = endpoint
        .or(from_environment.as_deref())
        .filter(|endpoint| !endpoint.is_empty())
        .unwrap_or(ENDPOINT)
        .trim_end_matches('/');
    let url = |revision: &str, file| format!("{endpoint}/{repo}/resolve/{revision}/{file}");

    let announced = Announcement::ask(client, &url(REVISION, WEIGHTS))?;
    let config = Config::fetch(client, &url(&announced.commit, CONFIG), repo)?;
    let cache = models_dir.join(CACHE);
    std::fs::create_dir_all(&cache).map_err(PretrainedError::io("create", &cache))?;
    let file = RemoteFile {
        url: &url(&announced.commit, WEIGHTS),
        length: announced.length,
        max_length: MAX_LENGTH,
    };
    let part = cache.join(part_name(&name, repo, &announced));
    let landed = client
        .download(&file, &part, progress)
        .map_err(hub_error)
        .and_then(|()| land(&part, &target, repo, &announced, &file, &config));
    if matches!(landed, Err(PretrainedError::HubFile { .. })) {
        // A download that broke off is kept, to go on from; this one is of no more use.
        let _ = std::fs::remove_file(&part);
    }
    if landed.is_ok() {
        forget(&cache, &name);
    }
    // Fails where another download is left, which is right.
    let _ = std::fs::remove_dir(&cache);
    landed.map(|()| target)
}

/// A name for the download of an announced file, so that only the same file is gone on with.
/// Nothing that the hub said stands in it: its words are hashed.
fn part_name(name: &str, repo: &str, announced: &Announcement) -> String {
    let Announcement { etag, length, .. } = announced;
    let hash = contract::fs::sha256_hex(format!("{repo} {etag} {length:?}").as_bytes());
    format!("{}@{name}", &hash[..16])
}

/// Removes what is left of earlier downloads of the weights called `name`.
fn forget(cache: &Path, name: &str) {
    let suffix = format!("@{name}");
    for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(&suffix) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Checks a complete download and puts it in its place, with its sidecar.
fn land(
    part: &Path,
    target: &Path,
    repo: &str,
    announced: &Announcement,
    file: &RemoteFile<'_>,
    config: &Config,
) -> Result<(), PretrainedError> {
    let broken = |reason| PretrainedError::HubFile {
        url: file.url.to_owned(),
        reason,
    };
    let sha256 = contract::fs::sha256_file(part).map_err(PretrainedError::io("read", part))?;
    if let Some(expected) = announced.sha256().filter(|&expected| expected != sha256) {
        return Err(broken(format!(
            "sha256 is {sha256}, the hub announced {expected}"
        )));
    }
    // Reading it whole shows that it is what its name says, before it lands.
    weights::read(part, Some(config.family)).map_err(|error| match error {
        PretrainedError::Malformed { reason, .. } => broken(reason),
        other => broken(other.to_string()),
    })?;

    Sidecar::remove(target)?;
    std::fs::rename(part, target).map_err(PretrainedError::io("write", target))?;
    let sidecar = Sidecar {
        source: format!("hub {repo}@{}", announced.commit),
        sha256,
        family: config.family,
        mean: config.mean,
        std: config.std,
        statistics: Some(Statistics::Trained),
        created_by: CREATED_BY.to_owned(),
    };
    sidecar.write(target)
}

/// A download's error as one of weights.
fn hub_error(error: FetchError) -> PretrainedError {
    match error {
        // The hub answers 401, not 404, for repositories that do not exist.
        FetchError::Status {
            url,
            status: status @ (401 | 403 | 404),
        } => PretrainedError::HubNotFound { url, status },
        FetchError::Status { url, status } => PretrainedError::Hub {
            url,
            reason: format!("the server answered with HTTP status {status}"),
        },
        FetchError::Broken {
            url,
            received: 0,
            reason,
        } => PretrainedError::Hub { url, reason },
        FetchError::Broken {
            url,
            received,
            reason,
        } => PretrainedError::Hub {
            url,
            reason: format!("{reason} (the {received} bytes that arrived are kept)"),
        },
        FetchError::Refused { url, reason } => PretrainedError::HubFile { url, reason },
        FetchError::InProgress { path } => PretrainedError::DownloadInProgress { path },
        FetchError::Io {
            action,
            path,
            source,
        } => PretrainedError::Io {
            action,
            path,
            source,
        },
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
