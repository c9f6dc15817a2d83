//! Random translation by whole pixels.

/// Moves an HWC picture down by `down` and right by `right` pixels (negative:
/// up, left) and repeats the border into what it uncovers.
pub fn shift(
    pixels: &[u8],
    [height, width]: [usize; 2],
    channels: usize,
    down: isize,
    right: isize,
) -> Vec<u8> {
    let clamp = |position: usize, offset: isize, size: usize| {
        (position as isize - offset).clamp(0, size as isize - 1) as usize
    };
    let mut shifted = Vec::with_capacity(pixels.len());
    for row in 0..height {
        let source_row = clamp(row, down, height);
        for column in 0..width {
            let source = (source_row * width + clamp(column, right, width)) * channels;
            shifted.extend_from_slice(&pixels[source..source + channels]);
        }
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_and_repeats_the_border() {
        let picture = [1, 2, 3, 4, 5, 6]; // 2 rows, 3 columns
        assert_eq!(shift(&picture, [2, 3], 1, 0, 1), [1, 1, 2, 4, 4, 5]);
        assert_eq!(shift(&picture, [2, 3], 1, -1, 0), [4, 5, 6, 4, 5, 6]);
        assert_eq!(shift(&picture, [2, 3], 1, 0, 0), picture);
        assert_eq!(shift(&picture, [2, 3], 1, 9, -9), [3, 3, 3, 3, 3, 3]);
    }
}
