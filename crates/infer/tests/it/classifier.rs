//! `Classifier`: single images, batches, threads, wrong input.

use std::thread;

use image::{DynamicImage, RgbImage};
use infer::{Classification, Classifier, Device, GpuOptions, InferError, Provider};

use crate::{open, tiny};

/// The first `count` test digits, back to back.
fn pixels(count: usize) -> Vec<u8> {
    let test = tiny::digits().test.unwrap();
    (0..count)
        .flat_map(|i| test.pixels(i).unwrap().to_vec())
        .collect()
}

fn assert_close(a: &Classification, b: &Classification) {
    for (a, b) in a
        .logits
        .iter()
        .zip(&b.logits)
        .chain(a.probabilities.iter().zip(&b.probabilities))
    {
        assert!((a - b).abs() < 1e-4, "{a} and {b}");
    }
}

#[test]
fn is_clone_send_and_sync() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<Classifier>();
}

#[test]
fn describes_itself() {
    let classifier = open(Classifier::builder().sessions(2));
    assert_eq!(classifier.sessions(), 2);
    assert_eq!(classifier.provider(), Provider::Cpu);
    assert_eq!(classifier.provider().to_string(), "CPUExecutionProvider");
    assert_eq!(classifier.fallback_reason(), None);
    assert_eq!(classifier.contract().architecture, "nearest_mean");
    assert!(
        classifier.runtime().version.starts_with("1."),
        "{:?}",
        classifier.runtime()
    );
    assert!(classifier.runtime().path.exists());
}

#[test]
fn a_batch_gives_what_single_images_give() {
    let classifier = open(Classifier::builder().sessions(1));
    // Longer than one run takes, and no multiple of it.
    let pixels = pixels(21);
    let batch = classifier.classify_batch(&pixels).unwrap();
    assert_eq!(batch.len(), 21);
    for (image, of_batch) in pixels.chunks(classifier.contract().input_len()).zip(&batch) {
        let single = classifier.classify_pixels(image).unwrap();
        assert_close(&single, of_batch);
        assert_eq!(single.class(), of_batch.class());
        assert!((single.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn logits_are_those_of_the_formula() {
    let digits = tiny::digits();
    let model = tiny::model();
    let graph = model.graph.unwrap();
    let constant = |name: &str| {
        graph
            .initializer
            .iter()
            .find(|c| c.name == name)
            .and_then(|c| c.to_f32())
            .unwrap()
    };
    let (weight, bias) = (constant("weight"), constant("bias"));
    let pixels = pixels(1);
    let answer = open(Classifier::builder().sessions(1))
        .classify_pixels(&pixels)
        .unwrap();
    let classes = digits.classes.len();
    for class in 0..classes {
        let products = pixels
            .iter()
            .enumerate()
            .map(|(i, &p)| f32::from(p) / 255.0 * weight[i * classes + class]);
        let expected = products.sum::<f32>() + bias[class];
        assert!(
            (answer.logits[class] - expected).abs() < 1e-3,
            "class {class}"
        );
    }
}

#[test]
fn an_empty_batch_is_an_empty_answer() {
    assert!(
        open(Classifier::builder().sessions(1))
            .classify_batch(&[])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn threads_share_a_clone() {
    let classifier = open(Classifier::builder().sessions(2));
    let pixels = pixels(1);
    let expected = classifier.classify_pixels(&pixels).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (classifier, pixels) = (classifier.clone(), pixels.clone());
            thread::spawn(move || {
                (0..20)
                    .map(|_| classifier.classify_pixels(&pixels).unwrap())
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    for thread in threads {
        for answer in thread.join().unwrap() {
            assert_eq!(answer, expected);
        }
    }
}

#[test]
fn a_wrong_length_is_an_error_with_both_lengths() {
    let classifier = open(Classifier::builder().sessions(1));
    for result in [
        classifier.classify_pixels(&pixels(2)).map(|one| vec![one]),
        classifier.classify_pixels(&[]).map(|one| vec![one]),
        classifier.classify_batch(&[0; 193]),
    ] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, InferError::PixelLength { expected: 192, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("8x8x3"), "{error}");
    }
}

#[test]
fn an_image_of_the_input_size_is_passed_through() {
    let classifier = open(Classifier::builder().sessions(1));
    let pixels = pixels(1);
    let image = DynamicImage::ImageRgb8(RgbImage::from_raw(8, 8, pixels.clone()).unwrap());
    assert_eq!(
        classifier.classify_image(&image).unwrap(),
        classifier.classify_pixels(&pixels).unwrap()
    );
}

#[test]
fn an_image_of_another_size_is_fitted() {
    let classifier = open(Classifier::builder().sessions(1));
    // A digit enlarged tenfold is fitted back to nearly the same picture.
    let pixels = pixels(1);
    let small = RgbImage::from_raw(8, 8, pixels.clone()).unwrap();
    let large = RgbImage::from_fn(80, 80, |x, y| *small.get_pixel(x / 10, y / 10));
    let answer = classifier
        .classify_image(&DynamicImage::ImageRgb8(large))
        .unwrap();
    assert_eq!(
        answer.class(),
        classifier.classify_pixels(&pixels).unwrap().class()
    );

    let empty = classifier.classify_image(&DynamicImage::new_rgb8(0, 5));
    assert!(matches!(empty, Err(InferError::PixelLength { got: 0, .. })));
}

#[test]
fn auto_says_why_it_does_not_use_cuda_and_the_gpu_providers_fail_hard() {
    let open = |device| {
        Classifier::builder()
            .sessions(1)
            .device(device)
            .from_bytes(tiny::model().to_bytes())
    };
    let auto = open(Device::Auto).unwrap();
    match auto.provider() {
        // It does not take TensorRT by itself: that compiles for minutes.
        Provider::TensorRt => panic!("auto took TensorRT"),
        Provider::Cuda => assert_eq!(auto.fallback_reason(), None),
        Provider::Cpu => {
            let reason = auto.fallback_reason().unwrap().to_owned();
            let error = open(Device::Cuda).unwrap_err();
            assert_eq!(error.to_string(), format!("CUDA cannot be used: {reason}"));
            assert!(error.hint().unwrap().contains("--gpu"));
            if !auto.runtime().cuda_build {
                assert!(
                    reason.contains("libonnxruntime_providers_cuda.so"),
                    "{reason}"
                );
            }
            let error = open(Device::TensorRt).unwrap_err();
            let line = error.to_string();
            assert!(line.starts_with("TensorRT cannot be used: "), "{line}");
            assert!(line.contains("lib") && line.contains(".so"), "{line}");
            assert!(error.hint().unwrap().contains("--gpu"));
        }
    }
}

#[test]
fn the_engine_cache_is_made_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Classifier::builder()
        .device(Device::TensorRt)
        .gpu(GpuOptions {
            engine_cache: Some(file.join("engines")),
            ..GpuOptions::default()
        })
        .from_bytes(tiny::model().to_bytes())
        .unwrap_err();
    assert!(matches!(error, InferError::EngineCache { .. }), "{error}");
    assert!(error.to_string().contains("engines"), "{error}");
}

#[test]
fn a_graph_that_onnx_runtime_refuses_is_an_error_in_one_line() {
    let mut model = tiny::model();
    model.graph.as_mut().unwrap().node[3].op_type = "NoSuchOperator".into();
    let error = Classifier::builder()
        .device(Device::Cpu)
        .from_bytes(model.to_bytes())
        .unwrap_err();
    assert!(
        matches!(
            error,
            InferError::Runtime {
                action: "open the model",
                ..
            }
        ),
        "{error}"
    );
    let line = error.to_string();
    assert!(
        line.contains("NoSuchOperator") && !line.contains('\n'),
        "{line}"
    );
}

#[test]
fn an_array_gives_what_its_bytes_give() {
    let classifier = open(Classifier::builder().sessions(1));
    let pixels = pixels(3);
    let images = ndarray::ArrayView4::from_shape((3, 8, 8, 3), &pixels).unwrap();
    let expected = classifier.classify_batch(&pixels).unwrap();
    for (a, b) in classifier
        .classify_array(images)
        .unwrap()
        .iter()
        .zip(&expected)
    {
        assert_close(a, b);
    }
    // Last to first: not row by row in memory, and still each its own.
    let reversed = images.slice(ndarray::s![..;-1, .., .., ..]);
    let found = classifier.classify_array(reversed).unwrap();
    assert_close(&found[0], &expected[2]);
    let wrong = images.slice(ndarray::s![.., ..7, .., ..]);
    let error = classifier.classify_array(wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "images have shape [3, 7, 8, 3], expected [n, 8, 8, 3]"
    );
}
