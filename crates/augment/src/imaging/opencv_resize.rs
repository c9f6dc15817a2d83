//! OpenCV's bilinear `resize`. (Its bicubic one is `contract`'s.)

use multiversion::multiversion;

use crate::image::{CHANNELS, Image};

/// `cv2.resize(image, size, interpolation=INTER_LINEAR)`: half-pixel centres, no
/// antialiasing, fixed point with 11 bits (`VResizeLinear` of
/// `imgproc/src/resize.cpp`).
pub(crate) fn resize_bilinear(image: &Image, size: [usize; 2]) -> Image {
    let lines = taps(image.height, size[0]);
    let columns = taps(image.width, size[1]);
    let mut out = Image::filled(size, [0; CHANNELS]);
    // Two neighbours never share a slot, being odd and even.
    let mut slots: [(Option<usize>, Vec<i32>); 2] =
        std::array::from_fn(|_| (None, vec![0; size[1] * CHANNELS]));
    for (row, line) in out.rows_mut().zip(&lines) {
        for source in line.neighbours {
            let (held, resized) = &mut slots[source % 2];
            if *held != Some(source) {
                let source_row = &image.colours()[source * image.width..][..image.width];
                resize_row(source_row, &columns, resized);
                *held = Some(source);
            }
        }
        let [above, below] = line.neighbours.map(|source| &slots[source % 2].1[..]);
        blend_rows(above, below, line.weights, row);
    }
    out
}

/// Where a position of the result gets its value from, in 2048ths.
struct Tap {
    neighbours: [usize; 2],
    weights: [i32; 2],
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = 1.0 / (to as f64 / from as f64);
    let last = from as i64 - 1;
    let tap = |position: usize| {
        let centre = ((position as f64 + 0.5) * scale - 0.5) as f32;
        let first = centre.floor();
        let share = centre - first;
        let neighbours = [0, 1].map(|offset| (first as i64 + offset).clamp(0, last) as usize);
        let weights = [1.0 - share, share].map(|share| (share * 2048.0).round_ties_even() as i32);
        Tap {
            neighbours,
            weights,
        }
    };
    (0..to).map(tap).collect()
}

fn resize_row(source: &[[u8; CHANNELS]], columns: &[Tap], out: &mut [i32]) {
    for (out, tap) in out.as_chunks_mut().0.iter_mut().zip(columns) {
        let [left, right] = [source[tap.neighbours[0]], source[tap.neighbours[1]]];
        let [a, b] = tap.weights;
        let mixed: [i32; CHANNELS] =
            std::array::from_fn(|i| i32::from(left[i]) * a + i32::from(right[i]) * b);
        *out = mixed;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn blend_rows(above: &[i32], below: &[i32], [a, b]: [i32; 2], out: &mut [u8]) {
    for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
        // Cut twice on the way, as OpenCV's 16-bit multiplications do.
        let sum = ((a * (above >> 4)) >> 16) + ((b * (below >> 4)) >> 16);
        *out = ((sum + 2) >> 2) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_changes_nothing_and_one_colour_stays() {
        let image = Image::new([3, 4], (0..36).map(|value| value * 7).collect());
        assert_eq!(resize_bilinear(&image, [3, 4]), image);
        let flat = Image::filled([3, 4], [255, 0, 77]);
        assert_eq!(
            resize_bilinear(&flat, [7, 2]),
            Image::filled([7, 2], [255, 0, 77])
        );
    }

    #[test]
    fn twice_the_width_by_hand() {
        let image = Image::new([1, 2], vec![0, 0, 0, 100, 100, 100]);
        let wide = resize_bilinear(&image, [1, 4]);
        let levels: Vec<u8> = wide.colours().iter().map(|colour| colour[0]).collect();
        assert_eq!(levels, [0, 25, 75, 100]);
    }
}
