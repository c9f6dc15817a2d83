//! Folders built here, of tiny images.

use std::fs;

use image::{Rgb, RgbImage};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{Copies, Dataset, Split, hash};

struct Tree(TempDir);

impl Tree {
    /// Image files (any other file holds a line of text).
    fn new(files: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for file in files {
            tree.add(file);
        }
        tree
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("flowers")
    }

    fn add(&self, file: &str) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if file.ends_with(".png") {
            let colour = file
                .bytes()
                .fold(0_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
            let image = RgbImage::from_pixel(3, 2, Rgb([colour, 1, 2]));
            image.save(path).unwrap();
        } else {
            fs::write(path, "text\n").unwrap();
        }
    }

    fn open(&self) -> Result<Dataset, DatasetError> {
        self.open_skipping(false)
    }

    fn open_skipping(&self, broken: bool) -> Result<Dataset, DatasetError> {
        find(&self.root(), Purpose::Training)?.open(Purpose::Training, broken)
    }

    /// A failure's message, paths relative to the root.
    fn error(&self) -> String {
        let error = self.open().unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        error
            .to_string()
            .replace(&self.root().display().to_string(), "ROOT")
    }
}

fn described(split: &Split) -> Vec<(String, usize)> {
    (0..split.len())
        .map(|i| (split.describe(i), split.label(i)))
        .collect()
}

fn pairs(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|&(s, l)| (s.to_owned(), l)).collect()
}

#[test]
fn one_tree_becomes_the_training_split() {
    let tree = Tree::new(&[
        "tulip/b.png",
        "tulip/a.png",
        "rose/deep/er/1.png",
        "rose/2.png",
        "rose/notes.txt",
        "rose/.hidden.png",
        ".cache/x.png",
        "README.md",
    ]);
    let dataset = tree.open().unwrap();
    assert_eq!(dataset.name, "flowers");
    assert_eq!(dataset.classes, ["rose", "tulip"]);
    assert!(dataset.val.is_none() && dataset.test.is_none());
    assert!(dataset.train.stored_size().is_none() && dataset.notes.is_empty());
    assert_eq!(
        described(&dataset.train),
        pairs(&[
            ("rose/2.png", 0),
            ("rose/deep/er/1.png", 0),
            ("tulip/a.png", 1),
            ("tulip/b.png", 1),
        ])
    );
    let image = dataset.train.image(0).unwrap();
    assert_eq!((image.height, image.width), (2, 3));
    assert_eq!(image.pixels[1..3], [1, 2]);

    let held = dataset.hold_out_test(0.5, 1).unwrap();
    assert_eq!((held.train.len(), held.test.unwrap().len()), (2, 2));
}

#[test]
fn splits_under_each_of_their_names() {
    for val in [
        "val",
        "valid",
        "validation",
        "Validation",
        "dev",
        "seg_eval",
    ] {
        let tree = Tree::new(&[
            "train/a/1.png",
            "train/b/2.png",
            "test/a/3.png",
            "test/b/4.png",
            "labels/a/5.png",
        ]);
        tree.add(&format!("{val}/a/6.png"));
        tree.add(&format!("{val}/b/7.png"));
        let dataset = tree.open().unwrap();
        assert_eq!(
            described(&dataset.train),
            pairs(&[("train/a/1.png", 0), ("train/b/2.png", 1)])
        );
        assert_eq!(dataset.val.unwrap().describe(1), format!("{val}/b/7.png"));
        assert_eq!(dataset.test.unwrap().labels(), [0, 1]);
        assert!(dataset.notes[0].contains("'labels'"), "{:?}", dataset.notes);
    }
}

#[test]
fn a_class_may_be_called_train() {
    let tree = Tree::new(&["bus/1.png", "train/2.png", "test/3.png"]);
    assert_eq!(tree.open().unwrap().classes, ["bus", "test", "train"]);
}

#[test]
fn extensions_in_any_case() {
    let tree = Tree::new(&["a/1.png", "b/1.png"]);
    fs::rename(tree.root().join("a/1.png"), tree.root().join("a/1.PNG")).unwrap();
    assert_eq!(tree.open().unwrap().train.describe(0), "a/1.PNG");
}

#[test]
fn the_hash_is_as_documented_and_sees_every_change() {
    let tree = Tree::new(&["b/2.png", "a/1.png"]);
    let mut expected = Sha256::new();
    for file in ["a/1.png", "b/2.png"] {
        expected.update(file);
        expected.update([0]);
        expected.update(Sha256::digest(fs::read(tree.root().join(file)).unwrap()));
    }
    let first = tree.open().unwrap().sha256;
    assert_eq!(first, hash::hex(&expected.finalize()));

    tree.add("a/ignored.txt");
    assert_eq!(tree.open().unwrap().sha256, first);
    fs::rename(tree.root().join("a/1.png"), tree.root().join("a/3.png")).unwrap();
    let renamed = tree.open().unwrap().sha256;
    assert_ne!(renamed, first);
    fs::copy(tree.root().join("b/2.png"), tree.root().join("a/3.png")).unwrap();
    assert_ne!(tree.open().unwrap().sha256, renamed);
}

#[test]
fn a_broken_image_is_named_when_it_is_read() {
    let tree = Tree::new(&["a/1.png", "b/1.png"]);
    fs::write(tree.root().join("a/1.png"), "no image").unwrap();
    let dataset = tree.open().unwrap();
    let text = dataset.train.image(0).unwrap_err().to_string();
    assert!(text.contains("1.png: cannot decode the image"), "{text}");
    dataset.train.image(1).unwrap();
}

#[test]
fn a_split_may_lack_a_class_and_has_none_of_its_own() {
    let tree = Tree::new(&["train/a/1.png", "train/b/2.png", "test/b/3.png"]);
    let dataset = tree.open().unwrap();
    assert_eq!(dataset.test.unwrap().labels(), [1]);
    assert!(
        dataset.notes[0].ends_with("test: no image of 'a': figures of the test split are without"),
        "{:?}",
        dataset.notes
    );
    tree.add("test/c/4.png");
    assert_eq!(
        tree.error(),
        "ROOT/test: class 'c' is not a class of the training split"
    );
}

/// Notes, paths relative to the root.
fn notes(tree: &Tree) -> Vec<String> {
    let root = tree.root().display().to_string();
    let notes = tree.open().unwrap().notes;
    notes
        .iter()
        .map(|note| note.replace(&root, "ROOT"))
        .collect()
}

#[test]
fn what_is_left_out_is_said() {
    let tree = Tree::new(&[
        "a/1.png",
        "b/2.png",
        "a/IMG_1.HEIC",
        "b/IMG_2.avif",
        "beside.png",
        "notes/readme.md",
        "__MACOSX/a/._1.png",
        "runs/r/recipe.toml",
    ]);
    assert_eq!(
        notes(&tree),
        [
            "ROOT: folders '__MACOSX' and 'runs' are left out",
            "ROOT: folder 'notes' is without a picture, and no class",
            "ROOT: 1 picture lies in no class folder and is left out",
            "ROOT: left out, in formats that are not read: 1 .avif, 1 .heic (such as b/IMG_2.avif); \
             convert them to JPEG or PNG",
        ]
    );
    let tree = Tree::new(&["train/a/1.png", "train/b/2.png", "val/a/notes.txt"]);
    assert_eq!(
        notes(&tree),
        [
            "ROOT/val: folder 'a' is without a picture, and no class",
            "ROOT/val: has no picture in a class folder: no val split",
        ]
    );
}

#[test]
fn a_class_whose_pictures_cannot_be_read_is_no_class_without_pictures() {
    let tree = Tree::new(&["a/1.png", "b/2.png", "c/IMG_1.HEIC", "c/IMG_2.heic"]);
    assert_eq!(
        tree.error(),
        "class 'c' has no picture that can be read in ROOT/c: 2 .heic (such as c/IMG_1.HEIC)"
    );
}

#[test]
fn contents_tell_where_names_do_not() {
    let tree = Tree::new(&["a/1.png", "b/1.png"]);
    for class in ["a", "b"] {
        let picture = tree.root().join(class).join("1.png");
        fs::copy(&picture, picture.with_extension("")).unwrap();
        fs::copy(&picture, picture.with_extension("jfif")).unwrap();
    }
    let train = tree.open().unwrap().train;
    assert_eq!(train.len(), 6);
    assert_eq!(train.describe(0), "a/1");
    assert!((0..6).all(|i| train.image(i).is_ok()));
}

#[test]
fn numbers_are_sorted_as_numbers() {
    let tree = Tree::new(&["10/1.png", "2/1.png", "1/1.png"]);
    assert_eq!(tree.open().unwrap().classes, ["1", "2", "10"]);
}

#[test]
fn names_of_splits_are_seen_in_any_form() {
    let tree = Tree::new(&[
        "seg_train/seg_train/a/1.png",
        "seg_train/seg_train/b/2.png",
        "seg_test/seg_test/a/3.png",
        "seg_test/seg_test/b/4.png",
    ]);
    let dataset = tree.open().unwrap();
    assert_eq!(dataset.classes, ["a", "b"]);
    assert_eq!(
        dataset.test.unwrap().describe(1),
        "seg_test/seg_test/b/4.png"
    );
    let tree = Tree::new(&["Train/1.png", "Test/2.png"]);
    assert_eq!(
        tree.error(),
        "ROOT: its class folders would be 'Test' and 'Train', which are names of splits"
    );
}

#[test]
fn what_a_model_is_tried_on_may_lack_splits_and_classes() {
    let open = |tree: &Tree| find(&tree.root(), Purpose::Trial)?.open(Purpose::Trial, false);
    let tree = Tree::new(&["test/a/1.png", "test/b/1.png"]);
    let dataset = open(&tree).unwrap();
    assert!(dataset.train.is_empty());
    assert_eq!(dataset.test.unwrap().len(), 2);
    let tree = Tree::new(&["train/a/1.png", "train/b/1.png", "test/c/1.png"]);
    let dataset = open(&tree).unwrap();
    assert_eq!(dataset.classes, ["a", "b", "c"]);
    assert_eq!(dataset.train.labels(), [0, 1]);
    assert_eq!(dataset.test.unwrap().labels(), [2]);
    let tree = Tree::new(&["a/1.png"]);
    assert_eq!(open(&tree).unwrap().classes, ["a"]);
    assert!(open(&Tree::new(&["notes.txt"])).is_err());
}

#[test]
fn folders_that_are_no_data_set() {
    let tree = Tree::new(&[]);
    assert_eq!(tree.error(), "ROOT: no such file or folder");
    tree.add("1.png");
    assert_eq!(
        tree.error(),
        "ROOT: 0 class folder(s), at least 2 are needed"
    );
    tree.add("a/1.png");
    assert_eq!(
        tree.error(),
        "ROOT: 1 class folder(s), at least 2 are needed"
    );

    let tree = Tree::new(&["photos/a/1.png", "photos/b/1.png"]);
    let hint = tree.open().unwrap_err().hint().unwrap();
    assert!(hint.ends_with("flowers/photos?"), "{hint}");
    let tree = Tree::new(&["images/1.png", "labels.csv"]);
    let hint = tree.open().unwrap_err().hint().unwrap();
    assert!(hint.ends_with("flowers/labels.csv?"), "{hint}");

    let tree = Tree::new(&["test/a/1.png", "test/b/1.png"]);
    assert_eq!(
        tree.error(),
        "ROOT: has 'test' but no 'train' folder with class folders"
    );
    let tree = Tree::new(&[
        "train/a/1.png",
        "train/b/1.png",
        "val/a/1.png",
        "Valid/a/1.png",
    ]);
    assert_eq!(
        tree.error(),
        "ROOT: both 'Valid' and 'val' are there for the same split"
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&["a/1.png", "elsewhere/2.png"]);
    fs::rename(
        tree.root().join("elsewhere"),
        tree.0.path().join("elsewhere"),
    )
    .unwrap();
    symlink(tree.0.path().join("elsewhere"), tree.root().join("b")).unwrap();
    assert_eq!(tree.open().unwrap().train.describe(1), "b/2.png");
    symlink(tree.root().join("a"), tree.root().join("a/loop")).unwrap();
    let text = tree.open().unwrap_err().to_string();
    assert!(text.contains("nested too deep"), "{text}");
}

#[test]
fn a_picture_that_is_replaced_is_not_taken_for_the_one_that_was_hashed() {
    let tree = Tree::new(&["a/1.png", "a/2.png", "b/1.png"]);
    let dataset = tree.open().unwrap();
    let (changed, other) = (tree.root().join("a/1.png"), tree.root().join("b/1.png"));
    dataset.train.image(0).unwrap();
    let before = fs::read(&changed).unwrap();
    fs::copy(&other, &changed).unwrap();
    let error = dataset.train.image(0).unwrap_err();
    assert!(matches!(&error, DatasetError::Changed { path } if *path == changed));
    assert!(error.hint().unwrap().contains("put the old file back"));
    dataset.train.subset(&[1, 2]).image(0).unwrap();
    // With the old contents back it is the same data set.
    fs::write(&changed, before).unwrap();
    dataset.train.image(0).unwrap();
}

#[test]
fn copies_are_named_and_kept_on_one_side() {
    let tree = Tree::new(&[
        "train/a/1.png",
        "train/a/2.png",
        "train/b/1.png",
        "test/a/3.png",
        "test/b/4.png",
    ]);
    let copy = |from: &str, to: &str| {
        fs::copy(tree.root().join(from), tree.root().join(to)).unwrap();
    };
    assert!(notes(&tree).is_empty());
    assert_eq!(tree.open().unwrap().copies, Copies::None);
    copy("train/a/1.png", "test/a/x.png");
    copy("train/b/1.png", "train/a/y.png");
    assert_eq!(
        notes(&tree),
        [
            "ROOT: 1 picture is a copy of one of another split (test/a/x.png = train/a/1.png): \
             figures on them tell what was learnt by heart",
            "ROOT: 1 picture is in two classes (train/b/1.png = train/a/y.png): one of the labels \
             is wrong",
        ]
    );
    let dataset = tree.open().unwrap();
    assert_eq!(dataset.copies, Copies::Together);
}

#[test]
fn broken_pictures_are_named_all_at_once_or_left_out() {
    let tree = Tree::new(&["train/a/1.png", "train/a/2.png", "train/b/1.png"]);
    for file in ["test/a/1.png", "test/b/1.png", "test/b/2.png"] {
        tree.add(file);
    }
    let good = tree.open().unwrap();
    crate::check_pictures(&good).unwrap();
    fs::write(tree.root().join("train/a/x.jpg"), "").unwrap();
    fs::write(tree.root().join("test/b/y.jpg"), "<html>404").unwrap();
    let error = crate::check_pictures(&tree.open().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 of the 8 pictures of flowers cannot be decoded: train/a/x.jpg (the file is empty), \
         test/b/y.jpg (it is a web page, perhaps of a download that failed)"
    );
    assert!(error.hint().unwrap().contains("--skip-broken"));
    let skipped = tree.open_skipping(true).unwrap();
    assert_eq!(skipped.sha256, good.sha256);
    assert!(
        skipped.notes[0].ends_with("left out: 'train/a/x.jpg' and 'test/b/y.jpg'"),
        "{:?}",
        skipped.notes
    );
    fs::write(tree.root().join("train/b/1.png"), "").unwrap();
    let error = tree.open_skipping(true).unwrap_err();
    assert!(
        error.to_string().contains("class 'b' has no image"),
        "{error}"
    );
}
