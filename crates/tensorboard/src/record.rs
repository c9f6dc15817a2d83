//! TFRecord framing: length and content, each with a checksum.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C (Castagnoli), under its other name.
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// `content` as a record: its length (`u64`), the length's checksum, the
/// content, the content's checksum (`u32` each), little-endian.
pub(crate) fn frame(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(content.len() + 16);
    record.extend(length);
    record.extend(masked_crc32c(&length).to_le_bytes());
    record.extend(content);
    record.extend(masked_crc32c(content).to_le_bytes());
    record
}

/// TensorFlow's masked checksum: a file that holds checksums may be checksummed
/// itself, and the CRC of a CRC is no good one.
fn masked_crc32c(bytes: &[u8]) -> u32 {
    CRC32C
        .checksum(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4.
    #[test]
    fn the_checksum_is_castagnoli_s() {
        assert_eq!(CRC32C.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC32C.checksum(&[0xff; 32]), 0x62a8_ab43);
    }
}
