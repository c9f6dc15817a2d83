//! The number of threads changes nothing, bit for bit.

use kernels::{Padding, Shape, Statistics, Window};

use crate::{blocks::Block, reference::values};

fn run(threads: usize, block: &Block) -> Vec<u32> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let input = values(block.shape.len(), 61);
        let kernel = block.kernel();
        let (output, moments, saved) = kernel.forward(&input, block.shape, Statistics::Batch);
        let gradient = values(output.len(), 62);
        let (gradients, of_input) = kernel.backward(&saved, &input, block.shape, &gradient, true);
        let mut all = output;
        all.extend(of_input.unwrap());
        for moments in moments
            .expand
            .into_iter()
            .chain([moments.depthwise, moments.project])
        {
            all.extend(moments.mean);
            all.extend(moments.variance);
        }
        for layer in gradients
            .expand
            .into_iter()
            .chain([gradients.depthwise, gradients.project])
        {
            all.extend(layer.weights);
            all.extend(layer.norm.weight);
            all.extend(layer.norm.bias);
        }
        all.extend(gradients.squeeze_excitation.reduce);
        all.extend(gradients.squeeze_excitation.expand);
        all.into_iter().map(f32::to_bits).collect()
    })
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shape = Shape {
        batch: 9,
        height: 40,
        width: 40,
        channels: 24,
    };
    let window = Window {
        kernel: 5,
        stride: 1,
        padding: Padding::Same,
    };
    let block = Block::new(shape, window, 6, 24);
    let one = run(1, &block);
    for threads in [2, 3, 2] {
        assert_eq!(run(threads, &block), one, "{threads} threads");
    }
}
