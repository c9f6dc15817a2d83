//! The real data set, where a checkout has it.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;
use crate::stratified_split;

/// `CIFAR100_PATH`, or the archive that the project's machines keep beside the
/// repository.
fn real() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(super::super::ARCHIVE);
    env::var_os("CIFAR100_PATH")
        .map(PathBuf::from)
        .or_else(|| beside.is_file().then_some(beside))
}

#[test]
fn opens_and_splits_cifar_100() {
    let Some(path) = real() else {
        eprintln!("skipped: no CIFAR-100 in CIFAR100_PATH or ../shared/data");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    for round in ["first", "second"] {
        let start = Instant::now();
        let cifar = open_in(data.path(), Some(&path)).unwrap();
        eprintln!("{round} opening: {:.2?}", start.elapsed());
        eprintln!("{} {}", cifar.sha256, cifar.notes.join(" "));
    }
    let cifar = open_in(data.path(), Some(&path)).unwrap();
    let test = cifar.test.unwrap();
    assert_eq!((cifar.train.len(), test.len()), (50_000, 10_000));
    assert_eq!(per_class(&test.labels()), [100; 100]);
    assert_eq!((&*cifar.classes[0], &*cifar.classes[99]), ("apple", "worm"));
    let groups = cifar.superclasses.unwrap();
    assert_eq!(groups.names[groups.of_class[0]], "fruit_and_vegetables");
    assert_eq!(
        groups.names[groups.of_class[99]],
        "non-insect_invertebrates"
    );
    for group in 0..20 {
        assert_eq!(groups.of_class.iter().filter(|&&g| g == group).count(), 5);
    }

    let labels = cifar.train.labels();
    let split = stratified_split(&labels, &cifar.classes, 0.2, 42).unwrap();
    assert_eq!((split.train.len(), split.val.len()), (40_000, 10_000));
    let of = |indices: &[usize]| per_class(&cifar.train.subset(indices).labels());
    assert_eq!(of(&split.train), [400; 100]);
    assert_eq!(of(&split.val), [100; 100]);
}

fn per_class(labels: &[usize]) -> [usize; 100] {
    let mut counts = [0; 100];
    for &label in labels {
        counts[label] += 1;
    }
    counts
}
