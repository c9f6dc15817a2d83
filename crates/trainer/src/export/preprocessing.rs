//! The contract's preprocessing as ONNX nodes.

use contract::{
    Contract,
    preprocess::{TIE_BIAS, cubic_matrix},
};
use onnx::{Attribute, GraphBuilder};

/// ONNX's number for float32 in `Cast`.
const FLOAT: i64 = 1;

/// Adds what turns the uint8 input into what the network sees, and returns its
/// name.
///
/// The bicubic upscale is two products with constant matrices: next to the
/// network they cost nothing, where ONNX's `Resize` halves the throughput.
///
/// # Shapes
/// - input: `[batch, height, width, 3]`, uint8
/// - output: `[batch, 3, network height, network width]`, float32
pub(super) fn add_preprocessing(graph: &mut GraphBuilder, contract: &Contract) -> String {
    let input = [contract.input.height, contract.input.width];
    let network = [contract.preprocessing.height, contract.preprocessing.width];
    let mut node = |operator: &str, name: &str, inputs: &[&str], attributes: Vec<Attribute>| {
        let output = format!("preprocess.{name}");
        graph.node(operator, &output, inputs, &[&output], attributes);
        output
    };
    let float = node(
        "Cast",
        "float",
        &[&contract.input.name],
        vec![Attribute::int("to", FLOAT)],
    );
    let mut pixels = node(
        "Transpose",
        "nchw",
        &[&float],
        vec![Attribute::ints("perm", &[0, 3, 1, 2])],
    );
    if input != network {
        pixels = resize(graph, &pixels, input, network);
    }
    normalise(graph, &pixels, contract)
}

/// Columns, then rows, then what OpenCV's uint8 result does to the value:
/// rounding and clamping.
fn resize(
    graph: &mut GraphBuilder,
    pixels: &str,
    [height, width]: [usize; 2],
    [network_height, network_width]: [usize; 2],
) -> String {
    let rows = graph.f32(
        "preprocess.rows",
        &[network_height as i64, height as i64],
        cubic_matrix(height, network_height),
    );
    let matrix = cubic_matrix(width, network_width);
    let transposed = (0..width)
        .flat_map(|source| (0..network_width).map(move |target| target * width + source))
        .map(|index| matrix[index])
        .collect();
    let columns = graph.f32(
        "preprocess.columns",
        &[width as i64, network_width as i64],
        transposed,
    );
    let bias = graph.f32("preprocess.tie_bias", &[], vec![TIE_BIAS]);
    let low = graph.f32("preprocess.low", &[], vec![0.0]);
    let high = graph.f32("preprocess.high", &[], vec![255.0]);
    let mut node = |operator: &str, name: &str, inputs: &[&str]| {
        let output = format!("preprocess.{name}");
        graph.node(operator, &output, inputs, &[&output], Vec::new());
        output
    };
    let wide = node("MatMul", "resize_width", &[pixels, &columns]);
    let resized = node("MatMul", "resize_height", &[&rows, &wide]);
    let biased = node("Add", "bias", &[&resized, &bias]);
    let rounded = node("Round", "round", &[&biased]);
    node("Clip", "clip", &[&rounded, &low, &high])
}

fn normalise(graph: &mut GraphBuilder, pixels: &str, contract: &Contract) -> String {
    let folded: Vec<(f32, f32)> = (0..3)
        .map(|channel| contract.preprocessing.multiplier_and_offset(channel))
        .collect();
    let (multiplier, offset) = folded.into_iter().unzip();
    let multiplier = graph.f32("preprocess.multiplier", &[1, 3, 1, 1], multiplier);
    let offset = graph.f32("preprocess.offset", &[1, 3, 1, 1], offset);
    let scaled = "preprocess.scaled".to_owned();
    graph.node(
        "Mul",
        &scaled,
        &[pixels, &multiplier],
        &[&scaled],
        Vec::new(),
    );
    let normalised = "preprocess.normalised".to_owned();
    graph.node(
        "Add",
        &normalised,
        &[&scaled, &offset],
        &[&normalised],
        Vec::new(),
    );
    normalised
}
