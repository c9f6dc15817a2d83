//! Tables beside files that are only looked for.

use tempfile::TempDir;

use super::*;

/// A folder with files `a.png`, `b.png` and so on.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    folder
}

fn find_in(folder: &TempDir, name: &str, text: &str) -> Result<Found, DatasetError> {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    find(&path, Purpose::Trial)
}

/// `class: file …` for each class of each split.
fn said(found: &Found) -> Vec<Vec<String>> {
    let class = |class: &crate::found::FoundClass| {
        let files: Vec<String> = class
            .files
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        format!("{}: {}", class.name, files.join(" "))
    };
    let split = |split: &FoundSplit| split.classes.iter().map(class).collect();
    found.splits.iter().map(split).collect()
}

/// A failure's message after the table's path.
fn error(folder: &TempDir, text: &str) -> String {
    let error = find_in(folder, "t.csv", text).unwrap_err();
    assert!(error.hint().is_some(), "{error}");
    let text = error.to_string();
    text.split_once("t.csv: ").unwrap().1.to_owned()
}

const ABC: [&str; 3] = ["a.png", "b.png", "c.png"];

#[test]
fn tables_of_many_programs_are_read() {
    let folder = folder(&ABC);
    for text in [
        "file,label\na.png,cat\nc.png,cat\nb.png,dog\n",
        "\u{feff}image;Class\r\na.png;cat\r\nc.png;cat\r\nb.png;dog\r\n",
        "a.png,cat\nb.png,dog\nc.png,cat",
        "what,which\na.png,cat\nb.png,dog\n./c.png,cat\n",
        "id\tbreed\na\tcat\nb\tdog\nc\tcat\n",
        "label,file_name,height\n cat , a.png , 3\n\"dog\",\"b.png\",3\ncat,c.png,3\n",
    ] {
        let found = find_in(&folder, "t.csv", text).unwrap();
        assert_eq!(
            said(&found),
            [
                vec!["cat: a.png c.png".to_owned(), "dog: b.png".to_owned()],
                vec![],
                vec![]
            ],
            "{text}"
        );
        assert_eq!((found.name.as_str(), found.notes.len()), ("t", 0));
    }
}

#[test]
fn a_column_may_tell_the_split() {
    let folder = folder(&ABC);
    let text = "split,file,label\ntrain,a.png,cat\nVALID,b.png,cat\ntest,c.png,dog\n";
    let found = find_in(&folder, "t.csv", text).unwrap();
    assert_eq!(
        said(&found),
        [["cat: a.png"], ["cat: b.png"], ["dog: c.png"]]
    );
    let path = folder.path().join("t.csv");
    let error = find(&path, Purpose::Training).unwrap_err();
    assert!(error.to_string().contains("1 class folder"), "{error}");
}

#[test]
fn pictures_are_found_where_kaggle_has_them() {
    let folder = folder(&[
        "train/1.jpg",
        "train/2.png",
        "images/3.jpg",
        "elsewhere/4.jpg",
    ]);
    let text = "id,label\n1,cat\n2,dog\n3.jpg,cat\nelsewhere\\4.jpg,dog\n";
    let found = find_in(&folder, "train.csv", text).unwrap();
    assert_eq!(
        said(&found)[0],
        [
            "cat: images/3.jpg train/1.jpg",
            "dog: elsewhere/4.jpg train/2.png"
        ]
    );
}

#[test]
fn every_line_that_is_wrong_is_named() {
    let folder = folder(&ABC);
    assert_eq!(
        error(
            &folder,
            "file,label\na.png,cat\ngone.png,cat\nb.png,\n,dog\na.png,dog\n"
        ),
        "line 3: no such file: gone.png; line 4: b.png has no label; line 5: names no file; and 1 more"
    );
    assert_eq!(
        error(&folder, "file,label\na.png,cat\n\na.png,dog\n"),
        "line 4: a.png is 'dog', on line 2 it is 'cat'"
    );
    assert_eq!(
        error(&folder, "file,label,split\na.png,cat,fold1\n"),
        "line 2: 'fold1' is no split, expected train, val or test"
    );
    assert_eq!(
        error(
            &folder,
            "file,label,split\na.png,cat,train\na.png,cat,test\n"
        ),
        "line 3: a.png is in test, on line 2 in train"
    );
    assert_eq!(
        error(&folder, "file,label\na.png\n"),
        "line 2: 1 field(s), expected at least 2"
    );
    assert_eq!(
        error(&folder, "a.png,cat,1\n"),
        "line 1: 3 column(s) and no line that names them"
    );
    assert!(error(&folder, "file,height,width\n").starts_with("line 1: no column of labels"));
    let latin1 = folder.path().join("t.csv");
    fs::write(&latin1, b"file,label\na.png,\xe4\n").unwrap();
    let error = find(&latin1, Purpose::Trial).unwrap_err();
    assert!(error.to_string().ends_with("line 1: it is not UTF-8 text"));
}

#[test]
fn a_picture_that_is_named_again_is_there_once() {
    let folder = folder(&ABC);
    let text = "file,label\na.png,cat\nb.png,dog\na.png,cat\n";
    let found = find_in(&folder, "t.csv", text).unwrap();
    assert_eq!(said(&found)[0], ["cat: a.png", "dog: b.png"]);
    assert!(found.notes[0].ends_with("1 line names a picture again"));
}

#[test]
fn labels_count_in_the_hash() {
    let folder = folder(&ABC);
    let sha256 = |text: &str| {
        let found = find_in(&folder, "t.csv", text).unwrap();
        found.open(Purpose::Trial, false).unwrap().sha256
    };
    let one = sha256("a.png,cat\nb.png,dog\n");
    assert_eq!(one, sha256("b.png,dog\r\na.png,cat\r\n"));
    assert_ne!(one, sha256("a.png,dog\nb.png,cat\n"));
}
