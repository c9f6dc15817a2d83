//! Every picture of a data set, decoded once and looked at.

use rayon::prelude::*;

use crate::broken::{BrokenPicture, reason};
use crate::{Dataset, RgbPixels, Split};

/// Shorter side, in pixels, below which a picture has little to show to a network that sees 224.
pub const TINY: usize = 32;

/// Pixels above which a picture takes long to decode, and all but a few are averaged away.
pub const HUGE: usize = 24_000_000;

/// How many times as long as wide a picture is of which a square cuts most away.
pub const ELONGATED: usize = 3;

/// What was seen in the pictures of a data set. Files are relative to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Pictures that were looked at.
    pub pictures: usize,
    /// Those that cannot be decoded.
    pub broken: Vec<BrokenPicture>,
    /// With a side of less than [`TINY`] pixels.
    pub tiny: Vec<String>,
    /// With more than [`HUGE`] pixels.
    pub huge: Vec<String>,
    /// More than [`ELONGATED`] times as long as wide, or as wide as long.
    pub elongated: Vec<String>,
    /// Without colour.
    pub grey: Vec<String>,
}

impl Survey {
    /// Decodes every picture of every split that has a file of its own, on all cores.
    pub fn of(dataset: &Dataset) -> Self {
        let mut survey = Self::default();
        for (_, split) in dataset.splits() {
            if split.stored_size().is_none() {
                survey.look_at(split);
            }
        }
        survey
    }

    fn look_at(&mut self, split: &Split) {
        let seen: Vec<Result<Look, String>> = (0..split.len())
            .into_par_iter()
            .map(|i| {
                let image = split.image(i).map_err(|error| reason(&error))?;
                Ok(Look::at(&image))
            })
            .collect();
        self.pictures += seen.len();
        for (i, look) in seen.into_iter().enumerate() {
            let file = split.describe(i);
            let look = match look {
                Ok(look) => look,
                Err(reason) => {
                    self.broken.push(BrokenPicture { file, reason });
                    continue;
                }
            };
            for (holds, files) in [
                (look.tiny, &mut self.tiny),
                (look.huge, &mut self.huge),
                (look.elongated, &mut self.elongated),
                (look.grey, &mut self.grey),
            ] {
                if holds {
                    files.push(file.clone());
                }
            }
        }
    }
}

/// What is unusual about a picture.
struct Look {
    tiny: bool,
    huge: bool,
    elongated: bool,
    grey: bool,
}

impl Look {
    fn at(image: &RgbPixels) -> Self {
        let (shorter, longer) = (image.height.min(image.width), image.height.max(image.width));
        let pixels = image.pixels.as_chunks::<3>().0;
        Self {
            tiny: shorter < TINY,
            huge: image.height * image.width > HUGE,
            elongated: longer > ELONGATED * shorter,
            grey: pixels.iter().all(|[r, g, b]| r == g && g == b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_seen() {
        let look = |height: usize, width: usize, pixel: [u8; 3]| {
            let pixels = pixel.repeat(height * width);
            let look = Look::at(&RgbPixels {
                height,
                width,
                pixels,
            });
            [look.tiny, look.huge, look.elongated, look.grey]
        };
        assert_eq!(look(32, 96, [1, 2, 3]), [false, false, false, false]);
        assert_eq!(look(31, 90, [1, 2, 3]), [true, false, false, false]);
        assert_eq!(look(32, 97, [1, 1, 1]), [false, false, true, true]);
        assert_eq!(look(6001, 4000, [1, 2, 1]), [false, true, false, false]);
    }
}
