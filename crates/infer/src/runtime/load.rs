//! Loads ONNX Runtime once for the whole process.

use std::env;
use std::error::Error as _;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::ep::ExecutionProvider as _;
use ort::logging::LogLevel;

use super::RuntimeInfo;
use super::locate::{Found, Search, system_name};
use crate::InferError;

/// A loaded ONNX Runtime: what it is, and the environment that sessions are
/// opened in.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub info: RuntimeInfo,
    pub environment: ort::environment::Environment,
}

/// ONNX Runtime accepts one environment a process, so it is kept here for
/// good, once loading has succeeded.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Telemetry of official builds from 1.29 on is stopped by this variable only.
const TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// Loads the library (`explicit`: a file or folder named by the caller), or
/// returns the one that is loaded already.
pub(crate) fn load(explicit: Option<&Path>) -> Result<Runtime, InferError> {
    let mut loaded = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let search = Search::from_process(explicit);

    if let Some(runtime) = loaded.as_ref() {
        // Only a caller who names a library cares which one is in use.
        if explicit.is_some()
            && let Found::File(wanted) = search.run()?
            && !same_file(&wanted, &runtime.info.path)
        {
            return Err(InferError::RuntimeAlreadyLoaded {
                loaded: runtime.info.path.clone(),
                wanted,
            });
        }
        return Ok(runtime.clone());
    }

    let runtime = match search.run()? {
        Found::File(path) => open(path)?,
        Found::Nowhere { searched } => open(PathBuf::from(system_name()))
            .map_err(|error| not_found_unless_present(error, searched))?,
    };
    *loaded = Some(runtime.clone());
    Ok(runtime)
}

/// Loads the library at `path` and makes the environment.
fn open(path: PathBuf) -> Result<Runtime, InferError> {
    let failed = |reason: String| InferError::RuntimeLoad {
        path: path.clone(),
        reason,
    };
    disable_telemetry();
    let environment = ort::init_from(&path)
        .map_err(|error| failed(load_reason(&error)))?
        .with_name("infer")
        .with_telemetry(false)
        .build()
        .map_err(|error| failed(error.message().to_owned()))?;
    // The `tracing` bridge asks for every verbose message; formatting them
    // costs time in each session.
    environment.set_log_level(LogLevel::Warning);

    let version = version_of(&path).unwrap_or_else(|| "unknown version".to_owned());
    tracing::info!("loaded ONNX Runtime {version} from {}", path.display());
    Ok(Runtime {
        info: RuntimeInfo {
            path,
            version,
            cuda_build: ort::ep::CUDA::is_available().unwrap_or(false),
            tensorrt_build: ort::ep::TensorRT::is_available().unwrap_or(false),
        },
        environment,
    })
}

/// The system's loader answers "no such file" for a library that is simply
/// not installed: that is "not found", with the list of places.
fn not_found_unless_present(error: InferError, searched: Vec<String>) -> InferError {
    match &error {
        InferError::RuntimeLoad { reason, .. }
            if reason.contains("cannot open shared object file")
                || cfg!(not(target_os = "linux")) =>
        {
            InferError::RuntimeNotFound { searched }
        }
        _ => error,
    }
}

/// `ort`'s message hides the loader's own words in the error's source.
fn load_reason(error: &ort::LoadDynamicError) -> String {
    let reason = match error {
        ort::LoadDynamicError::Dlopen { error, .. } => error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string),
        ort::LoadDynamicError::MissingApi { .. } => {
            "it is a shared library, but not ONNX Runtime (no symbol `OrtGetApiBase`)".to_owned()
        }
        ort::LoadDynamicError::BadVersion { version_str, .. } => {
            format!(
                "it is version {version_str}, too old; 1.{} or newer is needed",
                ort::MINOR_VERSION
            )
        }
        other => other.to_string(),
    };
    crate::error::one_line(&reason)
}

/// Sets `ORT_DISABLE_TELEMETRY=1`, unless the user has set it.
fn disable_telemetry() {
    if env::var_os(TELEMETRY_VARIABLE).is_none() {
        // SAFETY: the standard library's own environment lock orders this
        // with all Rust code; it happens once a process, before the library
        // that reads the variable is loaded. C code of the host program that
        // reads the environment at this very moment is the remaining risk;
        // such a host sets the variable itself at start, and this is skipped.
        unsafe { env::set_var(TELEMETRY_VARIABLE, "1") };
    }
}

/// Asks the library, which is loaded already, for its version; `ort` has no
/// public function for it.
fn version_of(path: &Path) -> Option<String> {
    // SAFETY: the library was loaded by `ort` a moment ago, so this runs no
    // initialiser and only adds a reference. `OrtGetApiBase` has had this
    // signature since ONNX Runtime 1.0; it returns a pointer to a static
    // table, and `GetVersionString` one to a static C string.
    unsafe {
        let library = libloading::Library::new(path).ok()?;
        let api_base: libloading::Symbol<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase> =
            library.get(b"OrtGetApiBase").ok()?;
        let base = api_base().as_ref()?;
        let version = CStr::from_ptr((base.GetVersionString)());
        Some(version.to_str().ok()?.to_owned())
    }
}

/// Whether two paths lead to one file.
fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
