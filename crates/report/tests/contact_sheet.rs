//! The contact sheet's file.

use std::path::Path;

use image::{Rgb, RgbImage};
use report::{ReportError, Tile, write_contact_sheet_png};

fn tile(colour: [u8; 3], caption: &str) -> Tile {
    Tile {
        image: RgbImage::from_pixel(32, 32, Rgb(colour)),
        caption: caption.to_owned(),
    }
}

fn sheet(tiles: &[Tile], columns: usize) -> RgbImage {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sheet.png");
    write_contact_sheet_png(&path, "Augmentation", tiles, columns).expect("written");
    image::open(&path).expect("a PNG").to_rgb8()
}

#[test]
fn tiles_are_placed_row_by_row() {
    let colours = [[200, 0, 0], [0, 200, 0], [0, 0, 200]];
    let tiles = colours.map(|colour| tile(colour, "a caption"));
    let picture = sheet(&tiles, 2);
    for colour in colours {
        let count = picture.pixels().filter(|pixel| pixel.0 == colour).count();
        assert_eq!(count, 160 * 160);
    }
    let first = |colour: [u8; 3]| {
        let mut pixels = picture.enumerate_pixels();
        let (x, y, _) = pixels
            .find(|(_, _, pixel)| pixel.0 == colour)
            .expect("there");
        (x, y)
    };
    let corners = colours.map(first);
    assert!(corners[1].0 > corners[0].0 && corners[1].1 == corners[0].1);
    assert!(corners[2].0 == corners[0].0 && corners[2].1 > corners[0].1);
}

#[test]
fn captions_are_drawn_and_take_room() {
    let dark = |picture: &RgbImage| {
        let dark = |pixel: &&Rgb<u8>| pixel.0.iter().all(|&level| level < 100);
        picture.pixels().filter(dark).count()
    };
    let with = sheet(&[tile([255; 3], "original")], 1);
    let without = sheet(&[tile([255; 3], "")], 1);
    assert!(dark(&with) > dark(&without) + 30);
    assert!(with.height() > without.height());
    // A caption of any length, and none of the picture's width changes.
    let long = sheet(&[tile([255; 3], &"long caption ".repeat(50))], 1);
    assert_eq!(long.dimensions(), with.dimensions());
}

#[test]
fn a_sheet_without_tiles_has_its_title() {
    let picture = sheet(&[], 3);
    assert!(picture.pixels().any(|pixel| pixel.0[0] < 100));
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let path = Path::new("no/such/folder/sheet.png");
    let error = write_contact_sheet_png(path, "t", &[], 1).expect_err("no folder");
    assert!(matches!(error, ReportError::Write { .. }), "{error}");
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}
