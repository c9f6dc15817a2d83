//! A tiny data set of image files.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};

/// Classes of the data set, sorted, with the colour of their images.
pub const COLOURS: [(&str, [u8; 3]); 3] = [
    ("blue", [20, 30, 220]),
    ("green", [30, 200, 40]),
    ("red", [220, 20, 30]),
];

/// Writes a folder `folder/class` for each class with `images` PNG files in
/// it, some wide and some tall, of the class's colour with a gradient.
///
/// # Panics
/// If a file cannot be written.
pub fn write_folder(folder: &Path, images: u32) {
    for (class, colour) in COLOURS {
        let class = folder.join(class);
        fs::create_dir_all(&class).unwrap();
        for i in 0..images {
            let (width, height) = if i % 2 == 0 { (48, 36) } else { (36, 48) };
            let shade = |x: u32, value: u8| value.saturating_add((x / 2 + i) as u8);
            let picture = RgbImage::from_fn(width, height, |x, _| {
                Rgb(colour.map(|value| shade(x, value)))
            });
            picture.save(class.join(format!("{i}.png"))).unwrap();
        }
    }
}
