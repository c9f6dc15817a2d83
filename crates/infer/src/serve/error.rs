//! What can go wrong with the service as a whole.

use std::io;
use std::net::SocketAddr;

use crate::InferError;

/// Why a service cannot start, or a model cannot be loaded.
///
/// `Display` is one line; [`ServeError::hint`] says what to do about it.
///
/// ```
/// use infer::Classifier;
/// use infer::serve::{ModelSpec, Models};
///
/// let spec = ModelSpec { name: "a/b".to_owned(), path: "model.onnx".into() };
/// let error = Models::open(vec![spec], &Classifier::builder()).unwrap_err();
/// assert!(error.to_string().contains("a/b"));
/// assert!(error.hint().is_some());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The socket cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system answered.
        source: io::Error,
    },

    /// A model cannot be opened.
    #[error("model `{name}`: {source}")]
    Model {
        /// The model's name.
        name: String,
        /// Why.
        source: InferError,
    },

    /// A name that cannot be part of a URL's path as it is.
    #[error("`{name}` cannot be a model's name")]
    Name {
        /// The name.
        name: String,
    },

    /// Two models of one name.
    #[error("two models have the name `{name}`")]
    Duplicate {
        /// The name.
        name: String,
    },

    /// No model of this name.
    #[error("there is no model `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

impl ServeError {
    /// What to do about the error, or `None` where there is nothing to say.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "another program uses this port; choose another, or 0 for a free one"
            }
            Self::Listen { .. } => "the address must be one of this machine's own",
            Self::Model { source, .. } => return source.hint(),
            Self::Name { .. } => "use letters, digits, `.`, `_` and `-`, as in NAME=FILE",
            Self::Duplicate { .. } => "give each model a name of its own, as in NAME=FILE",
            Self::Unknown { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
