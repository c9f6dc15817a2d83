//! Finds constants whose values lie outside of the file.
//!
//! A runtime reads them from a path that the file's author chose. They can stand
//! wherever a tensor can: among a graph's constants, in attributes, in the graphs of
//! `If` and `Loop`, in local functions, in sparse tensors, in training information.
//! So the search walks every message that can hold a tensor, on the bytes, without
//! taking memory for what it finds.

use crate::OnnxError;

/// Most messages within each other, as protobuf's own readers allow.
const MAX_DEPTH: usize = 100;

/// A constant whose values are in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalData {
    /// The constant's name; may be empty.
    pub tensor: String,
    /// The other file, as the model names it; may be empty.
    pub location: String,
}

/// The messages that can hold a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Model,
    TrainingInfo,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Kind {
    /// The message in a field of this one, if it can hold a tensor; numbers as in
    /// `onnx.proto3`.
    fn field(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            // graph; training_info; functions
            (Self::Model, 7) => Self::Graph,
            (Self::Model, 20) => Self::TrainingInfo,
            (Self::Model, 25) => Self::Function,
            // initialization, algorithm
            (Self::TrainingInfo, 1 | 2) => Self::Graph,
            // node; attribute_proto
            (Self::Function, 7) => Self::Node,
            (Self::Function, 11) => Self::Attribute,
            // node; initializer; sparse_initializer
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) => Self::Tensor,
            (Self::Graph, 15) => Self::SparseTensor,
            (Self::Node, 5) => Self::Attribute,
            // t, tensors; g, graphs; sparse_tensor, sparse_tensors
            (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Attribute, 22 | 23) => Self::SparseTensor,
            // values, indices
            (Self::SparseTensor, 1 | 2) => Self::Tensor,
            _ => return None,
        })
    }
}

/// Fields of a tensor: its name, where its values are, and in which file.
const TENSOR_NAME: u64 = 8;
const TENSOR_EXTERNAL_DATA: u64 = 13;
const TENSOR_DATA_LOCATION: u64 = 14;
/// Field of a node: the names of the values it gives.
const NODE_OUTPUT: u64 = 2;

/// The first constant of an ONNX file's bytes whose values are in another file;
/// `None` if the file is whole.
///
/// # Errors
/// [`OnnxError::NotOnnx`] if the bytes are no protobuf messages.
///
/// ```
/// use onnx::{GraphBuilder, external_data};
///
/// let bytes = GraphBuilder::new("empty", 18).build("example", "1.0", &[]).to_bytes();
/// assert_eq!(external_data(&bytes), Ok(None));
/// ```
pub fn external_data(bytes: &[u8]) -> Result<Option<ExternalData>, OnnxError> {
    find(Kind::Model, bytes, 0)
}

fn find(kind: Kind, bytes: &[u8], depth: usize) -> Result<Option<ExternalData>, OnnxError> {
    if depth == MAX_DEPTH {
        let reason = format!("more than {MAX_DEPTH} messages within each other");
        return Err(OnnxError::NotOnnx { reason });
    }
    for field in Fields(bytes) {
        let Field { number, value } = field?;
        let found = match (kind, number, value) {
            (Kind::Tensor, TENSOR_DATA_LOCATION, Value::Number(location)) if location != 0 => {
                Some(described(bytes)?)
            }
            (Kind::Tensor, TENSOR_EXTERNAL_DATA, Value::Bytes(_)) => Some(described(bytes)?),
            (_, _, Value::Bytes(inner)) => match kind.field(number) {
                Some(inner_kind) => find(inner_kind, inner, depth + 1)?,
                None => None,
            },
            _ => None,
        };
        if let Some(mut found) = found {
            // The constant of a node is known by the name of what the node gives.
            if kind == Kind::Node && found.tensor.is_empty() {
                found.tensor = text(bytes, NODE_OUTPUT)?;
            }
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Name and file of a tensor.
fn described(tensor: &[u8]) -> Result<ExternalData, OnnxError> {
    // Entries of keys (1) and values (2): "location", "offset", "length", ...
    let mut location = String::new();
    for field in Fields(tensor) {
        if let Field {
            number: TENSOR_EXTERNAL_DATA,
            value: Value::Bytes(entry),
        } = field?
            && text(entry, 1)? == "location"
        {
            location = text(entry, 2)?;
        }
    }
    Ok(ExternalData {
        tensor: text(tensor, TENSOR_NAME)?,
        location,
    })
}

/// The text in the first field of that number; empty if there is none.
fn text(message: &[u8], number: u64) -> Result<String, OnnxError> {
    for field in Fields(message) {
        match field? {
            Field {
                number: found,
                value: Value::Bytes(bytes),
            } if found == number => {
                return Ok(String::from_utf8_lossy(bytes).into_owned());
            }
            _ => {}
        }
    }
    Ok(String::new())
}

/// A field of a message, as it stands in the file.
struct Field<'a> {
    number: u64,
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes, or the mark of a group, which no message here has.
    Other,
}

/// The fields of a message, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, OnnxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            // Nothing that follows can be read.
            self.0 = &[];
        }
        Some(field.ok_or_else(|| OnnxError::NotOnnx {
            reason: "a field of a message is damaged".into(),
        }))
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<Field<'a>> {
        let key = self.number()?;
        // The three lowest bits are the wire type.
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Other)?,
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            3 | 4 => Value::Other,
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return None,
        };
        let number = key >> 3;
        Some(Field { number, value })
    }

    /// A number of variable length: seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field of a number with the bytes of a message or text.
    fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
        let mut field = varint(number << 3 | 2);
        field.extend(varint(bytes.len() as u64));
        field.extend(bytes);
        field
    }

    fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    /// A tensor with its values in /etc/passwd; its name comes last.
    fn external(name: &str) -> Vec<u8> {
        let entry = [field(1, b"location"), field(2, b"/etc/passwd")].concat();
        let location = [varint(TENSOR_DATA_LOCATION << 3), vec![1]].concat();
        [field(13, &entry), location, field(8, name.as_bytes())].concat()
    }

    fn found(bytes: &[u8]) -> Option<(String, String)> {
        external_data(bytes)
            .unwrap()
            .map(|found| (found.tensor, found.location))
    }

    fn nested(path: &[u64], innermost: &[u8]) -> Vec<u8> {
        path.iter()
            .rev()
            .fold(innermost.to_vec(), |bytes, &number| field(number, &bytes))
    }

    #[test]
    fn every_place_of_a_tensor_is_searched() {
        let expected = Some(("w".to_owned(), "/etc/passwd".to_owned()));
        for path in [
            &[7, 5][..],                   // an initializer
            &[7, 15, 1],                   // a sparse initializer's values
            &[7, 15, 2],                   // its indices
            &[7, 1, 5, 5],                 // the value of a Constant
            &[7, 1, 5, 10],                // a list of tensors
            &[7, 1, 5, 22, 1],             // a sparse Constant
            &[7, 1, 5, 23, 2],             // a list of such
            &[7, 1, 5, 6, 5],              // an initializer of an If's branch
            &[7, 1, 5, 11, 1, 5, 5],       // a Constant in a list of graphs
            &[7, 1, 5, 6, 1, 5, 6, 15, 1], // two branches deep
            &[25, 7, 5, 5],                // a Constant in a local function
            &[25, 11, 5],                  // the default of a function's attribute
            &[20, 1, 5],                   // the initialization of a training
            &[20, 2, 1, 5, 5],             // its algorithm
        ] {
            assert_eq!(found(&nested(path, &external("w"))), expected, "{path:?}");
        }
    }

    #[test]
    fn one_of_the_two_marks_is_enough() {
        let mark = [varint(TENSOR_DATA_LOCATION << 3), vec![1]].concat();
        assert!(found(&nested(&[7, 5], &mark)).is_some());
        let entries = field(13, &field(1, b"offset"));
        assert!(found(&nested(&[7, 5], &entries)).is_some());
        let inside = [varint(TENSOR_DATA_LOCATION << 3), vec![0]].concat();
        assert_eq!(found(&nested(&[7, 5], &inside)), None);
    }

    #[test]
    fn a_constant_without_a_name_has_that_of_the_node_s_output() {
        let attribute = field(5, &field(5, &external("")));
        let node = [attribute, field(2, b"logits")].concat();
        let (tensor, _) = found(&nested(&[7, 1], &node)).unwrap();
        assert_eq!(tensor, "logits");
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        let path: Vec<u64> = [7].into_iter().chain([1, 5, 6].repeat(100)).collect();
        let error = external_data(&nested(&path, b"")).unwrap_err();
        assert!(error.to_string().contains("100 messages"), "{error}");
    }

    proptest! {
        #[test]
        fn garbage_does_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = external_data(&bytes);
            let _ = external_data(&nested(&[7, 5], &bytes));
        }
    }
}
