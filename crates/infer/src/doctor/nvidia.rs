//! NVIDIA's driver and the GPUs that it knows.

use std::ffi::{CStr, c_char, c_int};
use std::fs;

use libloading::Symbol;

use super::Check;
use super::libraries::{Library, Version};

/// The driver's own library.
const DRIVER: Library = Library {
    name: "NVIDIA driver",
    files: &["libcuda.so.1"],
    version: Version::Written(b"cuDriverGetVersion"),
    remedy: "install NVIDIA's driver with your system's package manager; in a container, start it with the GPUs",
};

/// Longest name of a GPU that is shown.
const NAME: usize = 128;

/// The driver, and each GPU with its memory.
pub fn nvidia() -> Vec<Check> {
    let Some((file, library)) = DRIVER.load() else {
        return vec![DRIVER.check()];
    };
    let cuda = DRIVER.check().found;
    let kernel = fs::read_to_string("/proc/driver/nvidia/version").ok();
    let found = match kernel.as_deref().and_then(kernel_module) {
        Some(version) => format!("{version}, for CUDA up to {cuda}"),
        None => format!("for CUDA up to {cuda}"),
    };
    let mut checks = vec![Check::ok(DRIVER.name, found)];
    match gpus(&library) {
        Ok(gpus) if gpus.is_empty() => checks.push(Check::missing(
            "GPU",
            "the driver knows none",
            "check that the GPU is plugged in and visible (CUDA_VISIBLE_DEVICES, the container's options)",
        )),
        Ok(gpus) => {
            let numbered = gpus.into_iter().enumerate();
            checks.extend(numbered.map(|(i, gpu)| Check::ok(format!("GPU {i}"), gpu)));
        }
        Err(reason) => checks.push(Check::missing(
            "GPU",
            format!("{file}: {reason}"),
            "run nvidia-smi: driver and kernel module have to be of one version",
        )),
    }
    checks
}

/// The version in the text of `/proc/driver/nvidia/version`: the first word of
/// numbers and dots.
fn kernel_module(text: &str) -> Option<&str> {
    let line = text.lines().next()?;
    line.split_whitespace()
        .find(|word| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// Name and memory of each GPU.
fn gpus(library: &libloading::Library) -> Result<Vec<String>, String> {
    let failed = |name: &str, code: c_int| format!("{name} failed with {code}");
    // SAFETY: the signatures are those of cuda.h, unchanged since CUDA 3.2 (which
    // made `_v2` of the memory's size). Each is called after `cuInit` and writes
    // only through the pointers given, no more than the length given.
    unsafe {
        type Init = unsafe extern "C" fn(u32) -> c_int;
        type Count = unsafe extern "C" fn(*mut c_int) -> c_int;
        type Get = unsafe extern "C" fn(*mut c_int, c_int) -> c_int;
        type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int;
        type Memory = unsafe extern "C" fn(*mut usize, c_int) -> c_int;
        let symbol = |error: libloading::Error| error.to_string();
        let init: Symbol<Init> = library.get(b"cuInit").map_err(symbol)?;
        let count: Symbol<Count> = library.get(b"cuDeviceGetCount").map_err(symbol)?;
        let get: Symbol<Get> = library.get(b"cuDeviceGet").map_err(symbol)?;
        let name: Symbol<Name> = library.get(b"cuDeviceGetName").map_err(symbol)?;
        let memory: Symbol<Memory> = library.get(b"cuDeviceTotalMem_v2").map_err(symbol)?;

        let code = init(0);
        if code != 0 {
            return Err(failed("cuInit", code));
        }
        let mut gpus = 0;
        let code = count(&raw mut gpus);
        if code != 0 {
            return Err(failed("cuDeviceGetCount", code));
        }
        (0..gpus)
            .map(|i| {
                let (mut device, mut bytes, mut text) = (0, 0, [0; NAME]);
                let codes = [
                    get(&raw mut device, i),
                    name(text.as_mut_ptr(), NAME as c_int, device),
                    memory(&raw mut bytes, device),
                ];
                if let Some(&code) = codes.iter().find(|&&code| code != 0) {
                    return Err(failed("asking for a GPU's properties", code));
                }
                let text = CStr::from_ptr(text.as_ptr()).to_string_lossy();
                Ok(format!(
                    "{text}, {:.1} GiB",
                    bytes as f64 / f64::from(1 << 30)
                ))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_modules_version_is_found() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5\nGCC version: gcc 12.2.0\n";
        assert_eq!(kernel_module(text), Some("550.54.15"));
        assert_eq!(kernel_module("NVRM version: none"), None);
    }
}
