//! Image files that were made to do harm.

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;

use flate2::Crc;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat};

use super::*;

/// Why a file is refused.
fn refusal(bytes: &[u8]) -> String {
    decode(Cursor::new(bytes), Path::new("hostile"))
        .unwrap_err()
        .to_string()
}

fn assert_over_the_limit(bytes: &[u8]) {
    let error = refusal(bytes);
    assert!(error.contains("over the limit of 1024 MiB"), "{error}");
}

/// A picture in a format, with 0 for its columns (0) or rows (1) wherever they stand.
fn without_pixels(format: ImageFormat, side: usize) -> Vec<u8> {
    // The same in both byte orders.
    const SIDES: [u16; 2] = [0x0101, 0x0303];
    let image = DynamicImage::new_rgb8(SIDES[0].into(), SIDES[1].into());
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    let mut bytes = file.into_inner();
    for i in 0..bytes.len() - 1 {
        if bytes[i..i + 2] == SIDES[side].to_le_bytes() {
            bytes[i..i + 2].fill(0);
        }
    }
    bytes
}

/// A TIFF file with four channels of 16 bits, in one strip that is not there.
fn deep_tiff(side: u32) -> Vec<u8> {
    let short = |tag: u16, count: u32, value: u32| (tag, 3_u16, count, value);
    let entries = [
        short(256, 1, side),            // columns
        short(257, 1, side),            // rows
        short(258, 4, 8 + 2 + 120 + 4), // bits of each sample, behind the directory
        short(259, 1, 1),               // no compression
        short(262, 1, 2),               // RGB
        (273, 4, 1, 8),                 // where the strip begins
        short(277, 1, 4),               // samples
        short(278, 1, side),            // rows of the strip
        (279, 4, 1, side * side * 8),   // its bytes
        short(338, 1, 2),               // the fourth sample is transparency
    ];
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend([16, 0].repeat(4));
    bytes
}

/// A GIF file with a canvas and one frame of its own size, without its data.
fn gif(canvas: [u16; 2], frame: [u16; 2]) -> Vec<u8> {
    let sides = |sides: [u16; 2]| sides.map(u16::to_le_bytes).concat();
    [
        b"GIF89a",
        &sides(canvas)[..],
        b"\x80\0\0",
        &[0; 6],
        b"\x2c",
        &sides([0, 0]),
        &sides(frame),
        b"\0",
        b"\x02\x01\x2c\0\x3b",
    ]
    .concat()
}

/// A JPEG file whose header has this start of frame, and which has an end.
fn jpeg(start_of_frame: u8, width: u16, height: u16) -> Vec<u8> {
    let [h, w] = [height, width].map(u16::to_be_bytes);
    let component = |id| [id, 0x11, 0];
    [
        &b"\xff\xd8\xff"[..],
        &[start_of_frame, 0, 17, 8],
        &h,
        &w,
        &[3],
        &[1, 2, 3].map(component).concat(),
        b"\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0\0\xff\xd9",
    ]
    .concat()
}

fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    let length = (data.len() as u32).to_be_bytes();
    [&length[..], name, data, &crc.sum().to_be_bytes()].concat()
}

#[test]
fn a_picture_without_pixels_is_refused_in_every_format() {
    for header in [
        "P1 0 1\n",
        "P2 1 0 255\n",
        "P3 0 0 255\n",
        "P4 0 1\n",
        "P5 1 0 255\n",
        "P6 0 1 255\n",
        "P7\nWIDTH 0\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n",
    ] {
        let error = refusal(header.as_bytes());
        assert!(error.contains("hostile: cannot decode"), "{error}");
    }
    assert!(refusal(b"P6 0 1 255\n").ends_with("the picture has no pixels (0x1)"));
    for (canvas, frame) in [([4, 0], [4, 4]), ([0, 4], [4, 4]), ([0, 0], [0, 0])] {
        let error = refusal(&gif(canvas, frame));
        assert!(error.contains("no pixels"), "{error}");
    }
    for format in [
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Tiff,
    ] {
        for side in [0, 1] {
            refusal(&without_pixels(format, side));
        }
    }
    // A lossy WebP file's frame of no columns: a key frame's tag, start code, sides.
    let frame = b"\x10\0\0\x9d\x01\x2a\0\0\x01\0";
    let webp = [&b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0"[..], frame].concat();
    refusal(&webp);
}

#[test]
fn what_would_take_too_much_memory_is_refused_by_its_header() {
    assert_over_the_limit(&gif([16_000, 16_000], [1, 1]));
    assert_over_the_limit(&gif([1, 1], [60_000, 60_000]));
    assert_over_the_limit(b"P6 15000 15000 255\n");
    // Baseline by rows, 3 bytes a pixel; progressive, 6 more for coefficients.
    let error = refusal(&jpeg(0xc0, 12_000, 12_000));
    assert!(!error.contains("limit"), "{error}");
    assert_over_the_limit(&jpeg(0xc2, 12_000, 12_000));
    // 16 bits in four channels are held twice.
    let error = refusal(&deep_tiff(100));
    assert!(!error.contains("limit"), "{error}");
    assert_over_the_limit(&deep_tiff(9000));
}

#[test]
fn a_colour_profile_does_not_unfold_without_bounds() {
    let mut profile = ZlibEncoder::new(b"bomb\0\0".to_vec(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(0).take(64 << 20), &mut profile).unwrap();
    let profile = png_chunk(b"iCCP", &profile.finish().unwrap());
    let header = png_chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0");
    let mut row = ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut &[0, 10, 20, 30][..], &mut row).unwrap();
    let pixels = png_chunk(b"IDAT", &row.finish().unwrap());
    let end = png_chunk(b"IEND", b"");
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &header, &profile, &pixels, &end].concat();
    assert!(png.len() < 100_000);
    // The profile is left out, or the file refused.
    if let Ok((mut decoder, _)) = open(Cursor::new(&png)) {
        assert_eq!(decoder.icc_profile().unwrap(), None);
    }
}

#[test]
fn a_long_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.jpg");
    let file = File::create(&path).unwrap();
    file.set_len(4 << 30).unwrap();
    let error = decode_file(&path).unwrap_err().to_string();
    assert!(
        error.contains("4096 MiB, over the limit of 256 MiB"),
        "{error}"
    );
    #[cfg(unix)]
    {
        let error = decode_file(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(error.contains("no regular file"), "{error}");
    }
}
