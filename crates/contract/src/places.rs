//! Folders that belong to a program or to its user, for what was fetched once.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Returns the running program's file, symbolic links resolved: a link to a program does not
/// move it. `None` where the system does not say.
pub fn program() -> Option<PathBuf> {
    let executable = env::current_exe().ok()?;
    executable.canonicalize().ok()
}

/// Returns the Cargo project in whose `target/` a program lies, as programs, tests
/// (`target/release/deps`) and examples do; `None` for an installed program.
pub fn checkout_of(program: &Path) -> Option<&Path> {
    program
        .ancestors()
        .filter(|folder| folder.file_name() == Some(OsStr::new("target")))
        .filter_map(Path::parent)
        .find(|checkout| checkout.join("Cargo.toml").is_file())
}

/// Returns the user's data folder: `$XDG_DATA_HOME`, else `~/.local/share`.
pub fn user_data() -> Option<PathBuf> {
    user_data_in(env::var_os("XDG_DATA_HOME"), env::var_os("HOME"))
}

/// By the XDG base directory specification, which wants relative paths to be ignored.
fn user_data_in(xdg_data_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    xdg_data_home.and_then(absolute).or_else(|| {
        let home = home.and_then(absolute)?;
        Some(home.join(".local/share"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_the_cargo_project_around_target_and_nothing_above_it() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        std::fs::write(root.join("Cargo.toml"), b"").unwrap();
        for (program, found) in [
            ("target/release/infer", true),
            ("target/release/examples/service", true),
            ("target/x86_64-unknown-linux-gnu/debug/deps/it-0123", true),
            ("bin/infer", false),
            // No project directly around it: what lies further up is not asked.
            ("data/target/release/infer", false),
        ] {
            let program = root.join(program);
            assert_eq!(
                checkout_of(&program),
                found.then_some(root),
                "{}",
                program.display()
            );
        }
    }

    #[test]
    fn the_user_s_data_folder_is_never_relative() {
        let folder = |xdg: Option<&str>, home: Option<&str>| {
            user_data_in(xdg.map(OsString::from), home.map(OsString::from))
        };
        let share = Some(PathBuf::from("/home/u/.local/share"));
        assert_eq!(folder(None, Some("/home/u")), share);
        assert_eq!(folder(Some("share"), Some("/home/u")), share);
        assert_eq!(folder(Some("/data"), Some("/home/u")), Some("/data".into()));
        assert_eq!(folder(Some(""), Some("")), None);
        assert_eq!(folder(None, None), None);
    }
}
