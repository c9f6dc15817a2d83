//! Files written here, as the hub's library writes them.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

use super::*;

const SCHEMA: &str = "message schema {
    optional group image { optional binary bytes; optional binary path (UTF8); }
    optional int64 label;
}";

const NAMES: &str = r#"{"info": {"features": {"label": {"names": ["tulip", "a/b"]}}}}"#;

/// A file of pictures with these contents and labels.
fn write(folder: &TempDir, name: &str, rows: &[(&[u8], i64)], metadata: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let metadata = KeyValue::new(labels::KEY.to_owned(), metadata.to_owned());
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![metadata]))
        .build();
    let file = File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let of = |text: &[u8]| ByteArray::from(text.to_vec());
    let pictures: Vec<ByteArray> = rows.iter().map(|(bytes, _)| of(bytes)).collect();
    let paths: Vec<ByteArray> = rows.iter().map(|_| of(b"1.jpg")).collect();
    let levels = vec![2; rows.len()];
    for values in [pictures, paths] {
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    let numbers: Vec<i64> = rows.iter().map(|(_, label)| *label).collect();
    let levels = vec![1; rows.len()];
    let typed = column.typed::<Int64Type>();
    typed.write_batch(&numbers, Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    path
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n one";

fn find_in(folder: &TempDir, files: &[PathBuf]) -> Result<Found, DatasetError> {
    find(
        files,
        "flowers",
        Purpose::Trial,
        &folder.path().join("kept"),
    )
}

#[test]
fn pictures_come_out_with_the_names_of_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let rows: [(&[u8], i64); 3] = [(PNG, 1), (b"\xff\xd8\xff two", 0), (b"three", 1)];
    write(&folder, "data/train-00000-of-00001.parquet", &rows, NAMES);
    write(
        &folder,
        "data/test-00000-of-00001.parquet",
        &rows[..1],
        NAMES,
    );
    let files = files_in(folder.path());
    assert_eq!(files.len(), 2);
    let found = find_in(&folder, &files).unwrap();
    assert_eq!(found.name, "flowers");
    assert!(found.notes[0].contains("unpacked"), "{:?}", found.notes);
    let said: Vec<Vec<(String, String)>> = found
        .splits
        .iter()
        .map(|split| {
            let classes = split.classes.iter();
            let class = |class: &crate::found::FoundClass| {
                let files: Vec<String> = class
                    .files
                    .iter()
                    .map(|f| f.display().to_string())
                    .collect();
                (class.name.clone(), files.join(" "))
            };
            classes.map(class).collect()
        })
        .collect();
    let pair = |name: &str, files: &str| (name.to_owned(), files.to_owned());
    assert_eq!(
        said,
        [
            vec![
                pair("a/b", "train-1/0000000000.png train-1/0000000002.jpg"),
                pair("tulip", "train-1/0000000001.jpg")
            ],
            vec![],
            vec![pair("a/b", "test-0/0000000000.png")],
        ]
    );
    assert_eq!(
        fs::read(found.root.join("test-0/0000000000.png")).unwrap(),
        PNG
    );
    // The second time it is there.
    assert!(find_in(&folder, &files).unwrap().notes.is_empty());
}

#[test]
fn numbers_without_names_are_classes_too() {
    let folder = tempfile::tempdir().unwrap();
    let rows: [(&[u8], i64); 2] = [(PNG, 7), (PNG, 3)];
    let file = write(&folder, "x.parquet", &rows, "{}");
    let found = find_in(&folder, &[file]).unwrap();
    let names: Vec<&str> = found.splits[0]
        .classes
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(names, ["3", "7"]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows: [(&[u8], i64); 2] = [(PNG, 0), (PNG, 2)];
    let file = write(&folder, "x.parquet", &rows, NAMES);
    let error = find_in(&folder, std::slice::from_ref(&file)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("row 1: no label, or one without a name"),
        "{error}"
    );
    let whole = fs::read(&file).unwrap();
    for end in [8, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..end]).unwrap();
        let error = find_in(&folder, std::slice::from_ref(&file)).unwrap_err();
        assert!(matches!(error, DatasetError::BadArchive { .. }), "{error}");
    }
    // Nothing is left of what was refused.
    assert_eq!(
        fs::read_dir(folder.path().join("kept/unpacked"))
            .unwrap()
            .count(),
        0
    );
}
