//! `infer eval --shard` and `infer merge`: shards merged are one run.

use std::fs;
use std::path::{Path, PathBuf};

use contract::{Contract, Superclasses};
use tempfile::TempDir;

use crate::cli::{infer, stdout};
use crate::tiny;

/// The files that a report consists of.
const FILES: [&str; 8] = [
    "out/confusion.csv",
    "out/confusion.png",
    "out/reliability.png",
    "out/report.txt",
    "out/metrics.json",
    "report.html",
    "predictions.jsonl",
    "grid.png",
];

/// A folder with the tiny model, and what is made of it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(change: impl FnOnce(&mut Contract)) -> Self {
        let mut contract = tiny::contract(&tiny::digits());
        change(&mut contract);
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(
            place.path("tiny.onnx"),
            tiny::model_with(&contract).to_bytes(),
        )
        .unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text_of(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Evaluates shard `number` of `count` into `number.shard`.
    fn shard(&self, number: usize, count: usize, args: &[&str]) {
        let [model, out] = ["tiny.onnx", &format!("{number}.shard")].map(|name| self.text_of(name));
        let shard = format!("{number}/{count}");
        let fixed = ["eval", "--device", "cpu", "--model", &model];
        let output = infer(&[&fixed[..], &["--shard", &shard, "--shard-out", &out], args].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }

    /// Runs `infer merge` on files of the folder.
    fn merge(&self, shards: &[&str], args: &[&str]) -> std::process::Output {
        let shards: Vec<String> = shards.iter().map(|name| self.text_of(name)).collect();
        let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
        let model = self.text_of("tiny.onnx");
        infer(&[&["merge", "--model", &model], &shards[..], args].concat())
    }

    /// The error line of a merge that is refused; it has a hint.
    fn refusal(&self, shards: &[&str]) -> String {
        let output = self.merge(shards, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let stderr = text(&output.stderr);
        let lines: Vec<&str> = stderr.lines().collect();
        assert!(
            lines.len() == 2 && lines[1].starts_with("hint: "),
            "{stderr}"
        );
        lines[0].strip_prefix("error: ").unwrap().to_owned()
    }

    /// The arguments that make all [`FILES`] in the folder `to`.
    fn outputs(&self, to: &str) -> Vec<String> {
        let path = |name: &str| self.text_of(&format!("{to}/{name}"));
        let pairs = [
            ("--out", "out"),
            ("--html", "report.html"),
            ("--predictions", "predictions.jsonl"),
            ("--grid", "grid.png"),
        ];
        let seed = ["--seed".to_owned(), "7".to_owned()];
        let pairs = pairs.map(|(option, name)| [option.to_owned(), path(name)]);
        pairs.into_iter().flatten().chain(seed).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A document with every figure that tells of time, in JSON, text or HTML,
/// replaced by a word.
fn without_times(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let timed = [
            "\"seconds\":",
            "\"images_per_second\":",
            "Images  ",
            "Throughput  ",
        ];
        let trimmed = line.trim_start();
        if timed.iter().any(|word| trimmed.starts_with(word)) {
            lines.push("TIME".to_owned());
            continue;
        }
        let mut words: Vec<&str> = line.split(' ').collect();
        for i in 0..words.len() {
            // "fitted on 288 validation images in 0.1 s", "…, 123.4 img/s"
            let next = words.get(i + 1).copied().unwrap_or_default();
            if words[i].parse::<f64>().is_ok()
                && (next.starts_with("img/s") || next.starts_with('s'))
            {
                words[i] = "TIME";
            }
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

fn same_files(a: &Path, b: &Path) {
    for name in FILES {
        let [one, other] = [a, b].map(|folder| fs::read(folder.join(name)).unwrap());
        let equal = match name.rsplit_once('.') {
            Some((_, "txt" | "json" | "html")) => {
                without_times(&text(&one)) == without_times(&text(&other))
            }
            _ => one == other,
        };
        assert!(equal, "{name} differs");
    }
}

#[test]
fn three_shards_merged_are_one_run_file_for_file() {
    let place = Place::new(|contract| {
        contract.superclasses = Some(Superclasses {
            names: ["even", "odd"].map(String::from).into(),
            of_class: vec![0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
        });
    });
    // 359 test and 288 validation images in batches of 7: no shard ends evenly.
    // With a limit, a temperature of the very images, and none.
    let cases: [&[&str]; 4] = [
        &["--batch-size", "7"],
        &["--limit", "50"],
        &["--split", "val"],
        &["--no-temperature"],
    ];
    for (case, args) in cases.into_iter().enumerate() {
        let model = place.text_of("tiny.onnx");
        let fixed = ["eval", "--device", "cpu", "--model", &model];
        let [one, merged] = ["one", "merged"].map(|name| format!("{name}{case}"));
        let outputs = place.outputs(&one);
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let whole = infer(&[&fixed[..], args, &outputs].concat());
        assert!(whole.status.success(), "{}", text(&whole.stderr));

        for number in 1..=3 {
            place.shard(number, 3, args);
        }
        let outputs = place.outputs(&merged);
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let output = place.merge(&["3.shard", "1.shard", "2.shard"], &outputs);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(
            without_times(&text(&output.stdout)),
            without_times(&text(&whole.stdout))
        );
        same_files(&place.path(&one), &place.path(&merged));
    }
}

#[test]
fn more_shards_than_batches_are_fine() {
    let place = Place::new(|_| ());
    let args = ["--limit", "8", "--no-temperature"];
    for number in 1..=3 {
        place.shard(number, 3, &args);
    }
    let output = place.merge(&["1.shard", "2.shard", "3.shard"], &["--json"]);
    let document: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(document["images"], 8);
}

#[test]
fn shards_that_are_not_all_there_once_are_refused() {
    let place = Place::new(|_| ());
    for number in 1..=3 {
        place.shard(number, 3, &["--limit", "30"]);
    }
    assert_eq!(
        place.refusal(&["3.shard", "1.shard"]),
        "missing of 3 shards: 2"
    );
    assert_eq!(place.refusal(&["2.shard"]), "missing of 3 shards: 1, 3");
    let doubled = place.refusal(&["1.shard", "2.shard", "1.shard"]);
    assert!(
        doubled.starts_with("shard 1/3 is there twice: "),
        "{doubled}"
    );
}

#[test]
fn foreign_shards_are_refused() {
    let place = Place::new(|_| ());
    let other = Place::new(|contract| contract.parameters += 1);
    place.shard(1, 2, &["--limit", "30"]);
    for (args, what) in [
        (&["--limit", "31"][..], "another limit"),
        (
            &["--limit", "30", "--batch-size", "5"],
            "another batch size",
        ),
        (
            &["--limit", "30", "--no-temperature"],
            "another validation split",
        ),
        (&["--limit", "30", "--split", "train"], "another split"),
    ] {
        place.shard(2, 2, args);
        let line = place.refusal(&["1.shard", "2.shard"]);
        assert!(line.contains(what), "{line}, expected {what}");
    }
    place.shard(3, 3, &["--limit", "30"]);
    let line = place.refusal(&["1.shard", "3.shard"]);
    assert!(line.ends_with(": 3, there 2"), "{line}");
    other.shard(2, 2, &["--limit", "30"]);
    fs::copy(other.path("2.shard"), place.path("2.shard")).unwrap();
    let line = place.refusal(&["1.shard", "2.shard"]);
    assert!(line.contains("another model"), "{line}");
    // All of one evaluation, but of another model than the one given.
    other.shard(1, 2, &["--limit", "30"]);
    fs::copy(other.path("1.shard"), place.path("1.shard")).unwrap();
    let line = place.refusal(&["1.shard", "2.shard"]);
    assert!(line.contains("another model than the one given"), "{line}");
}

#[test]
fn damaged_shards_are_refused() {
    let place = Place::new(|_| ());
    place.shard(1, 1, &["--limit", "20", "--no-temperature"]);
    let whole = fs::read_to_string(place.path("1.shard")).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    // Header, images, times, checksum.
    assert_eq!(lines.len(), 1 + 20 + 1 + 1);
    let refusal = |contents: String| {
        fs::write(place.path("damaged.shard"), contents).unwrap();
        place.refusal(&["damaged.shard"])
    };
    // Cut off between lines, within one, and before the end of the last one.
    for (length, found) in [(lines[..11].concat().len(), 10), (whole.len() - 1, 20)] {
        let line = refusal(whole[..length].to_owned());
        assert!(
            line.ends_with(&format!("ends after {found} of 20 images")),
            "{line}"
        );
    }
    let line = refusal(whole[..lines[..11].concat().len() + 9].to_owned());
    assert!(line.ends_with("ends after 10 of 20 images"), "{line}");

    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    assert!(refusal(swapped.concat()).contains("line 4: image 53 where 35"));
    for more in [lines[1], "x"] {
        let longer = whole.clone() + more;
        assert!(refusal(longer).contains("line 24: a line after the last one"));
    }
    let other = whole.replacen("infer-shard", "something", 1);
    assert!(refusal(other).contains("is no shard file"));
    let newer = whole.replacen("\"version\":2,", "\"version\":9,", 1);
    assert!(refusal(newer).contains("has shard format 9"));
    assert!(refusal(String::new()).contains("is no shard file: it has no whole line"));
    let missing = place.refusal(&["nothing.shard"]);
    assert!(missing.starts_with("cannot read shard "), "{missing}");
}

#[test]
fn options_that_make_no_sense_together_are_wrong_usage() {
    for args in [
        &["--shard", "1/2"][..],
        &["--shard-out", "x"],
        &["--shard", "0/2", "--shard-out", "x"],
        &["--shard", "1/2", "--shard-out", "x", "--json"],
        &["--shard", "1/2", "--shard-out", "x", "--html", "y"],
    ] {
        let output = infer(&[&["eval", "--model", "m.onnx"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
