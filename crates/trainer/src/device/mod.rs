//! Which device trains: what was compiled in, what was asked for, what works.

mod opened;
mod panics;
mod probe;
pub mod remote;

use std::{fmt, str::FromStr};

use burn::tensor::Device;

pub use self::{
    opened::OpenedDevices,
    probe::{Probe, probe},
};

use crate::error::TrainError;

/// A training device by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The best device of this build: CUDA, then ROCm, Metal, Vulkan, wgpu, then the CPU.
    Auto,
    /// burn's `flex` backend on the processor.
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An AMD GPU through ROCm.
    Rocm,
    /// An Apple GPU through Metal.
    Metal,
    /// Any GPU through Vulkan, with kernels in SPIR-V.
    Vulkan,
    /// Any GPU through wgpu (Vulkan, DirectX 12 or OpenGL), with kernels in WGSL:
    /// for systems without Vulkan, and for drivers that refuse burn's SPIR-V. In a
    /// build that has `vulkan` too, it takes that one's kernels.
    Wgpu,
}

const NAMES: [(&str, DeviceKind); 7] = [
    ("auto", DeviceKind::Auto),
    ("cpu", DeviceKind::Cpu),
    ("cuda", DeviceKind::Cuda),
    ("rocm", DeviceKind::Rocm),
    ("metal", DeviceKind::Metal),
    ("vulkan", DeviceKind::Vulkan),
    ("wgpu", DeviceKind::Wgpu),
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
        if cfg!(feature = "wgpu") {
            kinds.push(Self::Wgpu);
        }
        kinds.push(Self::Cpu);
        kinds
    }

    /// Resolves `auto` and finds the devices of these numbers, counted from
    /// zero, best first. The processor is one device under every number.
    ///
    /// # Errors
    /// A device that is not in this build, or not on this machine.
    pub fn open(self, numbers: &[usize]) -> Result<OpenedDevices, TrainError> {
        let (kind, choice) = match self {
            Self::Auto => Self::first_that_works(),
            kind => (kind, None),
        };
        if kind == Self::Cpu {
            return Ok(OpenedDevices {
                name: kind.to_string(),
                note: choice,
                devices: vec![Device::flex(); numbers.len()],
                leases: Vec::new(),
            });
        }
        let compiled = Self::compiled();
        if !compiled.contains(&kind) {
            let available: Vec<String> = compiled.iter().map(Self::to_string).collect();
            return Err(TrainError::DeviceNotCompiled {
                device: kind.to_string(),
                available: available.join(", "),
            });
        }
        let present = probe::present(kind).unwrap_or_default();
        let devices = numbers.iter().map(|&number| {
            let device = present.get(number).cloned();
            device.ok_or_else(|| TrainError::NoSuchDevice {
                device: kind.to_string(),
                number,
                present: present.len(),
            })
        });
        Ok(OpenedDevices {
            name: kind.to_string(),
            note: choice,
            devices: devices.collect::<Result<_, _>>()?,
            leases: Vec::new(),
        })
    }

    /// The first kind of this build that this machine has a working card for,
    /// and why it is that. Drivers that compute on the processor are slower than
    /// the CPU device.
    fn first_that_works() -> (Self, Option<String>) {
        let mut passed_over = Vec::new();
        for kind in Self::compiled() {
            if kind == Self::Cpu {
                break;
            }
            match probe(kind) {
                Probe::Works { .. } => {
                    passed_over.insert(0, "the first that works".to_owned());
                    return (kind, Some(passed_over.join("; ")));
                }
                other => passed_over.push(format!("{kind}: {other}")),
            }
        }
        let why = match passed_over.is_empty() {
            true => "the only one of this build".to_owned(),
            false => passed_over.join("; "),
        };
        (Self::Cpu, Some(why))
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

    #[test]
    fn the_processor_has_every_number() {
        let opened = DeviceKind::Cpu.open(&[0, 1]).unwrap();
        assert_eq!(opened.name, "cpu");
        assert_eq!(opened.devices, [Device::flex(), Device::flex()]);
        assert_eq!(opened.to_string(), "cpu, 2 of them share every batch");
    }

    #[test]
    fn auto_says_why() {
        let opened = DeviceKind::Auto.open(&[0]).unwrap();
        assert_ne!(opened.name, "auto");
        if DeviceKind::compiled().len() == 1 {
            assert_eq!(opened.to_string(), "cpu (the only one of this build)");
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_of_another_build_says_how_to_get_it() {
        let error = DeviceKind::Cuda.open(&[0]).unwrap_err();
        assert!(error.to_string().contains("cpu"), "{error}");
        assert!(error.hint().unwrap().contains("--features cuda"));
    }
}
