//! CutMix.

use rand::Rng;

use super::mixup::draw_lambda;
use super::pairs;
use crate::Image;
use crate::image::CHANNELS;
use crate::random::up_to;

/// A rectangle of each image comes from another one (Yun et al. 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutMix {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows, may be 0.
    pub height: usize,
    /// Columns, may be 0.
    pub width: usize,
}

impl CutMix {
    /// Draws the rectangle for images of `size` = `[height, width]` as timm's
    /// `rand_bbox` does: its centre anywhere, its sides cut at the border, its
    /// area before that the share `1 - Beta(alpha, alpha)`.
    ///
    /// # Panics
    /// If `alpha` is not above 0 or a side is 0.
    pub fn sample(alpha: f64, size: [usize; 2], rng: &mut impl Rng) -> Self {
        let share = (1.0 - draw_lambda(alpha, rng)).sqrt();
        let [(top, height), (left, width)] = size.map(|side| {
            let cut = (side as f64 * share) as usize;
            let centre = up_to(side - 1, rng);
            let from = centre.saturating_sub(cut / 2);
            (from, (centre + cut.div_ceil(2)).min(side) - from)
        });
        Self {
            top,
            left,
            height,
            width,
        }
    }

    /// Share of an image of `size` that stays its own.
    pub fn lambda(&self, [height, width]: [usize; 2]) -> f64 {
        1.0 - (self.height * self.width) as f64 / (height * width) as f64
    }

    /// Swaps the rectangle between the partners of a batch, all of one size.
    ///
    /// # Panics
    /// If the images differ in size or the rectangle does not fit.
    pub fn apply(&self, images: &mut [Image]) {
        for (one, other) in pairs(images) {
            assert_eq!(one.size(), other.size(), "sizes of mixed images");
            let columns = self.left * CHANNELS..(self.left + self.width) * CHANNELS;
            let rows = one.rows_mut().zip(other.rows_mut());
            for (one, other) in rows.skip(self.top).take(self.height) {
                one[columns.clone()].swap_with_slice(&mut other[columns.clone()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_rng;

    #[test]
    fn the_rectangle_is_swapped_and_the_share_is_what_stays() {
        let cutmix = CutMix {
            top: 0,
            left: 1,
            height: 1,
            width: 2,
        };
        let mut images: Vec<_> = [1, 2, 3]
            .map(|level| Image::filled([2, 3], [level; 3]))
            .into();
        cutmix.apply(&mut images);
        let levels =
            |image: &Image| -> Vec<u8> { image.colours().iter().map(|colour| colour[0]).collect() };
        assert_eq!(levels(&images[0]), [1, 3, 3, 1, 1, 1]);
        assert_eq!(levels(&images[1]), [2; 6]);
        assert_eq!(levels(&images[2]), [3, 1, 1, 3, 3, 3]);
        assert!((cutmix.lambda([2, 3]) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn rectangles_stay_inside_and_their_centres_are_anywhere() {
        let mut rng = image_rng(0, 0, 0, 0);
        let size = [20, 30];
        let draws: Vec<_> = (0..4000)
            .map(|_| CutMix::sample(1.0, size, &mut rng))
            .collect();
        assert!(draws.iter().all(|c| c.top + c.height <= 20));
        assert!(draws.iter().all(|c| c.left + c.width <= 30));
        assert!(draws.iter().any(|c| c.top == 0) && draws.iter().any(|c| c.top > 15));
    }
}
