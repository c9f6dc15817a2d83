//! Damaged archives, folders that are no data set, a download that is another file.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;

use end_to_end::{
    assert_failure, cifar_archive, cifar_files, infer, run, text, trained_digits, trainer,
    write_folder,
};
use tiny_http::{Response, Server};

use crate::fit;

/// `trainer fit` on an archive with these bytes.
fn fit_archive(cwd: &Path, bytes: &[u8]) -> Output {
    fs::write(cwd.join("cifar.tar.gz"), bytes).unwrap();
    fit(
        cwd,
        &["--dataset", "cifar100", "--data-path", "cifar.tar.gz"],
    )
}

#[test]
fn a_truncated_archive() {
    let cwd = tempfile::tempdir().unwrap();
    let archive = cifar_archive(&cifar_files(1, 1));
    for length in [0, 10, archive.len() / 2, archive.len() - 4] {
        let output = fit_archive(cwd.path(), &archive[..length]);
        assert_failure(
            &output,
            1,
            &["cifar.tar.gz", "truncated"],
            &["trainer data fetch cifar100"],
        );
    }
    let args = [
        "eval",
        "--model",
        text(&trained_digits().join("model.onnx")),
        "--dataset",
        "cifar100",
        "--data-path",
        "cifar.tar.gz",
        "--data-dir",
        "data",
    ]
    .map(str::to_owned);
    let args = args.each_ref().map(String::as_str);
    let output = run(&mut infer(cwd.path(), &args));
    assert_failure(&output, 1, &["cifar.tar.gz", "truncated"], &["--data-path"]);
    let data = cwd.path().join("data");
    assert_eq!(
        fs::read_dir(data).unwrap().count(),
        0,
        "nothing half-extracted is left"
    );
}

#[test]
fn a_corrupt_archive() {
    let cwd = tempfile::tempdir().unwrap();
    let archive = cifar_archive(&cifar_files(1, 1));
    let middle = archive.len() / 2;
    for flipped in [
        0..2,
        middle..middle + 16,
        archive.len() - 8..archive.len() - 4,
    ] {
        let mut archive = archive.clone();
        archive[flipped].iter_mut().for_each(|byte| *byte ^= 0xa5);
        let output = fit_archive(cwd.path(), &archive);
        assert_failure(
            &output,
            1,
            &["cifar.tar.gz", "corrupt"],
            &["trainer data fetch cifar100"],
        );
    }
    assert!(!cwd.path().join("runs").exists());
}

#[test]
fn a_label_out_of_range() {
    let cwd = tempfile::tempdir().unwrap();
    let mut files = cifar_files(1, 1);
    files[0].1[3074 * 41 + 1] = 100;
    let output = fit_archive(cwd.path(), &cifar_archive(&files));
    let parts = ["train.bin", "record 41", "fine label 100", "0..=99"];
    assert_failure(&output, 1, &parts, &["trainer data fetch cifar100"]);
}

#[test]
fn an_archive_without_one_of_its_files() {
    let cwd = tempfile::tempdir().unwrap();
    let output = fit_archive(cwd.path(), &cifar_archive(&cifar_files(1, 1)[..3]));
    let parts = ["cifar.tar.gz", "coarse_label_names.txt", "missing"];
    assert_failure(&output, 1, &parts, &["binary version"]);
}

#[test]
fn cifar_that_is_not_there() {
    let cwd = tempfile::tempdir().unwrap();
    let output = fit(cwd.path(), &["--dataset", "cifar100"]);
    assert_failure(
        &output,
        1,
        &["CIFAR-100", "data"],
        &["trainer data fetch cifar100"],
    );
    let output = fit(
        cwd.path(),
        &["--dataset", "cifar100", "--data-path", "no.tar.gz"],
    );
    assert_failure(&output, 1, &["no.tar.gz"], &["--data-path"]);
}

#[test]
fn a_download_with_another_checksum() {
    let server = Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cifar.tar.gz", server.server_addr());
    let archive = cifar_archive(&cifar_files(1, 1));
    thread::spawn(move || {
        for request in server.incoming_requests() {
            let _ = request.respond(Response::from_data(archive.clone()));
        }
    });
    let cwd = tempfile::tempdir().unwrap();
    let args = ["data", "fetch", "cifar100", "--url", &url];
    let output = run(&mut trainer(cwd.path(), &args));
    let parts = ["wrong checksum", "03b5dce01913d631647c71ecec9e9cb8"];
    assert_failure(&output, 1, &parts, &["again", "--data-path"]);
    let data = cwd.path().join("data");
    assert!(!data.join("cifar-100-binary").exists());
    assert!(!data.join("cifar-100-binary.tar.gz").exists());
}

#[test]
fn a_download_from_where_nobody_answers() {
    let cwd = tempfile::tempdir().unwrap();
    let url = "http://127.0.0.1:9/cifar.tar.gz";
    let output = run(&mut trainer(
        cwd.path(),
        &["data", "fetch", "cifar100", "--url", url],
    ));
    assert_failure(&output, 1, &[url, "download failed"], &["network"]);
}

#[test]
fn a_class_whose_pictures_are_all_in_a_format_that_is_not_read() {
    let cwd = tempfile::tempdir().unwrap();
    write_folder(&cwd.path().join("photos"), 2);
    fs::create_dir(cwd.path().join("photos/yellow")).unwrap();
    fs::write(cwd.path().join("photos/yellow/1.heic"), b"").unwrap();
    let output = fit(cwd.path(), &["--dataset", "photos"]);
    let parts = ["yellow", "no picture that can be read", "1 .heic"];
    assert_failure(&output, 1, &parts, &["convert them"]);
}

#[test]
fn a_class_with_one_image() {
    let cwd = tempfile::tempdir().unwrap();
    let photos = cwd.path().join("photos");
    write_folder(&photos, 4);
    for i in 1..4 {
        fs::remove_file(photos.join(format!("green/{i}.png"))).unwrap();
    }
    let output = fit(cwd.path(), &["--dataset", "photos"]);
    assert_failure(
        &output,
        1,
        &["green", "1 image(s)"],
        &["add images", "val/"],
    );
}

#[test]
fn a_file_that_is_no_picture() {
    let cwd = tempfile::tempdir().unwrap();
    let photos = cwd.path().join("photos");
    write_folder(&photos, 4);
    for class in ["blue", "green", "red"] {
        for i in 0..4 {
            fs::write(
                photos.join(format!("{class}/{i}.png")),
                format!("not a picture: {class} {i}"),
            )
            .unwrap();
        }
    }
    let output = fit(cwd.path(), &["--dataset", "photos"]);
    assert_failure(
        &output,
        1,
        &["photos", ".png", "decode"],
        &["replace or remove"],
    );
}

#[test]
fn no_such_folder_or_a_folder_without_classes() {
    let cwd = tempfile::tempdir().unwrap();
    let output = fit(cwd.path(), &["--dataset", "nowhere"]);
    assert_failure(&output, 1, &["nowhere"], &["digits", "cifar100"]);
    fs::create_dir(cwd.path().join("empty")).unwrap();
    let output = fit(cwd.path(), &["--dataset", "empty"]);
    assert_failure(
        &output,
        1,
        &["empty", "0 class folder"],
        &["one folder a class"],
    );
}

#[test]
fn a_kernel_that_graphs_do_not_have() {
    let cwd = tempfile::tempdir().unwrap();
    let output = fit(
        cwd.path(),
        &["--dataset", "digits", "--resize", "pillow_bicubic"],
    );
    assert_failure(
        &output,
        1,
        &["resize = pillow_bicubic", "digits, which is stored at 8x8"],
        &["--resize"],
    );
}
