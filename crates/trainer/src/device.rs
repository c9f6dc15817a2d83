//! Which device trains: what was compiled in and what was asked for.

use std::{fmt, str::FromStr};

use burn::tensor::Device;
#[cfg(any(
    feature = "cuda",
    feature = "rocm",
    feature = "metal",
    feature = "vulkan"
))]
use burn::tensor::DeviceType;

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

    /// Resolves `auto` and finds the devices of these numbers, counted from
    /// zero, best first. The processor is one device under every number.
    ///
    /// # Errors
    /// A device that is not in this build, or not on this machine.
    pub fn open(self, numbers: &[usize]) -> Result<(Self, Vec<Device>), TrainError> {
        let kind = match self {
            Self::Auto => Self::best(),
            kind => kind,
        };
        if kind == Self::Cpu {
            return Ok((kind, vec![Device::flex(); numbers.len()]));
        }
        let compiled = Self::compiled();
        if !compiled.contains(&kind) {
            let available: Vec<String> = compiled.iter().map(Self::to_string).collect();
            return Err(TrainError::DeviceNotCompiled {
                device: kind.to_string(),
                available: available.join(", "),
            });
        }
        let present = kind.present();
        let devices = numbers.iter().map(|&number| {
            let device = present.get(number).cloned();
            device.ok_or_else(|| TrainError::NoSuchDevice {
                device: kind.to_string(),
                number,
                present: present.len(),
            })
        });
        Ok((kind, devices.collect::<Result<_, _>>()?))
    }

    /// The first kind of this build that this machine has a card for. Drivers
    /// that compute on the processor are slower than the CPU device.
    fn best() -> Self {
        let kinds = Self::compiled().into_iter();
        let mut with_card = kinds.filter(|kind| kind.present().iter().any(is_card));
        with_card.next().unwrap_or(Self::Cpu)
    }

    /// The GPUs of this kind, best first; none where the driver is missing.
    fn present(self) -> Vec<Device> {
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::enumerate(DeviceType::Cuda).into_vec(),
            #[cfg(feature = "rocm")]
            Self::Rocm => Device::enumerate(DeviceType::Rocm).into_vec(),
            #[cfg(feature = "metal")]
            Self::Metal => Device::enumerate(DeviceType::Metal).into_vec(),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::enumerate(DeviceType::Vulkan).into_vec(),
            _ => Vec::new(),
        }
    }
}

/// Whether a GPU stands behind the device, as opposed to a software driver
/// such as Mesa's lavapipe. Opens the device.
#[cfg(any(
    feature = "cuda",
    feature = "rocm",
    feature = "metal",
    feature = "vulkan"
))]
fn is_card(device: &Device) -> bool {
    device
        .identity()
        .is_some_and(|identity| identity.physical.is_some())
}

#[cfg(not(any(
    feature = "cuda",
    feature = "rocm",
    feature = "metal",
    feature = "vulkan"
)))]
fn is_card(_device: &Device) -> bool {
    false
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

    #[test]
    fn the_processor_has_every_number() {
        let (kind, devices) = DeviceKind::Cpu.open(&[0, 1]).unwrap();
        assert_eq!(kind, DeviceKind::Cpu);
        assert_eq!(devices, [Device::flex(), Device::flex()]);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_of_another_build_says_how_to_get_it() {
        let error = DeviceKind::Cuda.open(&[0]).unwrap_err();
        assert!(error.to_string().contains("cpu"), "{error}");
        assert!(error.hint().unwrap().contains("--features cuda"));
    }
}
