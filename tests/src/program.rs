//! Finding and starting the binaries.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What would change a run's outcome from outside.
pub(crate) const VARIABLES: [&str; 10] = [
    "CIFAR100_PATH",
    "ORT_DYLIB_PATH",
    "HF_ENDPOINT",
    "HF_HOME",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
];

/// `trainer` with `args`, to be run in the folder `cwd`.
///
/// # Panics
/// If the binary or ONNX Runtime is not there.
pub fn trainer(cwd: &Path, args: &[&str]) -> Command {
    program("trainer", cwd, args)
}

/// `infer` with `args`, to be run in the folder `cwd`.
///
/// # Panics
/// If the binary or ONNX Runtime is not there.
pub fn infer(cwd: &Path, args: &[&str]) -> Command {
    program("infer", cwd, args)
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
pub fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// `line` in a shell, with the program and the arguments of `command` as its own (`"$@"`), in the
/// folder and the environment of `command`.
pub fn in_shell(line: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line, "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// The root of the workspace.
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The project's ONNX Runtime library.
///
/// # Panics
/// If it was not fetched.
pub fn onnxruntime() -> PathBuf {
    let folder = project_root().join(".onnxruntime");
    let library = folder.read_dir().ok().and_then(|mut entries| {
        entries.find_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            name.starts_with("libonnxruntime.so").then_some(path)
        })
    });
    library.unwrap_or_else(|| {
        panic!(
            "no ONNX Runtime in {}: run tools/onnxruntime.sh",
            folder.display()
        )
    })
}

/// A path as an argument.
///
/// # Panics
/// If it is not Unicode.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn program(name: &str, cwd: &Path, args: &[&str]) -> Command {
    onnxruntime();
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = target_folder().join(file);
    assert!(
        path.is_file(),
        "{} was not built: run tools/test",
        path.display()
    );
    let mut command = Command::new(path);
    command.current_dir(cwd).args(args);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// `target/release`: a test's executable lies in its folder `deps`.
pub(crate) fn target_folder() -> PathBuf {
    let executable = env::current_exe().unwrap();
    executable.ancestors().nth(2).unwrap().to_owned()
}
