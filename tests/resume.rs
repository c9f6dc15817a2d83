//! A run that was killed goes on as if nothing had happened, and the number of
//! threads changes nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use end_to_end::{assert_same_outcome, assert_wrong_usage, run, stdout, text, trainer};

/// Everything that has a state: a moving average, accumulation, clipping,
/// random numbers of every kind, a size that grows, a plateau, the last layer
/// on its own first, a part that does not learn, patience, balanced draws.
const RUN: [&str; 51] = [
    "fit",
    "--recipe",
    "digits",
    "--weights",
    "none",
    "--image-size",
    "48",
    "--start-image-size",
    "32",
    "--train-limit",
    "120",
    "--val-limit",
    "40",
    "--epochs",
    "4",
    "--batch-size",
    "8",
    "--accumulate",
    "2",
    "--clip-norm",
    "1",
    "--ema",
    "0.9",
    "--schedule",
    "plateau",
    "--plateau-patience",
    "1",
    "--layer-decay",
    "0.9",
    "--dropout",
    "0.3",
    "--stochastic-depth",
    "0.2",
    "--mix",
    "{ mixup_alpha = 0.4, cutmix_alpha = 1.0 }",
    "--augment",
    "[{ kind = 'shift', limit = 0.2 }, { kind = 'trivial_augment_wide' }]",
    "--head-epochs",
    "2",
    "--freeze",
    "1",
    "--early-stopping",
    "9",
    "--sampler",
    "balanced",
    "--class-weights",
    "effective",
    "--monitor",
    "val_macro_f1",
    "--state-interval",
    "0",
];

const KILLS: u32 = 20;

/// The run with so many threads, uninterrupted; how long it took.
fn reference(cwd: &Path, threads: &str) -> Duration {
    let started = Instant::now();
    let args = [&RUN[..], &["--out", threads]].concat();
    stdout(&run(trainer(cwd, &args).env("RAYON_NUM_THREADS", threads)));
    started.elapsed()
}

#[test]
fn killed_twenty_times_and_on_other_threads_a_run_ends_with_the_same_bits() {
    let cwd = tempfile::tempdir().unwrap();
    let took = reference(cwd.path(), "2");
    reference(cwd.path(), "1");
    let uninterrupted = cwd.path().join("2");
    assert_same_outcome(&cwd.path().join("1"), &uninterrupted);

    let killed = cwd.path().join("killed");
    let mut kills = 0;
    let mut ended = false;
    // Moments spread over the run, whose starts take time of their own.
    for turn in 0..10 * KILLS {
        let resumable = killed.join("checkpoints/state.safetensors").is_file();
        let args: Vec<&str> = if resumable {
            vec!["fit", "--state-interval", "0", "--resume", text(&killed)]
        } else {
            // Killed before there was a state: a new run may have the place.
            let _ = fs::remove_dir_all(&killed);
            [&RUN[..], &["--out", text(&killed)]].concat()
        };
        let mut child = trainer(cwd.path(), &args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if kills == KILLS {
            let output = child.wait_with_output().unwrap();
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{log}");
            ended = true;
            break;
        }
        // A golden-ratio sequence: no two moments alike, none by chance.
        let share = (f64::from(turn) * 0.618_033_988).fract();
        let wait = took.mul_f64(0.08 + 0.4 * share);
        let deadline = Instant::now() + wait;
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(5));
        }
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "turn {turn}");
                // It got to its end between two kills: the rest start anew.
                assert_same_outcome(&killed, &uninterrupted);
                fs::remove_dir_all(&killed).unwrap();
            }
            None => {
                // SIGKILL: nothing can be tidied up.
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
            }
        }
    }
    assert!(ended, "{kills} kills");
    assert_same_outcome(&killed, &uninterrupted);
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_a_state_to_go_on_from() {
    let cwd = tempfile::tempdir().unwrap();
    let took = reference(cwd.path(), "2");
    let out = cwd.path().join("full");
    let args = [&RUN[..], &["--out", text(&out)]].concat();
    let mut child = trainer(cwd.path(), &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(took / 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let state = out.join("checkpoints/state.safetensors");
    let before = fs::read(&state).unwrap();

    // No file may be longer than 20 MB: a state is.
    let resume = ["fit", "--state-interval", "0", "--resume", text(&out)];
    let plain = trainer(cwd.path(), &resume);
    let mut limited = Command::new("sh");
    limited
        .current_dir(cwd.path())
        .args(["-c", "trap '' XFSZ; ulimit -f 40000; exec \"$@\"", "sh"])
        .arg(plain.get_program())
        .args(plain.get_args());
    let output = limited.output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert_eq!(log.matches("error:").count(), 1, "{log}");
    assert!(log.contains("state.safetensors"), "{log}");
    assert!(log.contains("hint:"), "{log}");
    assert!(fs::read(&state).unwrap() == before, "{log}");

    stdout(&run(&mut trainer(cwd.path(), &resume)));
    assert_same_outcome(&out, &cwd.path().join("2"));
}

#[test]
fn what_cannot_go_on_is_refused_in_one_line() {
    let cwd = tempfile::tempdir().unwrap();
    let refuse = |args: &[&str], expected: &str| {
        let output = run(&mut trainer(cwd.path(), args));
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{log}");
        assert!(log.contains(expected), "{log}");
    };
    let nothing = cwd.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    refuse(
        &["fit", "--resume", text(&nothing)],
        "it is not the folder of a run",
    );
    let with_values = [
        "fit",
        "--resume",
        text(&nothing),
        "--learning-rate",
        "0.1",
        "--recipe",
        "digits",
    ];
    let output = run(&mut trainer(cwd.path(), &with_values));
    assert_wrong_usage(
        &output,
        &["error: --learning-rate, --recipe cannot be changed by --resume\n"],
    );
    fs::create_dir(nothing.join("checkpoints")).unwrap();
    fs::write(nothing.join("checkpoints/state.safetensors"), "x").unwrap();
    let resume = ["fit", "--resume", text(&nothing)];
    refuse(&resume, "its recipe.toml cannot be read");
    fs::write(nothing.join("recipe.toml"), "").unwrap();
    refuse(&resume, "run.json cannot be read");
}
