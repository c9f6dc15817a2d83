//! NVIDIA's shared libraries, looked for as the system's loader does.

use std::ffi::{c_int, c_uint};

use libloading::Symbol;

use super::Check;

/// A shared library of NVIDIA's, by the file names of the versions that may be
/// wanted, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// Name for people.
    pub name: &'static str,
    /// File names, without folder.
    pub files: &'static [&'static str],
    /// How it tells its version.
    pub version: Version,
    /// How to get it.
    pub remedy: &'static str,
}

/// How a library tells its version.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    /// It does not, but for the number in its file name.
    FileName,
    /// A function that returns a number such as 90102 for 9.1.2.
    Returned(&'static [u8]),
    /// A function that writes 13000 for 13.0 to its argument.
    Written(&'static [u8]),
}

const TOOLKIT: &str = "install the CUDA toolkit that ONNX Runtime was built for (13 for tools/onnxruntime.sh --gpu), lib64 on LD_LIBRARY_PATH";

/// CUDA's runtime.
pub const CUDA_RUNTIME: Library = Library {
    name: "CUDA runtime",
    files: &["libcudart.so.13", "libcudart.so.12"],
    version: Version::Written(b"cudaRuntimeGetVersion"),
    remedy: TOOLKIT,
};

/// CUDA's matrix products.
pub const CUBLAS: Library = Library {
    name: "cuBLAS",
    files: &["libcublas.so.13", "libcublas.so.12"],
    version: Version::FileName,
    remedy: TOOLKIT,
};

/// The lighter interface of [`CUBLAS`].
pub const CUBLAS_LT: Library = Library {
    name: "cuBLASLt",
    files: &["libcublasLt.so.13", "libcublasLt.so.12"],
    version: Version::Returned(b"cublasLtGetVersion"),
    remedy: TOOLKIT,
};

/// CUDA's random numbers, which ONNX Runtime's provider is linked to.
pub const CURAND: Library = Library {
    name: "cuRAND",
    files: &["libcurand.so.10"],
    version: Version::FileName,
    remedy: TOOLKIT,
};

/// CUDA's Fourier transforms, which ONNX Runtime's provider loads.
pub const CUFFT: Library = Library {
    name: "cuFFT",
    files: &["libcufft.so.12", "libcufft.so.11"],
    version: Version::FileName,
    remedy: TOOLKIT,
};

/// Convolutions.
pub const CUDNN: Library = Library {
    name: "cuDNN",
    files: &["libcudnn.so.9"],
    version: Version::Returned(b"cudnnGetVersion"),
    remedy: "install cuDNN 9 for that CUDA, its folder on LD_LIBRARY_PATH",
};

/// NVIDIA's compiler of whole networks.
pub const TENSORRT: Library = Library {
    name: "TensorRT",
    files: &["libnvinfer.so.10"],
    version: Version::Returned(b"getInferLibVersion"),
    remedy: "only --device tensorrt needs it: install TensorRT 10 for that CUDA, its lib on LD_LIBRARY_PATH",
};

impl Library {
    /// Loads the first of the files that the system's loader finds, and asks it
    /// for its version.
    pub fn check(self) -> Check {
        match self.load() {
            Some((file, library)) => {
                let version = self.version_of(&library);
                let version = version.map_or(String::new(), |version| format!("{version}, "));
                Check::ok(self.name, format!("{version}{file}"))
            }
            None => Check::missing(
                self.name,
                format!("no {}", self.files.join(" or ")),
                self.remedy,
            ),
        }
    }

    /// The first of the files that the system's loader finds.
    pub(super) fn load(self) -> Option<(&'static str, libloading::Library)> {
        self.files.iter().find_map(|&file| {
            // SAFETY: NVIDIA's libraries are made to be loaded by any program;
            // their initialisers do nothing but register themselves.
            unsafe { libloading::Library::new(file) }
                .ok()
                .map(|library| (file, library))
        })
    }

    fn version_of(self, library: &libloading::Library) -> Option<String> {
        // SAFETY: the signatures are those of NVIDIA's headers, which have not
        // changed since the first versions of these functions; each only writes
        // through the pointers given, and leaves them alone on failure.
        unsafe {
            match self.version {
                Version::FileName => None,
                Version::Returned(symbol) => {
                    let version: Symbol<unsafe extern "C" fn() -> usize> =
                        library.get(symbol).ok()?;
                    // Some return an `int`, whose upper half is undefined here.
                    let number = (version() as c_uint) as usize;
                    Some(dotted(number))
                }
                Version::Written(symbol) => {
                    let version: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int> =
                        library.get(symbol).ok()?;
                    let mut number = 0;
                    (version(&raw mut number) == 0)
                        .then(|| format!("{}.{}", number / 1000, number % 1000 / 10))
                }
            }
        }
    }
}

/// A number such as 90102 as "9.1.2".
fn dotted(number: usize) -> String {
    format!(
        "{}.{}.{}",
        number / 10_000,
        number / 100 % 100,
        number % 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn numbers_become_versions() {
        assert_eq!(dotted(91_002), "9.10.2");
        assert_eq!(dotted(130_100), "13.1.0");
    }

    #[test]
    fn a_library_that_is_nowhere_is_named_with_a_remedy() {
        let library = Library {
            files: &["libnowhere.so.2", "libnowhere.so.1"],
            ..CUDNN
        };
        let check = library.check();
        assert_eq!(check.status, Status::Missing);
        assert_eq!(check.found, "no libnowhere.so.2 or libnowhere.so.1");
        assert!(check.remedy.is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_is_there_tells_what_it_returns() {
        let library = Library {
            files: &["libnowhere.so.2", "libc.so.6"],
            version: Version::Returned(b"getpid"),
            ..CUDNN
        };
        let check = library.check();
        assert_eq!(check.status, Status::Ok);
        let expected = format!("{}, libc.so.6", dotted(std::process::id() as usize));
        assert_eq!(check.found, expected);
    }
}
