//! A list in JSON that may have few elements.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// A list of at most `N` elements. A longer one is refused at the element that is
/// too many, before memory is taken for it: as values a list takes several times
/// the bytes that it has in the request.
#[derive(Debug, PartialEq)]
pub struct AtMost<T, const N: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for AtMost<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Elements<T, N> {
    type Value = AtMost<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {N}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == N {
                return Err(A::Error::invalid_length(N + 1, &self));
            }
            elements.push(element);
        }
        Ok(AtMost(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_list_is_refused() {
        let read = serde_json::from_str::<AtMost<u8, 2>>;
        assert!(read("[]").unwrap().0.is_empty());
        assert_eq!(read("[1, 2]").unwrap().0, [1, 2]);
        // Nothing behind the third element is looked at.
        let error = read("[1, 2, 3, \"").unwrap_err().to_string();
        assert!(
            error.starts_with("invalid length 3, expected a list of at most 2"),
            "{error}"
        );
    }
}
