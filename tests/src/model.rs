//! A small model of the digits, trained once a test program.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::program::target_folder;
use crate::{run, stdout, text, trainer};

/// Arguments of a run of seconds that still learns to tell digits apart. No
/// images of the validation split are left out.
pub const SMALL_RUN: [&str; 21] = [
    "fit",
    "--recipe",
    "digits",
    "--weights",
    "none",
    "--image-size",
    "32",
    "--train-limit",
    "400",
    "--epochs",
    "2",
    "--batch-size",
    "16",
    "--learning-rate",
    "2e-3",
    "--warmup-epochs",
    "0",
    "--dropout",
    "0",
    "--augment",
    "[]",
];

/// Arguments of a small network without pretrained weights, that an epoch of a second trains.
pub const SMALL_NETWORK: [&str; 8] = [
    "--weights",
    "none",
    "--image-size",
    "32",
    "--batch-size",
    "8",
    "--augment",
    "[]",
];

/// Arguments of a run of an epoch of that network, and `args`, which name the data set.
pub fn small_fit<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let fit = ["fit", "--quiet", "--epochs", "1"];
    [&fit, &SMALL_NETWORK[..], args].concat()
}

/// Arguments of a run of a second, for tests of what it writes. The last layer is trained on kept
/// features first.
pub const TINY_RUN: [&str; 21] = [
    "fit",
    "--recipe",
    "digits",
    "--weights",
    "none",
    "--image-size",
    "32",
    "--train-limit",
    "24",
    "--val-limit",
    "20",
    "--epochs",
    "1",
    "--batch-size",
    "8",
    "--head-epochs",
    "1",
    "--augment",
    "[]",
    "--dropout",
    "0",
];

/// The run folder of [`SMALL_RUN`], made at the first call. It lies in the
/// target folder and stays there for a look.
///
/// # Panics
/// If training fails.
pub fn trained_digits() -> PathBuf {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let executable = env::current_exe().unwrap();
        let folder = target_folder()
            .join("end-to-end")
            .join(executable.file_stem().unwrap());
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let out = folder.join("digits");
        let args = [&SMALL_RUN[..], &["--out", text(&out)]].concat();
        stdout(&run(&mut trainer(&folder, &args)));
        out
    })
    .clone()
}
