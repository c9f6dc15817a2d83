//! Which device trains: what was compiled in and what was asked for.

use std::{fmt, str::FromStr};

use burn::tensor::Device;

use crate::error::TrainError;

/// A training device by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The best device of this build: CUDA, then ROCm, Metal, Vulkan, then the CPU.
    Auto,
    /// burn's `flex` backend on the processor.
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An AMD GPU through ROCm.
    Rocm,
    /// An Apple GPU through Metal.
    Metal,
    /// Any GPU through Vulkan.
    Vulkan,
}

const NAMES: [(&str, DeviceKind); 6] = [
    ("auto", DeviceKind::Auto),
    ("cpu", DeviceKind::Cpu),
    ("cuda", DeviceKind::Cuda),
    ("rocm", DeviceKind::Rocm),
    ("metal", DeviceKind::Metal),
    ("vulkan", DeviceKind::Vulkan),
];

impl FromStr for DeviceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, kind)| *kind)
            .ok_or_else(|| {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                format!("unknown device, expected one of: {}", names.join(", "))
            })
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("auto", |(name, _)| name))
    }
}

impl DeviceKind {
    /// The devices of this build, best first.
    pub fn compiled() -> Vec<Self> {
        let mut kinds = Vec::new();
        if cfg!(feature = "cuda") {
            kinds.push(Self::Cuda);
        }
        if cfg!(feature = "rocm") {
            kinds.push(Self::Rocm);
        }
        if cfg!(feature = "metal") {
            kinds.push(Self::Metal);
        }
        if cfg!(feature = "vulkan") {
            kinds.push(Self::Vulkan);
        }
        kinds.push(Self::Cpu);
        kinds
    }

    /// Resolves `auto` and opens the device.
    ///
    /// # Errors
    /// A device that is not in this build.
    pub fn open(self) -> Result<(Self, Device), TrainError> {
        let kind = match self {
            Self::Auto => Self::compiled()[0],
            kind => kind,
        };
        let device = match kind {
            Self::Auto | Self::Cpu => Device::flex(),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(0),
            #[cfg(feature = "rocm")]
            Self::Rocm => Device::rocm(0),
            #[cfg(feature = "metal")]
            Self::Metal => Device::metal(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(not(all(
                feature = "cuda",
                feature = "rocm",
                feature = "metal",
                feature = "vulkan"
            )))]
            other => {
                let available: Vec<String> = Self::compiled().iter().map(Self::to_string).collect();
                return Err(TrainError::DeviceNotCompiled {
                    device: other.to_string(),
                    available: available.join(", "),
                });
            }
        };
        Ok((kind, device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (name, kind) in NAMES {
            assert_eq!(name.parse::<DeviceKind>().unwrap(), kind);
            assert_eq!(kind.to_string(), name);
        }
        assert!("gpu".parse::<DeviceKind>().is_err());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_of_another_build_says_how_to_get_it() {
        let error = DeviceKind::Cuda.open().unwrap_err();
        assert!(error.to_string().contains("cpu"), "{error}");
        assert!(error.hint().unwrap().contains("--features cuda"));
    }
}
