//! The ONNX Runtime library.

use std::path::Path;

use super::Check;
use crate::{RuntimeInfo, load_runtime, runtime};

/// The first version whose official Linux builds upload telemetry.
const FIRST_WITH_TELEMETRY: (u32, u32) = (1, 29);

/// Where ONNX Runtime is looked for, which one is loaded, whether it reports
/// home, and the providers that it was built with. `library` is as in
/// [`ClassifierBuilder::runtime`](crate::ClassifierBuilder::runtime).
pub fn onnxruntime(library: Option<&Path>) -> (Option<RuntimeInfo>, Vec<Check>) {
    let looked_in = Check::ok("ONNX Runtime search", runtime::places(library).join(", "));
    let info = match load_runtime(library) {
        Ok(info) => info,
        Err(error) => {
            let remedy = error.hint().unwrap_or_default();
            let check = Check::failed("ONNX Runtime", error.to_string(), remedy);
            return (None, vec![looked_in, check]);
        }
    };
    let mut checks = vec![
        looked_in,
        Check::ok(
            "ONNX Runtime",
            format!("{}, {}", info.version, info.path.display()),
        ),
        telemetry(&info.version),
        Check::ok("CPU provider", "in this build"),
    ];
    for (name, built) in [
        ("CUDA provider", info.cuda_build),
        ("TensorRT provider", info.tensorrt_build),
    ] {
        checks.push(if built {
            Check::ok(name, "in this build")
        } else {
            Check::missing(
                name,
                "not in this build",
                "for a GPU: tools/onnxruntime.sh --gpu",
            )
        });
    }
    (Some(info), checks)
}

fn telemetry(version: &str) -> Check {
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    let found = match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < FIRST_WITH_TELEMETRY => {
            "none in this version"
        }
        _ => "official Linux builds from 1.29 on have it; turned off with ORT_DISABLE_TELEMETRY",
    };
    Check::ok("telemetry", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, none) in [("1.9.0", true), ("1.28.0", true), ("1.29.0", false)] {
            assert_eq!(
                telemetry(version).found.starts_with("none"),
                none,
                "{version}"
            );
        }
        assert!(!telemetry("unknown version").found.starts_with("none"));
    }
}
