//! Whether a device is there and computes.

use std::fmt;

#[cfg(feature = "gpu")]
use burn::tensor::DeviceType;
use burn::tensor::{Device, Tensor};

use super::{DeviceKind, panics::caught};

/// Side of the matrices that are multiplied to see whether a device computes.
const SIDE: usize = 16;

/// What a look for devices of a kind found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The first device multiplied matrices.
    Works {
        /// How many devices there are.
        devices: usize,
    },
    /// No device, or no driver.
    Absent,
    /// Only drivers that compute on the processor.
    SoftwareOnly,
    /// A device is there and failed.
    Fails {
        /// What the backend said, in one line.
        reason: String,
    },
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works { devices: 1 } => f.write_str("works"),
            Self::Works { devices } => write!(f, "works, {devices} devices"),
            Self::Absent => f.write_str("no device, or its driver is missing"),
            Self::SoftwareOnly => f.write_str("only a driver that computes on the processor"),
            Self::Fails { reason } => write!(f, "a device is there, but {reason}"),
        }
    }
}

/// Looks for devices of `kind` and has the first one compute a little.
pub fn probe(kind: DeviceKind) -> Probe {
    if kind == DeviceKind::Cpu {
        return match multiplies(&Device::flex()) {
            Ok(()) => Probe::Works { devices: 1 },
            Err(reason) => Probe::Fails { reason },
        };
    }
    let found = present(kind).and_then(|devices| match devices.first() {
        None => Ok(Probe::Absent),
        Some(first) if !caught(|| is_card(first))? => Ok(Probe::SoftwareOnly),
        Some(first) => multiplies(first).map(|()| Probe::Works {
            devices: devices.len(),
        }),
    });
    found.unwrap_or_else(|reason| Probe::Fails { reason })
}

/// The GPUs of `kind`, best first; none where the driver is missing.
pub(super) fn present(kind: DeviceKind) -> Result<Vec<Device>, String> {
    caught(|| match kind {
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => Device::enumerate(DeviceType::Cuda).into_vec(),
        #[cfg(feature = "rocm")]
        DeviceKind::Rocm => Device::enumerate(DeviceType::Rocm).into_vec(),
        #[cfg(feature = "metal")]
        DeviceKind::Metal => Device::enumerate(DeviceType::Metal).into_vec(),
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => Device::enumerate(DeviceType::Vulkan).into_vec(),
        #[cfg(feature = "wgpu")]
        DeviceKind::Wgpu => Device::enumerate(DeviceType::Wgpu).into_vec(),
        _ => Vec::new(),
    })
}

/// Whether `device` multiplies matrices and gives the result back.
fn multiplies(device: &Device) -> Result<(), String> {
    let sum = caught(|| {
        let ones = Tensor::<2>::ones([SIDE, SIDE], device);
        ones.clone().matmul(ones).sum().into_scalar::<f32>()
    })?;
    let expected = (SIDE * SIDE * SIDE) as f32;
    match sum == expected {
        true => Ok(()),
        false => Err(format!("a sum is {sum}, expected {expected}")),
    }
}

/// Whether a GPU stands behind the device, as opposed to a software driver
/// such as Mesa's lavapipe. Opens the device.
#[cfg(feature = "gpu")]
fn is_card(device: &Device) -> bool {
    device
        .identity()
        .is_some_and(|identity| identity.physical.is_some())
}

#[cfg(not(feature = "gpu"))]
fn is_card(_device: &Device) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_works_and_other_builds_devices_are_absent() {
        assert_eq!(probe(DeviceKind::Cpu), Probe::Works { devices: 1 });
        #[cfg(not(feature = "cuda"))]
        assert_eq!(probe(DeviceKind::Cuda), Probe::Absent);
    }
}
