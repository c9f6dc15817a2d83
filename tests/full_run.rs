//! Whole runs: train, look at what is left behind, evaluate, predict, export.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use end_to_end::{
    COLOURS, SMALL_RUN, assert_failure, assert_wrong_usage, cifar_archive, cifar_files, infer,
    json, run, stdout, text, trained_digits, trainer, write_folder,
};
use safetensors::SafeTensors;
use serde_json::{Value, json};

/// Every file below `folder` with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

fn inspect(model: &Path) -> Value {
    let folder = model.parent().unwrap();
    json(&run(&mut infer(
        folder,
        &["inspect", "--json", text(model)],
    )))
}

/// `infer eval --json` of `model` with more arguments.
fn eval(model: &Path, args: &[&str]) -> Value {
    let args = [&["eval", "--json", "--model", text(model)], args].concat();
    json(&run(&mut infer(model.parent().unwrap(), &args)))
}

#[test]
fn a_run_leaves_its_recipe_history_plots_checkpoints_and_model() {
    let out = trained_digits();
    let files = contents(&out);
    let names: Vec<&str> = files
        .keys()
        .map(|path| text(path.strip_prefix(&out).unwrap()))
        // Their names go on with the time and the machine.
        .map(|name| match name.starts_with("events.out.tfevents.") {
            true => "events.out.tfevents",
            false => name,
        })
        .collect();
    assert_eq!(
        names,
        [
            "accuracy.png",
            "accuracy.svg",
            "checkpoints/best.safetensors",
            "checkpoints/last.safetensors",
            "checkpoints/state.safetensors",
            "events.out.tfevents",
            "history.csv",
            "history.json",
            "learning_rate.png",
            "learning_rate.svg",
            "loss.png",
            "loss.svg",
            "model.onnx",
            "recipe.toml",
            "report.html",
            "run.json",
            "speed.csv",
            "test.json",
            "train.log",
        ],
        "nothing else may be left there"
    );
    for (path, bytes) in &files {
        match path.extension().unwrap().to_str().unwrap() {
            "png" => assert!(image::load_from_memory(bytes).unwrap().width() > 100),
            "svg" => assert!(bytes.starts_with(b"<svg"), "{path:?}"),
            _ => assert!(!bytes.is_empty(), "{path:?}"),
        }
    }
    let recipe = fs::read_to_string(out.join("recipe.toml")).unwrap();
    for line in [
        "image_size = 32",
        "train_limit = 400",
        "learning_rate = 0.002",
    ] {
        assert!(
            recipe.lines().any(|found| found == line),
            "{line}\n{recipe}"
        );
    }
    let csv = fs::read_to_string(out.join("history.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "a header and two epochs\n{csv}");
    let history: Value =
        serde_json::from_slice(&fs::read(out.join("history.json")).unwrap()).unwrap();
    let epochs = history["epochs"].as_array().unwrap();
    assert_eq!(epochs.len(), 2);
    assert!(epochs[1]["train_loss"].as_f64() < epochs[0]["train_loss"].as_f64());
    let log = fs::read_to_string(out.join("train.log")).unwrap();
    for said in ["epoch 2/2  train loss", "export checked", "test     top-1"] {
        assert!(log.contains(said), "{said}\n{log}");
    }
}

#[test]
fn the_test_split_is_scored_as_eval_scores_it() {
    let out = trained_digits();
    let scored: Value = serde_json::from_slice(&fs::read(out.join("test.json")).unwrap()).unwrap();
    let evaluated = eval(&out.join("model.onnx"), &["--device", "cpu"]);
    assert_eq!(scored["images"], 359);
    assert_eq!(scored["top1"], evaluated["top1"]);
    assert_eq!(scored["report"]["classes"], evaluated["report"]["classes"]);
}

#[test]
fn a_learning_rate_is_suggested_and_plotted() {
    let cwd = tempfile::tempdir().unwrap();
    let small = [
        "--recipe",
        "digits",
        "--weights",
        "none",
        "--image-size",
        "32",
    ];
    let args = [&["find-lr", "--steps", "60", "--to", "0.5"], &small[..]].concat();
    let rate: f64 = stdout(&run(&mut trainer(cwd.path(), &args)))
        .trim()
        .parse()
        .unwrap();
    assert!((1e-6..0.5).contains(&rate), "{rate}");
    let plot = image::open(cwd.path().join("find-lr.png")).unwrap();
    assert!(plot.width() > 100);
    let wrong = ["find-lr", "--from", "0.1", "--to", "0.01"];
    let output = run(&mut trainer(cwd.path(), &wrong));
    assert_wrong_usage(&output, &["--from", "smaller than --to"]);
}

#[test]
fn doctor_finds_what_this_machine_trains_and_checks_with() {
    let cwd = tempfile::tempdir().unwrap();
    let checks = json(&run(&mut trainer(cwd.path(), &["doctor", "--json"])));
    let status = |name: &str| {
        let checks = checks.as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap_or_else(|| panic!("no {name}"))["status"].clone()
    };
    for name in ["training on cpu", "ONNX Runtime", "inference on cpu"] {
        assert_eq!(status(name), "ok", "{name}");
    }
    let nowhere = ["doctor", "--runtime", "nowhere"];
    let output = run(&mut trainer(cwd.path(), &nowhere));
    assert_eq!(output.status.code(), Some(1));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("failed   ONNX Runtime"), "{lines}");
}

#[test]
fn a_dry_run_prints_a_recipe_with_its_cost_and_leaves_nothing() {
    let cwd = tempfile::tempdir().unwrap();
    let small = ["--recipe", "digits", "--weights", "none", "--epochs", "2"];
    let sizes = [
        "--start-image-size",
        "32",
        "--image-size",
        "48",
        "--freeze",
        "3",
    ];
    let args = [&["fit", "--dry-run"], &small[..], &sizes].concat();
    let printed = stdout(&run(&mut trainer(cwd.path(), &args)));
    for part in [
        "image_size = 48",
        "of them learn",
        "million multiply-accumulates an image at 48 px",
        "img/s at 32 px: 1 epoch of",
        "img/s at 48 px: 1 epoch of",
        "# run            about",
    ] {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
    assert!(!cwd.path().join("runs").exists());
    // What is printed is a recipe.
    let recipe = cwd.path().join("printed.toml");
    fs::write(&recipe, &printed).unwrap();
    let again = ["fit", "--dry-run", "--recipe", text(&recipe)];
    let again = stdout(&run(&mut trainer(cwd.path(), &again)));
    let values = |text: &str| text.split("\n#").next().unwrap().to_owned();
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn the_kept_recipe_runs_again() {
    let cwd = tempfile::tempdir().unwrap();
    let recipe = trained_digits().join("recipe.toml");
    let args = ["fit", "--recipe", text(&recipe), "--epochs", "1"];
    let limits = ["--train-limit", "20", "--val-limit", "20"];
    stdout(&run(&mut trainer(
        cwd.path(),
        &[&args[..], &limits].concat(),
    )));
    let kept = fs::read_to_string(cwd.path().join("runs/digits/recipe.toml")).unwrap();
    assert!(
        kept.contains("image_size = 32") && kept.contains("train_limit = 20"),
        "{kept}"
    );
}

#[test]
fn infer_gives_the_accuracy_that_the_contract_records() {
    let model = trained_digits().join("model.onnx");
    let contract = &inspect(&model)["contract"];
    assert_eq!(contract["architecture"], "efficientnet_b0");
    assert_eq!(contract["classes"].as_array().unwrap().len(), 10);
    assert_eq!(contract["fit"], json!({"mode": "stretch"}));
    assert_eq!(contract["training"]["dataset"]["train"], 400);

    let val = eval(&model, &["--split", "val"]);
    assert_eq!(val["images"], contract["training"]["dataset"]["val"]);
    assert_eq!(val["top1"], contract["training"]["metrics"]["val_top1"]);
    assert_eq!(val["dataset"]["matches_training"], true);

    let test = eval(&model, &["--device", "cpu"]);
    assert_eq!(test["images"], 359);
    assert_eq!(test["provider"], "CPUExecutionProvider");
    let top1 = test["top1"].as_f64().unwrap();
    assert!(top1 > 0.2, "ten classes, so chance is 0.1, not {top1}");
}

#[test]
fn the_best_checkpoint_exports_to_the_very_model_of_the_run() {
    let cwd = tempfile::tempdir().unwrap();
    let out = trained_digits();
    for name in ["best", "last"] {
        let checkpoint = out.join(format!("checkpoints/{name}.safetensors"));
        let onnx = format!("{name}.onnx");
        let args = ["export", text(&checkpoint), "--out", &onnx];
        let printed = stdout(&run(&mut trainer(cwd.path(), &args)));
        assert_eq!(printed.trim(), onnx);
    }
    let bytes = |path: PathBuf| fs::read(path).unwrap();
    assert!(bytes(cwd.path().join("best.onnx")) == bytes(out.join("model.onnx")));
    let last = inspect(&cwd.path().join("last.onnx"));
    assert_eq!(last["contract"]["training"]["epochs"], 2);
}

#[test]
fn a_used_run_folder_is_refused_and_left_as_it_was() {
    let out = trained_digits();
    let before = contents(&out);
    let args = [&SMALL_RUN[..], &["--out", text(&out)]].concat();
    let output = run(&mut trainer(out.parent().unwrap(), &args));
    assert_failure(&output, 1, &[text(&out), "not empty"], &["--out"]);
    assert!(contents(&out) == before);
}

#[test]
fn a_seed_gives_one_outcome_and_each_run_a_folder_of_its_own() {
    let cwd = tempfile::tempdir().unwrap();
    let limits = ["--train-limit", "40", "--val-limit", "20", "--epochs", "1"];
    for seed in ["7", "7", "8"] {
        let overrides = [&limits[..], &["--seed", seed, "--recipe", "digits"]].concat();
        let args = [
            &["fit", "--weights", "none", "--image-size", "32"],
            &overrides[..],
        ]
        .concat();
        let printed = stdout(&run(&mut trainer(cwd.path(), &args)));
        assert!(cwd.path().join(printed.trim()).is_file(), "{printed}");
    }
    let runs = ["digits", "digits-2", "digits-3"].map(|name| cwd.path().join("runs").join(name));
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| (figures(run), weights(run)))
        .collect();
    assert!(outcomes[0] == outcomes[1], "the same seed");
    assert!(outcomes[0].0 != outcomes[2].0, "another seed");
    assert!(outcomes[0].1 != outcomes[2].1, "another seed");
}

/// The history up to the columns with times.
fn figures(run: &Path) -> Vec<String> {
    let csv = fs::read_to_string(run.join("history.csv")).unwrap();
    let timeless = |line: &str| line.split(",").take(7).collect::<Vec<_>>().join(",");
    csv.lines().map(timeless).collect()
}

/// The tensors of the last checkpoint.
fn weights(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(run.join("checkpoints/last.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors.iter();
    tensors
        .map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec()))
        .collect()
}

#[test]
fn a_folder_of_pictures_trains_and_is_told_apart_by_colour() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 16);
    // Every value at its default: the recipe for photos is for pretrained weights.
    fs::write(cwd.path().join("plain.toml"), "").unwrap();
    let args = [
        "fit",
        "--recipe",
        "plain.toml",
        "--dataset",
        "photos",
        "--weights",
        "none",
        "--image-size",
        "32",
        "--epochs",
        "30",
        "--batch-size",
        "4",
        "--warmup-epochs",
        "0",
        "--val-fraction",
        "0.25",
        "--dropout",
        "0",
        "--augment",
        "[]",
        "--learning-rate",
        "3e-3",
    ];
    let printed = stdout(&run(&mut trainer(cwd.path(), &args)));
    let model = cwd.path().join("runs/photos/model.onnx");
    assert_eq!(cwd.path().join(printed.trim()), model);
    let contract = &inspect(&model)["contract"];
    let fit = json!({"mode": "center_crop", "shorter_side": 32});
    assert_eq!(contract["fit"], fit);
    // Photos are antialiased, which readers of version 1 know nothing of.
    assert_eq!(contract["preprocessing"]["resize"], "pillow_bicubic");
    assert_eq!(contract["version"], 2);
    assert_eq!(contract["classes"], json!(COLOURS.map(|(class, _)| class)));

    let photos = cwd.path().join("photos");
    let val = eval(&model, &["--dataset", text(&photos), "--split", "val"]);
    // A fifth of the 48 images is kept for testing, a quarter of the rest for validation.
    assert_eq!(
        (
            &val["images"],
            &eval(&model, &["--dataset", text(&photos)])["images"]
        ),
        (&json!(10), &json!(10))
    );
    assert_eq!(val["top1"], contract["training"]["metrics"]["val_top1"]);
    assert_eq!(val["top1"], 1.0, "red, green and blue");

    // Swapped channels would take red for blue.
    let files = COLOURS.map(|(class, _)| format!("photos/{class}/5.png"));
    let files = files.each_ref().map(String::as_str);
    let args = [
        &["predict", "--json", "--top", "2", "--model", text(&model)],
        &files[..],
    ]
    .concat();
    let lines = stdout(&run(&mut infer(cwd.path(), &args)));
    assert_eq!(lines.lines().count(), files.len());
    for (line, (file, (class, _))) in lines.lines().zip(files.iter().zip(COLOURS)) {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert_eq!(answer["file"], *file);
        assert_eq!(answer["top"][0]["class"], class, "{answer}");
        assert_eq!(answer["top"].as_array().unwrap().len(), 2);
    }

    let export = [
        "export",
        "runs/photos/checkpoints/best.safetensors",
        "--dataset",
        "photos",
        "--out",
        "again.onnx",
    ];
    stdout(&run(&mut trainer(cwd.path(), &export)));
    assert!(fs::read(cwd.path().join("again.onnx")).unwrap() == fs::read(&model).unwrap());
}

#[test]
fn a_cifar_archive_trains_and_its_superclasses_are_in_the_model() {
    let cwd = tempfile::tempdir().unwrap();
    let archive = cwd.path().join("cifar.tar.gz");
    fs::write(&archive, cifar_archive(&cifar_files(2, 1))).unwrap();
    let args = [
        "fit",
        "--dataset",
        "cifar100",
        "--weights",
        "none",
        "--image-size",
        "32",
        "--epochs",
        "1",
        "--val-fraction",
        "0.5",
        "--head-epochs",
        "0",
        "--data-path",
        "cifar.tar.gz",
    ];
    stdout(&run(&mut trainer(cwd.path(), &args)));
    let model = cwd.path().join("runs/cifar100/model.onnx");
    let superclasses = &inspect(&model)["contract"]["superclasses"];
    assert_eq!(superclasses["names"].as_array().unwrap().len(), 20);
    assert_eq!(superclasses["of_class"][99], 19);

    // The archive is found through the environment, and extracted only once.
    let args = [
        "eval",
        "--json",
        "--model",
        text(&model),
        "--data-dir",
        "data",
    ];
    let output = run(infer(cwd.path(), &args).env("CIFAR100_PATH", &archive));
    let document = json(&output);
    assert_eq!(document["images"], 100);
    assert_eq!(document["dataset"]["matches_training"], true);
    assert_eq!(fs::read_dir(cwd.path().join("data")).unwrap().count(), 1);
}
