//! Turning rows of bytes into columns.

/// Rows that are turned together.
pub(super) const LANES: usize = 32;

/// Bytes that a machine word holds.
const WORD: usize = 8;

/// Writes byte `i` of all `lines` to `out[i]`.
///
/// # Panics
/// If a line is shorter than `out`.
pub(super) fn transpose(lines: &[&[u8]; LANES], out: &mut [[u8; LANES]]) {
    let (squares, rest) = out.as_chunks_mut::<WORD>();
    let words = lines.map(|line| &line.as_chunks::<WORD>().0[..squares.len()]);
    // A few rows at a time, so that the processor sees where it is to read ahead.
    for first in (0..LANES).step_by(WORD) {
        for (place, square) in squares.iter_mut().enumerate() {
            let rows = std::array::from_fn(|row| u64::from_le_bytes(words[first + row][place]));
            for (out, column) in square.iter_mut().zip(turned(rows)) {
                out[first..][..WORD].copy_from_slice(&column.to_le_bytes());
            }
        }
    }
    let rest_at = squares.len() * WORD;
    for (place, out) in (rest_at..).zip(rest) {
        *out = lines.map(|line| line[place]);
    }
}

/// Writes byte `lane` of all `columns` to row `lane` of `out`, for as many rows
/// as there are.
pub(super) fn transpose_back(columns: &[[u8; LANES]], out: &mut [u8]) {
    for (lane, row) in out.chunks_exact_mut(columns.len()).enumerate() {
        for (out, column) in row.iter_mut().zip(columns) {
            *out = column[lane];
        }
    }
}

/// Byte `i` of word `j` as byte `j` of word `i` (Warren, Hacker's Delight, 7-3).
#[inline(always)]
fn turned(mut words: [u64; WORD]) -> [u64; WORD] {
    swap::<1>(&mut words, 0x00ff_00ff_00ff_00ff);
    swap::<2>(&mut words, 0x0000_ffff_0000_ffff);
    swap::<4>(&mut words, 0x0000_0000_ffff_ffff);
    words
}

/// Swaps, in squares of twice `DISTANCE` bytes, the upper right with the lower left;
/// `mask` has the bytes that stay in the upper rows.
#[inline(always)]
fn swap<const DISTANCE: usize>(words: &mut [u64; WORD], mask: u64) {
    let shift = 8 * DISTANCE;
    for row in 0..WORD {
        if row & DISTANCE == 0 {
            let changed = ((words[row] >> shift) ^ words[row + DISTANCE]) & mask;
            words[row + DISTANCE] ^= changed;
            words[row] ^= changed << shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns_and_rows_again() {
        for length in [1, 7, 8, 29] {
            let lines: Vec<Vec<u8>> = (0..LANES)
                .map(|lane| (0..length).map(|i| (lane * 31 + i * 7) as u8).collect())
                .collect();
            let mut columns = vec![[0; LANES]; length];
            transpose(&std::array::from_fn(|lane| &lines[lane][..]), &mut columns);
            for (i, column) in columns.iter().enumerate() {
                for (line, byte) in lines.iter().zip(column) {
                    assert_eq!(*byte, line[i]);
                }
            }
            // As many rows as there are.
            let mut back = vec![0; 5 * length];
            transpose_back(&columns, &mut back);
            assert_eq!(back, lines[..5].concat());
        }
    }
}
