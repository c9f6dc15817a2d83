//! The first picture that a process draws is like every other: in a file, and
//! so a process, of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use metrics::ConfusionMatrix;

#[test]
fn the_first_confusion_matrix_is_like_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut matrix = ConfusionMatrix::new(30);
    let names: Vec<String> = (0..30).map(|i| format!("a_long_class_name_{i}")).collect();
    (0..30).for_each(|class| matrix.add(class, class / 2));
    let pictures = ["first.png", "second.png"].map(|name| {
        let path = folder.path().join(name);
        report::write_confusion_png(&path, "title", &matrix, &names).unwrap();
        std::fs::read(path).unwrap()
    });
    assert!(pictures[0] == pictures[1]);
}
