//! One thing that was looked for.

use std::fmt;

use serde::Serialize;

/// What a [`Check`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There, and it works.
    Ok,
    /// Not there; only some devices need it.
    Missing,
    /// Not there, or it does not work, and nothing runs without it.
    Failed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Failed => "failed",
        })
    }
}

/// One thing that was looked for, in words of one line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked for: "memory", "cuDNN", ...
    pub name: String,
    /// Whether it is there.
    pub status: Status,
    /// What was found: a version, a size, the reason why something is missing.
    pub found: String,
    /// How to get what is missing.
    pub remedy: Option<String>,
}

impl Check {
    /// Something that is there.
    pub fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: Status::Ok,
            found: found.into(),
            remedy: None,
        }
    }

    /// Something that only some devices need, and that is not there.
    pub fn missing(
        name: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Missing,
            remedy: Some(remedy.into()),
            ..Self::ok(name, found)
        }
    }

    /// Something that nothing runs without, and that is not there.
    pub fn failed(
        name: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Failed,
            ..Self::missing(name, found, remedy)
        }
    }
}

/// Width of the column of names.
const WIDTH: usize = 22;

/// One line: `missing  cuDNN  no libcudnn.so.9; install ...`.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.to_string();
        write!(f, "{status:8} {:WIDTH$} {}", self.name, self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}
