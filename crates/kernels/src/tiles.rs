//! How work is cut into pieces.
//!
//! The cut depends on sizes alone, never on the number of threads: every sum
//! is then taken in the same order, and a result is the same bit for bit on
//! one core and on sixty-four.

use std::ops::Range;

use crate::Shape;

/// Floats that a tile's matrices may have together: 384 KiB of a usual 1 MiB L2.
const TILE_FLOATS: usize = 96 * 1024;

/// Fewest rows that a matrix product is worth its packing for.
const FEWEST_ROWS: usize = 64;

/// Most groups of tiles that keep sums of their own. Bounds both the cores
/// that a sum over tiles can use and the memory for its parts.
const GROUPS: usize = 8;

/// Rows of an activation matrix that are worked on together: a part of one
/// image, or several whole images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    rows: Range<usize>,
    positions: usize,
}

impl Tile {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Where the tile's values lie in an activation of `channels`.
    pub fn values(&self, channels: usize) -> Range<usize> {
        self.rows.start * channels..self.rows.end * channels
    }

    /// The first of the tile's positions in `image`.
    pub fn first_position(&self, image: usize) -> usize {
        self.rows.start.saturating_sub(image * self.positions)
    }

    /// The images of the tile, each with its rows counted from the tile's first.
    pub fn images(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let (rows, positions) = (self.rows.clone(), self.positions);
        (rows.start / positions..rows.end.div_ceil(positions)).map(move |image| {
            let start = rows.start.max(image * positions) - rows.start;
            let end = rows.end.min((image + 1) * positions) - rows.start;
            (image, start..end)
        })
    }
}

/// Cuts the rows of an activation into tiles, where a row takes `row_floats`
/// floats in all the matrices that a tile touches.
pub(crate) fn tiles(shape: Shape, row_floats: usize) -> Vec<Tile> {
    let positions = shape.positions();
    let most = (TILE_FLOATS / row_floats.max(1)).max(FEWEST_ROWS);
    let rows = if positions > most {
        // Equal parts of an image.
        positions.div_ceil(positions.div_ceil(most))
    } else {
        positions * (most / positions)
    };
    let span = if positions > most {
        positions
    } else {
        shape.rows()
    };
    let mut tiles = Vec::new();
    for first in (0..shape.rows()).step_by(span) {
        for start in (first..first + span).step_by(rows) {
            tiles.push(Tile {
                rows: start..(start + rows).min(first + span),
                positions,
            });
        }
    }
    tiles
}

/// Consecutive tiles that share one set of sums.
pub(crate) fn groups(tiles: &[Tile]) -> impl Iterator<Item = &[Tile]> {
    tiles.chunks(tiles.len().div_ceil(GROUPS).max(1))
}

/// Cuts `values` into consecutive pieces of the given lengths.
pub(crate) fn split(mut values: &mut [f32], lens: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    lens.map(|len| {
        let (piece, rest) = std::mem::take(&mut values).split_at_mut(len);
        values = rest;
        piece
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(batch: usize, height: usize, width: usize) -> Shape {
        Shape {
            batch,
            height,
            width,
            channels: 1,
        }
    }

    #[test]
    fn tiles_cover_every_row_once_and_in_order() {
        for (shape, row_floats) in [
            (shape(3, 112, 112), 400),
            (shape(32, 3, 3), 1500),
            (shape(1, 1, 1), 10),
            (shape(5, 7, 9), 100_000),
            (shape(2, 50, 50), 1),
        ] {
            let tiles = tiles(shape, row_floats);
            let mut next = 0;
            for tile in &tiles {
                assert_eq!(tile.rows.start, next);
                next = tile.rows.end;
                let images: Vec<_> = tile.images().collect();
                let covered: usize = images.iter().map(|(_, rows)| rows.len()).sum();
                assert_eq!(covered, tile.len());
                let whole = images.len() > 1;
                for (_, rows) in images {
                    assert!(!whole || rows.len() == shape.positions());
                }
            }
            assert_eq!(next, shape.rows());
            let grouped: usize = groups(&tiles).map(<[Tile]>::len).sum();
            assert_eq!(grouped, tiles.len());
            assert!(groups(&tiles).count() <= GROUPS);
        }
    }
}
