//! What a GIF file holds, without decoding its frames.

use std::io::{self, BufRead, Read};

/// Codes of the blocks behind the header (GIF89a, appendix A).
mod block {
    pub const EXTENSION: u8 = 0x21;
    pub const IMAGE: u8 = 0x2c;
}

/// A GIF file from the outside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Columns and rows of the first frame, which need not be those of the canvas.
    pub first_frame: Option<[u16; 2]>,
    /// Whether there is a second frame.
    pub animated: bool,
}

impl Outline {
    /// Follows the blocks to the second frame or to the end, whichever comes
    /// first; what is wrong with the file is left to the decoder.
    ///
    /// # Errors
    /// Those of the reader, but for its end.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut outline = Self::default();
        match outline.follow(reader) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(outline),
        }
    }

    fn follow(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        // Signature, canvas, flags of the colour table, background, aspect ratio.
        let header: [u8; 13] = read(reader)?;
        skip(reader, colour_table(header[10]))?;
        loop {
            match read::<1>(reader)? {
                [block::EXTENSION] => {
                    read::<1>(reader)?;
                    skip_sub_blocks(reader)?;
                }
                [block::IMAGE] => {
                    if self.first_frame.is_some() {
                        self.animated = true;
                        return Ok(());
                    }
                    // Left, top, width, height, flags.
                    let [_, _, _, _, w0, w1, h0, h1, flags] = read(reader)?;
                    let size = [[w0, w1], [h0, h1]].map(u16::from_le_bytes);
                    self.first_frame = Some(size);
                    // The colour table, and a byte for the code size.
                    skip(reader, colour_table(flags) + 1)?;
                    skip_sub_blocks(reader)?;
                }
                _ => return Ok(()),
            }
        }
    }
}

/// Bytes of the colour table that flags announce.
fn colour_table(flags: u8) -> u64 {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn skip(reader: &mut impl Read, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut reader.take(length), &mut io::sink())?;
    if skipped == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Skips blocks of up to 255 bytes, each after its length, to the empty one.
fn skip_sub_blocks(reader: &mut impl Read) -> io::Result<()> {
    loop {
        match read(reader)? {
            [0] => return Ok(()),
            [length] => skip(reader, length.into())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Frame, RgbaImage};

    use super::*;

    #[test]
    fn frames_are_found_behind_extensions_and_colour_tables() {
        for frames in 1..4 {
            let mut bytes = Vec::new();
            let mut encoder = GifEncoder::new(&mut bytes);
            encoder
                .set_repeat(image::codecs::gif::Repeat::Infinite)
                .unwrap();
            for _ in 0..frames {
                let frame = Frame::new(RgbaImage::new(300, 5));
                encoder.encode_frame(frame).unwrap();
            }
            drop(encoder);
            let expected = Outline {
                first_frame: Some([300, 5]),
                animated: frames > 1,
            };
            assert_eq!(Outline::read(&mut &bytes[..]).unwrap(), expected);
            // Cut off anywhere, it is read as far as it goes.
            for length in 0..bytes.len() {
                Outline::read(&mut &bytes[..length]).unwrap();
            }
        }
    }
}
