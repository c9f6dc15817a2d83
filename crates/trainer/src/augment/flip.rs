//! Horizontal flip.

/// Mirrors an HWC picture left to right, in place.
pub fn flip_horizontally(pixels: &mut [u8], width: usize, channels: usize) {
    for row in pixels.chunks_exact_mut(width * channels) {
        for left in 0..width / 2 {
            let right = width - 1 - left;
            for channel in 0..channels {
                row.swap(left * channels + channel, right * channels + channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_each_row_and_twice_is_nothing() {
        // 2 rows, 3 columns, 2 channels
        let picture = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let mut flipped = picture;
        flip_horizontally(&mut flipped, 3, 2);
        assert_eq!(flipped, [5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]);
        flip_horizontally(&mut flipped, 3, 2);
        assert_eq!(flipped, picture);
    }
}
