//! Rows of bytes in memory.

/// Rows of bytes that lie in memory at equal distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// From the first row's first byte on.
    pub bytes: &'a [u8],
    /// From one row's first byte to the next one's.
    pub stride: usize,
    /// Bytes of a row.
    pub length: usize,
    /// Number of rows.
    pub count: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `length` bytes that lie back to back.
    pub fn contiguous(bytes: &'a [u8], length: usize) -> Self {
        Self {
            bytes,
            stride: length,
            length,
            count: bytes.len() / length,
        }
    }

    /// The bytes of a row.
    #[inline(always)]
    pub fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.length]
    }
}
