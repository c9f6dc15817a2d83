//! The `data` of a UINT8 tensor in JSON.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// Values of a tensor, row by row, from a flat or a nested array. They go into
/// bytes at once: as JSON values they would take thirty times the memory.
#[derive(Debug, PartialEq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = Vec::new();
        deserializer.deserialize_seq(Rows(&mut bytes))?;
        Ok(Self(bytes))
    }
}

/// Appends a value, or an array of such, to the bytes.
struct Rows<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values from 0 to 255, or arrays of them")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        let byte = u8::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))?;
        self.0.push(byte);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(Rows(self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_and_nested_arrays_give_the_same_bytes() {
        for json in ["[1,2,3,255]", "[[1,2],[3,255]]", "[[[1],[2]],[[3],[255]]]"] {
            let bytes: Bytes = serde_json::from_str(json).unwrap();
            assert_eq!(bytes.0, [1, 2, 3, 255]);
        }
    }

    #[test]
    fn other_values_are_refused() {
        for json in ["[256]", "[-1]", "[1.5]", "[\"1\"]", "[null]", "7"] {
            let error = serde_json::from_str::<Bytes>(json).unwrap_err();
            assert!(error.to_string().contains("0 to 255"), "{json}: {error}");
        }
        let deep = "[".repeat(10_000);
        assert!(serde_json::from_str::<Bytes>(&deep).is_err());
    }
}
