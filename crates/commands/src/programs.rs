//! How a person calls the two programs.

use std::env::{self, consts::EXE_SUFFIX};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::quoted_path;

const TRAINER: &str = "trainer";
const INFER: &str = "infer";
const ONNXRUNTIME: &str = "tools/onnxruntime.sh";

/// How `trainer` and `infer` are called in this shell, from this folder: by name where
/// the shell finds them, else by the path that this process was started with and the
/// one beside it. Programs that were built in a checkout know its scripts too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    trainer: String,
    infer: String,
    onnxruntime: String,
}

impl Programs {
    /// Returns how this process's user calls the programs.
    pub fn get() -> &'static Self {
        static PROGRAMS: OnceLock<Programs> = OnceLock::new();
        PROGRAMS.get_or_init(|| Self::new(&Surroundings::of_this_process()))
    }

    fn new(surroundings: &Surroundings) -> Self {
        Self {
            trainer: surroundings.call(TRAINER),
            infer: surroundings.call(INFER),
            onnxruntime: surroundings.script(ONNXRUNTIME),
        }
    }

    /// Returns the call of `trainer`, quoted.
    pub fn trainer(&self) -> &str {
        &self.trainer
    }

    /// Returns the call of `infer`, quoted.
    pub fn infer(&self) -> &str {
        &self.infer
    }

    #[cfg(test)]
    pub(crate) fn called(trainer: &str, infer: &str) -> Self {
        Self {
            trainer: trainer.to_owned(),
            infer: infer.to_owned(),
            onnxruntime: ONNXRUNTIME.to_owned(),
        }
    }

    /// Pairs of a program's name and its call.
    pub(crate) fn calls(&self) -> [(&'static str, &str); 2] {
        [(TRAINER, &self.trainer), (INFER, &self.infer)]
    }

    /// Pairs of a script's path in the project and its path from here.
    pub(crate) fn scripts(&self) -> [(&'static str, &str); 1] {
        [(ONNXRUNTIME, &self.onnxruntime)]
    }
}

/// What decides how programs are called.
struct Surroundings {
    /// As this process was started.
    started: PathBuf,
    executable: Option<PathBuf>,
    /// Folders that the shell looks into.
    path: Vec<PathBuf>,
}

impl Surroundings {
    fn of_this_process() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        Self {
            started: env::args_os().next().unwrap_or_default().into(),
            executable: env::current_exe().ok(),
            path: env::split_paths(&path).collect(),
        }
    }

    /// The call of the program `name`, which is this one or lies beside it.
    fn call(&self, name: &str) -> String {
        let file = format!("{name}{EXE_SUFFIX}");
        let on_path = self.path.iter().map(|folder| folder.join(&file));
        let on_path = on_path.into_iter().find(|path| path.is_file());
        let beside = self.beside(&file);
        match (on_path, beside) {
            // The shell might find another version of it.
            (Some(found), Some(beside)) if !is_same(&found, &beside) => quoted_path(beside),
            (None, Some(beside)) => quoted_path(beside),
            // One that is not there is best named as the documentation names it.
            _ => name.to_owned(),
        }
    }

    /// The project's `script`, where this is its root or the program lies below that.
    fn script(&self, script: &str) -> String {
        let above = self.executable.iter().flat_map(|path| path.ancestors());
        let mut places = above.skip(1).map(|folder| folder.join(script));
        match places.find(|path| path.is_file()) {
            Some(path) if !is_same(&path, Path::new(script)) => quoted_path(path),
            _ => script.to_owned(),
        }
    }

    /// The program `file` in this one's folder, by a path like the one that this process
    /// was started with.
    fn beside(&self, file: &str) -> Option<PathBuf> {
        let typed = self.started.parent().filter(|folder| !is_empty(folder));
        // Started by name, it was found on the shell's path.
        let folder = typed.or_else(|| self.executable.as_deref()?.parent())?;
        let path = folder.join(file);
        path.is_file().then_some(path)
    }
}

fn is_empty(folder: &Path) -> bool {
    folder.as_os_str() == OsStr::new("")
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with both programs in it.
    fn programs() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in [TRAINER, INFER] {
            std::fs::write(folder.path().join(format!("{name}{EXE_SUFFIX}")), "").unwrap();
        }
        folder
    }

    fn calls(started: &Path, executable: &Path, path: &[&Path]) -> [String; 2] {
        let programs = Programs::new(&Surroundings {
            started: started.to_owned(),
            executable: Some(executable.to_owned()),
            path: path.iter().map(|folder| folder.to_path_buf()).collect(),
        });
        [programs.trainer, programs.infer]
    }

    #[test]
    fn on_the_shell_s_path_a_name_is_enough() {
        let bin = programs();
        let trainer = bin.path().join(TRAINER);
        let other = tempfile::tempdir().unwrap();
        let path = [other.path(), bin.path()];
        assert_eq!(calls(Path::new(TRAINER), &trainer, &path), [TRAINER, INFER]);
        // Started by its path, and yet the shell would find this very file.
        assert_eq!(calls(&trainer, &trainer, &path), [TRAINER, INFER]);
    }

    #[test]
    fn off_the_path_both_are_called_by_theirs() {
        let bin = programs();
        let trainer = bin.path().join(TRAINER);
        let infer = bin.path().join(INFER);
        let expected = [&trainer, &infer].map(quoted_path);
        assert_eq!(calls(&trainer, &trainer, &[]), expected);
        // Another version of the programs is on the path.
        let installed = programs();
        assert_eq!(calls(&trainer, &trainer, &[installed.path()]), expected);
    }

    #[test]
    fn a_script_of_the_project_is_found_from_elsewhere() {
        let project = tempfile::tempdir().unwrap();
        let script = project.path().join(ONNXRUNTIME);
        std::fs::create_dir_all(script.parent().unwrap()).unwrap();
        let surroundings = Surroundings {
            started: TRAINER.into(),
            executable: Some(project.path().join("target/release/trainer")),
            path: Vec::new(),
        };
        assert_eq!(surroundings.script(ONNXRUNTIME), ONNXRUNTIME);
        std::fs::write(&script, "").unwrap();
        assert_eq!(surroundings.script(ONNXRUNTIME), quoted_path(&script));
    }

    #[test]
    fn a_sister_that_is_nowhere_is_called_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let trainer = folder.path().join(TRAINER);
        std::fs::write(&trainer, "").unwrap();
        let [own, sister] = calls(&trainer, &trainer, &[]);
        assert_eq!((own, sister.as_str()), (quoted_path(&trainer), INFER));
    }
}
