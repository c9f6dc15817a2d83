//! A run on a machine that has not enough: a disk that is full at whichever write, memory that
//! ends. It says so in a line, keeps what it had, and goes on where there is room.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use end_to_end::{TINY_RUN, in_shell, run, stdout, text, trainer};

/// Every kind of file that a run writes: kept features, the checkpoint of the last layer, states
/// after each step, plots, the exported model, its scores, the page.
fn words() -> Vec<&'static str> {
    let more = ["--quiet", "--state-interval", "0", "--out", "run"];
    [&TINY_RUN[..], &more].concat()
}

/// Runs it with a disk of so many KiB for a current folder, whose files are in `kept` afterwards;
/// `None` where nobody but root may mount one.
fn on_a_small_disk(command: &Command, kibibytes: u64, kept: &Path) -> Option<Output> {
    let line = format!(
        "exec unshare --user --map-root-user --mount sh -c '
            disk=$1; shift
            mount -t tmpfs -o size={kibibytes}K disk \"$disk\" || exit 99
            cd \"$disk\"
            \"$@\"
            code=$?
            cp -R . ../kept
            exit $code' sh \"$PWD\" \"$@\""
    );
    let output = run(&mut in_shell(&line, command));
    assert!(kept.is_absolute());
    let no_mount = output.status.code() == Some(99) || stderr(&output).contains("unshare:");
    (!no_mount).then_some(output)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Checks that nothing is half written.
fn assert_whole(folder: &Path, shown: &str) {
    for file in files(folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        assert!(!name.starts_with(".tmp"), "{name} is left\n{shown}");
        if name.ends_with(".safetensors") {
            assert!(
                pretrained::checksum::open(&bytes).is_ok(),
                "{name}\n{shown}"
            );
        } else if name.ends_with(".json") {
            assert!(
                serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                "{name}\n{shown}"
            );
        }
    }
}

/// The run in `folder` goes on to its end, or there is none and a new one may have its place.
fn assert_goes_on(cwd: &Path, shown: &str) {
    let state = cwd.join("run/checkpoints/state.safetensors");
    let args = match state.is_file() {
        true => vec!["fit", "--quiet", "--resume", "run"],
        false => {
            assert!(!cwd.join("run").exists(), "{:?}\n{shown}", files(cwd));
            words()
        }
    };
    let output = run(&mut trainer(cwd, &args));
    assert!(
        output.status.success(),
        "{shown}\nthen:\n{}",
        stderr(&output)
    );
    for file in ["model.onnx", "test.json", "report.html"] {
        assert!(cwd.join("run").join(file).is_file(), "{file}\n{shown}");
    }
}

#[test]
fn a_disk_that_is_full_at_any_write_costs_that_write_alone() {
    let whole = tempfile::tempdir().unwrap();
    stdout(&run(&mut trainer(whole.path(), &words())));
    let sizes: u64 = files(whole.path())
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    // From nothing to all that it takes, with what is written beside it before it is renamed.
    let most = 3 * sizes / 2 / 1024;
    let (mut full, mut enough) = (0, 0);
    for part in 0..=16 {
        let kibibytes = (most * part / 16).max(64);
        let root = tempfile::tempdir().unwrap();
        let (disk, kept) = (root.path().join("disk"), root.path().join("kept"));
        fs::create_dir(&disk).unwrap();
        let Some(output) = on_a_small_disk(&trainer(&disk, &words()), kibibytes, &kept) else {
            eprintln!("skipped: no disk of its own for a test (user namespaces)");
            return;
        };
        let shown = format!("{kibibytes} KiB: {}\n{}", output.status, stderr(&output));
        assert!(!shown.contains("panicked"), "{shown}");
        match output.status.code() {
            Some(0) => enough += 1,
            Some(1) => {
                full += 1;
                assert_eq!(shown.matches("error: ").count(), 1, "{shown}");
                assert!(shown.contains("No space left on device"), "{shown}");
                assert!(shown.contains("hint: "), "{shown}");
                assert!(!shown.contains("/.tmp"), "{shown}");
            }
            _ => panic!("{shown}"),
        }
        assert_whole(&kept, &shown);
        assert_goes_on(&kept, &shown);
    }
    assert!(full > 8 && enough > 0, "{full} full, {enough} large enough");
}

#[test]
fn memory_that_ends_costs_no_file() {
    let cwd = tempfile::tempdir().unwrap();
    let mut ended = 0;
    for mebibytes in [40, 80, 120, 160, 200, 300, 400, 600, 800, 1000, 1500] {
        let args: Vec<&str> = match cwd
            .path()
            .join("run/checkpoints/state.safetensors")
            .is_file()
        {
            true => vec!["fit", "--quiet", "--resume", "run"],
            false => words(),
        };
        let line = format!("ulimit -c 0; ulimit -v {}; exec \"$@\"", mebibytes * 1024);
        let output = run(&mut in_shell(&line, &trainer(cwd.path(), &args)));
        let shown = format!("{mebibytes} MiB: {}\n{}", output.status, stderr(&output));
        ended += u32::from(!output.status.success());
        eprintln!("{shown}");
        let lock_is_gone = trainer(cwd.path(), &["runs", text(cwd.path())]);
        stdout(&run(&mut { lock_is_gone }));
        for file in files(cwd.path()) {
            // What an abort leaves beside a file's place goes when the run goes on.
            if file
                .extension()
                .is_some_and(|extension| extension == "safetensors")
            {
                let bytes = fs::read(&file).unwrap();
                assert!(
                    pretrained::checksum::open(&bytes).is_ok(),
                    "{}\n{shown}",
                    file.display()
                );
            }
        }
    }
    assert!(ended > 3, "{ended}");
    assert_whole_run_or_new(cwd.path());
}

fn assert_whole_run_or_new(cwd: &Path) {
    if !cwd.join("run/checkpoints/state.safetensors").is_file() {
        // An abort before the first state leaves a folder that is no run's: --out says so.
        let _ = fs::remove_dir_all(cwd.join("run"));
    }
    assert_goes_on(cwd, "");
    assert_whole(cwd, "");
}
