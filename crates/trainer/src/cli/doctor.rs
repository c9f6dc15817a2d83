//! `trainer doctor`: what the machine has, of what training needs.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use infer::{
    Device,
    doctor::{self, Check, Status},
};
use trainer::device::{DeviceKind, Probe, probe};

use super::{locations::RuntimeArguments, output::print};

/// Everything that a backend may be for, the CPU last.
const KINDS: [DeviceKind; 6] = [
    DeviceKind::Cuda,
    DeviceKind::Rocm,
    DeviceKind::Metal,
    DeviceKind::Vulkan,
    DeviceKind::Wgpu,
    DeviceKind::Cpu,
];

/// Where burn's CUDA backend looks for the toolkit if `CUDA_PATH` is not set.
const CUDA_FOLDERS: [&str; 4] = ["/usr/local/cuda", "/opt/cuda", "/usr/lib/cuda", "/usr"];
const LIBDEVICE: &str = "nvvm/libdevice/libdevice.10.bc";

#[derive(Debug, Args)]
pub struct DoctorArguments {
    #[command(flatten)]
    runtime: RuntimeArguments,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let library = arguments.runtime.runtime.as_deref();
    let mut checks = doctor::machine();
    checks.extend(KINDS.map(backend));
    if cfg!(feature = "cuda") {
        checks.extend(doctor::nvidia());
        checks.push(libdevice(env::var_os("CUDA_PATH").map(PathBuf::from)));
    }
    let (runtime, found) = doctor::onnxruntime(library);
    checks.extend(found);
    if runtime.is_some() {
        checks.push(doctor::inference(library, Device::Cpu));
    }
    if arguments.json {
        print(serde_json::to_string_pretty(&checks)?)?;
    } else {
        let lines: Vec<String> = checks.iter().map(Check::to_string).collect();
        print(lines.join("\n"))?;
    }
    let failed = checks.iter().any(|check| check.status == Status::Failed);
    Ok(ExitCode::from(u8::from(failed)))
}

/// A training backend, tried on a product of two matrices.
fn backend(kind: DeviceKind) -> Check {
    let name = format!("training on {kind}");
    if !DeviceKind::compiled().contains(&kind) {
        let remedy = format!("build with `cargo build --release -p trainer --features {kind}`");
        return Check::missing(name, "not in this build", remedy);
    }
    match (probe(kind), kind) {
        (found @ Probe::Works { .. }, _) => Check::ok(name, found.to_string()),
        (found, DeviceKind::Cpu) => Check::failed(
            name,
            found.to_string(),
            "please report it with the processor's name",
        ),
        (found, DeviceKind::Vulkan | DeviceKind::Wgpu) => {
            let remedy = "install the card's Vulkan driver and libvulkan.so.1";
            Check::missing(name, found.to_string(), remedy)
        }
        (found, _) => {
            let remedy = "install the card's driver, and the toolkit where it is missing below";
            Check::missing(name, found.to_string(), remedy)
        }
    }
}

/// The functions that kernels for CUDA are linked with.
fn libdevice(cuda_path: Option<PathBuf>) -> Check {
    // As burn does: the variable alone, if it is set.
    let folders = match cuda_path {
        Some(path) => vec![path],
        None => CUDA_FOLDERS.map(PathBuf::from).to_vec(),
    };
    let found = folders.iter().map(|folder| folder.join(LIBDEVICE));
    match found.into_iter().find(|path| path.is_file()) {
        Some(path) => Check::ok("libdevice", path.display().to_string()),
        None => Check::missing(
            "libdevice",
            format!("no {LIBDEVICE} under {}", list(&folders)),
            "set CUDA_PATH to a CUDA toolkit, or to nvidia/cuda_nvcc of the PyPI package nvidia-cuda-nvcc-cu12",
        ),
    }
}

fn list(folders: &[impl AsRef<Path>]) -> String {
    let shown: Vec<String> = folders
        .iter()
        .map(|folder| folder.as_ref().display().to_string())
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_ok_and_a_backend_of_another_build_says_how_to_get_it() {
        assert_eq!(backend(DeviceKind::Cpu).status, Status::Ok);
        #[cfg(not(feature = "rocm"))]
        assert!(
            backend(DeviceKind::Rocm)
                .to_string()
                .contains("--features rocm")
        );
    }

    #[test]
    fn libdevice_is_looked_for_where_burn_does() {
        let folder = tempfile::tempdir().unwrap();
        let toolkit = folder.path().to_owned();
        let missing = libdevice(Some(toolkit.clone()));
        assert_eq!(missing.status, Status::Missing);
        assert!(missing.found.contains(&toolkit.display().to_string()));
        let file = toolkit.join(LIBDEVICE);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "BC").unwrap();
        assert_eq!(libdevice(Some(toolkit)).status, Status::Ok);
    }
}
