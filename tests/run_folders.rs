//! A run's folder stands for its model and its checkpoint, and tells where its data is,
//! wherever it is looked at from and moved to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use end_to_end::{
    SMALL_NETWORK, assert_failure, cifar_archive, cifar_files, infer, json, run, stdout, text,
    trainer, write_folder,
};
use serde_json::Value;
use tempfile::TempDir;

fn small() -> Vec<&'static str> {
    [
        &SMALL_NETWORK[..],
        &["--epochs", "1", "--state-interval", "0"],
    ]
    .concat()
}

/// A folder with photos and the run `runs/photos` on them, which was told of them by a
/// relative path.
fn project() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("project");
    write_folder(&project.join("photos"), 10);
    let args = [&["fit", "--dataset", "photos"], &small()[..]].concat();
    stdout(&run(&mut trainer(&project, &args)));
    root
}

fn eval(cwd: &Path, model: &Path) -> Output {
    let args = ["eval", "--json", "--split", "val", "--model", text(model)];
    run(&mut infer(cwd, &args))
}

fn is_right(output: &Output) {
    let document = json(output);
    assert_eq!(document["dataset"]["matches_training"], true);
}

#[test]
fn a_run_is_taken_for_its_model_by_every_command_of_infer() {
    let root = project();
    let cwd = root.path();
    let folder = cwd.join("project/runs/photos");
    let run_folder = text(&folder);
    let model = folder.join("model.onnx");
    is_right(&eval(cwd, &folder));
    let inspected = json(&run(&mut infer(cwd, &["inspect", "--json", run_folder])));
    assert_eq!(inspected["path"], text(&model));
    let compare = ["compare", "--json", run_folder, text(&model)];
    let compared = json(&run(&mut infer(cwd, &compare)));
    assert_eq!(
        (&compared["agreement"], &compared["dataset"]),
        (&1.0.into(), &"photos".into())
    );
    let picture = cwd.join("project/photos/red/1.png");
    let predict = ["predict", "--json", "--model", run_folder, text(&picture)];
    stdout(&run(&mut infer(cwd, &predict)));
    let bench = [
        "bench",
        run_folder,
        "--seconds",
        "0.01",
        "--batch-sizes",
        "1",
    ];
    stdout(&run(&mut infer(cwd, &bench)));
    let shards = ["1.shard", "2.shard"].map(|name| cwd.join(name));
    for (shard, path) in ["1/2", "2/2"].iter().zip(&shards) {
        let part = ["--shard", shard, "--shard-out", text(path)];
        let args = [&["eval", "--model", run_folder], &part[..]].concat();
        stdout(&run(&mut infer(cwd, &args)));
    }
    let merge = [
        "merge",
        text(&shards[0]),
        text(&shards[1]),
        "--json",
        "--model",
        run_folder,
    ];
    is_right(&run(&mut infer(cwd, &merge)));
}

#[test]
fn a_run_is_taken_for_its_checkpoint_by_trainer() {
    let root = project();
    let cwd = root.path();
    let folder = cwd.join("project/runs/photos");
    let export = ["export", text(&folder), "--out", "again.onnx"];
    stdout(&run(&mut trainer(cwd, &export)));
    let exported = fs::read(cwd.join("again.onnx")).unwrap();
    assert!(exported == fs::read(folder.join("model.onnx")).unwrap());
    // Half of it in float16, from one of its checkpoints.
    let last = folder.join("checkpoints/last.safetensors");
    let export = [
        "export",
        text(&last),
        "--precision",
        "fp16",
        "--out",
        "half.onnx",
    ];
    stdout(&run(&mut trainer(cwd, &export)));

    // Other data with other classes: the last layer is a new one.
    let fit = [&["fit"], &small()[..], &["--weights", text(&folder)]].concat();
    let fit: Vec<&str> = fit.into_iter().filter(|word| *word != "none").collect();
    let first = fit.iter().position(|word| *word == "--weights").unwrap();
    let fit = [&fit[..first], &fit[first + 1..]].concat();
    let limits = [
        "--train-limit",
        "40",
        "--val-limit",
        "20",
        "--out",
        "digits",
    ];
    stdout(&run(&mut trainer(cwd, &[&fit[..], &limits].concat())));
    let inspect = ["inspect", "--json", "digits"];
    let contract = &json(&run(&mut infer(cwd, &inspect)))["contract"];
    let weights = &contract["training"]["weights"]["sha256"];
    let best = fs::read(folder.join("checkpoints/best.safetensors")).unwrap();
    assert_eq!(*weights, contract::fs::sha256_hex(&best));
    let empty = cwd.join("empty");
    fs::create_dir(&empty).unwrap();
    for args in [
        ["export", text(&empty), "--out", "x.onnx"],
        ["fit", "--weights", text(&empty), "--quiet"],
    ] {
        let output = run(&mut trainer(cwd, &args));
        assert_failure(
            &output,
            1,
            &[text(&empty), "no checkpoint"],
            &["folder of a run"],
        );
    }
}

#[test]
fn a_model_says_nothing_of_anyone_s_folders() {
    let root = project();
    let folder = root.path().join("project/runs/photos");
    let best = folder.join("checkpoints/best.safetensors");
    let photos = root.path().join("project/photos");
    let out = root.path().join("second");
    let args = [
        "fit",
        "--dataset",
        text(&photos),
        "--weights",
        text(&best),
        "--epochs",
        "1",
    ];
    let small = ["--image-size", "32", "--out", text(&out)];
    stdout(&run(&mut trainer(
        root.path(),
        &[&args[..], &small].concat(),
    )));
    let place = text(root.path()).as_bytes().to_vec();
    let says_so = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        bytes.windows(place.len()).any(|window| window == place)
    };
    assert!(says_so(&out.join("run.json")));
    for file in [
        "model.onnx",
        "checkpoints/best.safetensors",
        "checkpoints/last.safetensors",
    ] {
        assert!(!says_so(&out.join(file)), "{file}");
    }
}

#[test]
fn a_copy_in_a_subfolder_knows_its_run_and_one_elsewhere_says_what_to_pass() {
    let root = project();
    let project = root.path().join("project");
    let copies = project.join("runs/photos/kept/of old");
    fs::create_dir_all(&copies).unwrap();
    let model = project.join("runs/photos/model.onnx");
    fs::copy(&model, copies.join("copy.onnx")).unwrap();
    is_right(&eval(root.path(), &copies.join("copy.onnx")));
    let alone = root.path().join("alone.onnx");
    fs::copy(&model, &alone).unwrap();
    let output = eval(root.path(), &alone);
    assert_failure(
        &output,
        1,
        &["'photos'", "run.json", "alone.onnx"],
        &["--dataset PATH"],
    );
    let checkpoint = root.path().join("alone.safetensors");
    fs::copy(
        project.join("runs/photos/checkpoints/best.safetensors"),
        &checkpoint,
    )
    .unwrap();
    let args = ["export", text(&checkpoint), "--out", "x.onnx"];
    let output = run(&mut trainer(root.path(), &args));
    assert_failure(
        &output,
        1,
        &["'photos'", "alone.safetensors"],
        &["--dataset PATH"],
    );
}

#[test]
fn moved_runs_and_projects_find_their_data_and_moved_data_is_told_once() {
    let root = project();
    let at = |path: &str| root.path().join(path);
    // The run alone, to another name and depth.
    fs::rename(at("project/runs/photos"), at("renamed run")).unwrap();
    is_right(&eval(root.path(), &at("renamed run")));
    fs::rename(at("renamed run"), at("project/runs/photos")).unwrap();
    // The whole project.
    fs::rename(at("project"), at("renamed project")).unwrap();
    is_right(&eval(root.path(), &at("renamed project/runs/photos")));
    let folder = at("renamed project/runs/photos");
    let export = ["export", text(&folder), "--out", "x.onnx"];
    stdout(&run(&mut trainer(root.path(), &export)));
    let resume = ["fit", "--resume", text(&folder)];
    stdout(&run(&mut trainer(root.path(), &resume)));
    // Going on has noted the new place.
    assert!(
        fs::read_to_string(folder.join("run.json"))
            .unwrap()
            .contains("renamed project")
    );

    // The data: a line that says where it was, and what to pass.
    fs::rename(at("renamed project/photos"), at("pictures")).unwrap();
    let gone = at("renamed project/photos");
    let parts = [text(&gone), "run.json"];
    assert_failure(&eval(root.path(), &folder), 1, &parts, &["--dataset PATH"]);
    let output = run(&mut trainer(root.path(), &export));
    assert_failure(&output, 1, &parts, &["--dataset PATH"]);
    let output = run(&mut trainer(root.path(), &resume));
    assert_failure(&output, 1, &parts, &["--dataset PATH"]);
    // Passed once to a run that goes on, it is known from then on.
    let told = [&resume[..], &["--dataset", "pictures"]].concat();
    stdout(&run(&mut trainer(root.path(), &told)));
    is_right(&eval(&at("renamed project"), &folder));
}

#[test]
fn a_damaged_record_is_told_in_a_line() {
    let root = project();
    let folder = root.path().join("project/runs/photos");
    fs::write(folder.join("run.json"), "{\"dataset\": 3").unwrap();
    let output = eval(root.path(), &folder);
    assert_failure(
        &output,
        1,
        &["run.json", "not the record of a run"],
        &["--dataset"],
    );
}

#[test]
fn cifar_100_is_found_again_where_the_run_had_it() {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("project");
    fs::create_dir(&project).unwrap();
    fs::write(
        project.join("cifar.tar.gz"),
        cifar_archive(&cifar_files(2, 1)),
    )
    .unwrap();
    let args = [
        &["fit", "--dataset", "cifar100", "--val-fraction", "0.5"],
        &small()[..],
    ]
    .concat();
    let by_flag = [
        "--data-path",
        "cifar.tar.gz",
        "--data-dir",
        "kept",
        "--out",
        "flag",
    ];
    stdout(&run(&mut trainer(
        &project,
        &[&args[..], &by_flag].concat(),
    )));
    let by_variable = [&args[..], &["--out", "variable"]].concat();
    let mut command = trainer(&project, &by_variable);
    stdout(&run(command.env("CIFAR100_PATH", "cifar.tar.gz")));
    for name in ["flag", "variable"] {
        let folder = project.join(name);
        is_right(&eval(root.path(), &folder));
        let resume = ["fit", "--resume", text(&folder)];
        stdout(&run(&mut trainer(root.path(), &resume)));
        let out = format!("{name}.onnx");
        let export = ["export", text(&folder), "--out", &out];
        stdout(&run(&mut trainer(root.path(), &export)));
    }
    // Nothing was unpacked anywhere else.
    let left = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.is_dir());
        names
    };
    assert_eq!(left(root.path()), [project]);
}

#[test]
fn runs_are_listed_with_their_figures_and_states() {
    let root = project();
    let project = root.path().join("project");
    let damaged = project.join("runs/sorted/damaged");
    fs::create_dir_all(damaged.join("checkpoints")).unwrap();
    let digits = [
        &["fit", "--recipe", "digits"],
        &small()[..],
        &["--train-limit", "40"],
    ]
    .concat();
    stdout(&run(&mut trainer(&project, &digits)));

    let table = stdout(&run(&mut trainer(&project, &["runs"])));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    let line = |run: &str| {
        let found = lines.iter().find(|line| line.starts_with(run));
        found.unwrap_or_else(|| panic!("{run}\n{table}"))
    };
    for part in [" digits ", "1/1", " %", "finished", "batch_size 8"] {
        assert!(line("runs/digits").contains(part), "{part}\n{table}");
    }
    assert!(line("runs/sorted/damaged").contains(" damaged "), "{table}");
    assert!(table.contains("runs/sorted/damaged: "), "{table}");

    let listed = json(&run(&mut trainer(
        root.path(),
        &["runs", "--json", "project"],
    )));
    let of = |name: &str| -> &Value {
        let runs = listed.as_array().unwrap().iter();
        let mut found = runs.filter(|run| run["folder"].as_str().unwrap().ends_with(name));
        found.next().unwrap()
    };
    let digits = of("runs/digits");
    assert_eq!(digits["state"], "finished");
    assert_eq!(digits["changed"]["train_limit"], 40);
    let test: Value =
        serde_json::from_slice(&fs::read(project.join("runs/digits/test.json")).unwrap()).unwrap();
    assert_eq!(digits["test_top1"], test["top1"]);
    assert!(digits["best"]["val_top1"].is_number());
    assert_eq!(of("photos")["recipe"], "photos");
    // The digits were trained last.
    assert_eq!(listed[0]["folder"], "project/runs/digits");

    let none = run(&mut trainer(root.path(), &["runs"]));
    assert_eq!(stdout(&none), "");
    let nowhere = run(&mut trainer(root.path(), &["runs", "nowhere"]));
    assert_failure(&nowhere, 1, &["nowhere", "cannot read"], &["path"]);
}

/// A name in Latin-1, as old archives have them.
#[cfg(target_os = "linux")]
#[test]
fn a_run_in_a_folder_whose_name_is_no_unicode_goes_on_and_is_evaluated() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let root = tempfile::tempdir().unwrap();
    let project = root.path().join(OsStr::from_bytes(b"caf\xe9"));
    write_folder(&project.join("photos"), 10);
    let args = [&["fit", "--dataset", "photos"], &small()[..]].concat();
    stdout(&run(&mut trainer(&project, &args)));
    let folder = project.join("runs/photos");
    let resume = ["fit", "--epochs", "2", "--resume"];
    let elsewhere = root.path();
    stdout(&run(trainer(elsewhere, &resume).arg(&folder)));
    let eval = ["eval", "--json", "--split", "val", "--model"];
    is_right(&run(infer(elsewhere, &eval).arg(&folder)));
    // It moves with its data, as any other.
    let moved = root.path().join(OsStr::from_bytes(b"th\xe9"));
    fs::rename(&project, &moved).unwrap();
    is_right(&run(infer(elsewhere, &eval).arg(moved.join("runs/photos"))));
}
