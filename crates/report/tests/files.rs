//! The files that the plots are written to.

use std::fs;
use std::path::Path;

use image::RgbImage;
use metrics::{Calibration, ConfusionMatrix, ImageScores, RangeTest};
use report::{
    Curve, Picture, ReportError, ScaledCalibration, write_confusion_png, write_curves,
    write_grid_png, write_learning_rate, write_range_test, write_reliability_png,
};

fn curve(label: &str, points: &[(f64, f64)]) -> Curve {
    Curve {
        label: label.to_owned(),
        points: points.to_vec(),
    }
}

fn read_png(path: &Path) -> RgbImage {
    image::open(path).expect("a PNG").to_rgb8()
}

/// Pixels that are clearly coloured, as curves and filled cells are, other
/// than text, grid and background.
fn coloured(picture: &RgbImage) -> usize {
    let spread = |p: &[u8; 3]| {
        p.iter().max().max(Some(&0)).copied().unwrap_or(0) - p.iter().min().copied().unwrap_or(0)
    };
    picture.pixels().filter(|p| spread(&p.0) > 60).count()
}

/// Writes `curves` to a folder of its own and gives back PNG and SVG.
fn plot(title: &str, curves: &[Curve]) -> (RgbImage, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("loss.v1");
    write_curves(&path, title, "cross-entropy", curves).expect("written");
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["loss.v1.png", "loss.v1.svg"]);
    let svg = fs::read_to_string(folder.path().join("loss.v1.svg")).expect("text");
    (read_png(&folder.path().join("loss.v1.png")), svg)
}

#[test]
fn curves_are_drawn_and_labelled() {
    let (png, svg) = plot(
        "Loss & <more>",
        &[
            curve("train", &[(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)]),
            curve("val", &[(1.0, 2.5), (2.0, 1.5), (3.0, 1.25)]),
        ],
    );
    assert_eq!(png.dimensions(), (1200, 800));
    assert!(coloured(&png) > 2000, "{}", coloured(&png));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for text in [
        "Loss &amp; &lt;more&gt;",
        "epoch",
        "cross-entropy",
        "train",
        "val",
        "3",
    ] {
        assert!(
            svg.contains(&format!(">\n{text}\n<")),
            "no '{text}' in {svg}"
        );
    }
    // Two in the legend, two in the chart.
    assert_eq!(svg.matches("<polyline").count(), 4);
}

#[test]
fn a_single_epoch_is_a_point() {
    let (nothing, _) = plot("Loss", &[curve("train", &[])]);
    let (png, svg) = plot("Loss", &[curve("train", &[(1.0, 0.7)])]);
    // One in the legend, one in the chart.
    assert_eq!(svg.matches("<circle").count(), 2);
    assert!(coloured(&png) > coloured(&nothing) + 50);
}

#[test]
fn points_that_are_no_numbers_are_left_out() {
    let points = [
        (1.0, 2.0),
        (2.0, f64::NAN),
        (3.0, f64::INFINITY),
        (f64::NAN, 1.0),
        (4.0, f64::NEG_INFINITY),
        (5.0, 1.0),
    ];
    let with = plot("Loss", &[curve("train", &points)]);
    let without = plot("Loss", &[curve("train", &[(1.0, 2.0), (5.0, 1.0)])]);
    assert!(with == without, "the pictures differ");
}

#[test]
fn curves_without_points_say_so() {
    for curves in [
        vec![],
        vec![curve("train", &[]), curve("val", &[(1.0, f64::NAN)])],
    ] {
        let (_, svg) = plot("Loss", &curves);
        assert!(svg.contains("no data"));
    }
}

#[test]
fn odd_curves_are_drawn() {
    let many: Vec<_> = (0..5000)
        .map(|i| (f64::from(i), f64::from(i % 7)))
        .collect();
    let long = "a very long label ".repeat(20);
    let mut curves = vec![
        curve(&long, &many),
        curve("huge", &[(1.0, 1e30), (1.0, 1e30), (2.0, -1e30)]),
        curve("control\u{1}\ncharacters", &[(-3.5, 0.0)]),
    ];
    curves.extend((0..12).map(|i| curve(&format!("curve number {i}"), &[(1.0, 0.0)])));
    let (_, svg) = plot(&long, &curves);
    assert!(svg.contains("control  characters"));
    assert!(svg.contains('…'));
}

/// The SVG that `write` writes beside its PNG.
fn svg_of(write: impl FnOnce(&Path) -> Result<(), ReportError>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("plot")).expect("written");
    assert!(coloured(&read_png(&folder.path().join("plot.png"))) > 0);
    fs::read_to_string(folder.path().join("plot.svg")).expect("text")
}

fn has_text(svg: &str, text: &str) -> bool {
    svg.contains(&format!(">\n{text}\n<"))
}

#[test]
fn a_learning_rate_has_a_logarithmic_axis_by_step() {
    let points = [(1.0, 1e-5), (100.0, 1e-3), (200.0, 1e-4), (201.0, 0.0)];
    let svg = svg_of(|path| write_learning_rate(path, "Learning rate", &points));
    for text in ["step", "1e-5", "1e-4", "1e-3", "200"] {
        assert!(has_text(&svg, text), "no '{text}' in {svg}");
    }
    // One in the legend, and the points but for the rate of 0, which has no place.
    assert_eq!(svg.matches("<circle").count(), 1 + 3);
}

#[test]
fn a_range_test_shows_its_suggestions() {
    let mut test = RangeTest::new(1e-6, 1.0, 60);
    while let Some(rate) = test.next_rate() {
        test.add(3.0 + 0.2 * (rate.log10() + 2.0).powi(2));
    }
    let svg = svg_of(|path| write_range_test(path, "Range test", &test));
    let (valley, steep) = (test.valley().expect("falls"), test.steep().expect("falls"));
    for text in ["learning rate", "loss", "1e-3"] {
        assert!(has_text(&svg, text), "no '{text}' in {svg}");
    }
    assert!(has_text(&svg, &format!("valley: {valley:.2e}")));
    assert!(has_text(&svg, &format!("steep: {steep:.2e}")));
}

#[test]
fn a_range_test_without_steps_says_so() {
    let test = RangeTest::new(1e-6, 1.0, 10);
    let svg = svg_of(|path| write_range_test(path, "Range test", &test));
    assert!(svg.contains("no data") && !svg.contains("valley"));
}

fn names(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class_{class}")).collect()
}

/// Everything right, in a picture of its own.
fn confusion(classes: usize) -> RgbImage {
    let mut matrix = ConfusionMatrix::new(classes);
    for class in 0..classes {
        matrix.add(class, class);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("confusion.png");
    write_confusion_png(&path, "Test", &matrix, &names(classes)).expect("written");
    read_png(&path)
}

#[test]
fn a_confusion_matrix_has_room_for_its_classes() {
    for (classes, cell) in [(2, 120), (10, 72), (20, 48), (100, 22), (300, 13)] {
        let picture = confusion(classes);
        let side = cell * classes as u32;
        assert!(picture.width() > side && picture.height() > side);
        assert!(picture.width() < side + 600 && picture.height() < side + 400);
        // The diagonal is filled; it is what the classes' cells come to.
        let diagonal = cell as usize * cell as usize * classes;
        assert!(coloured(&picture) > diagonal * 8 / 10, "{classes}");
    }
}

#[test]
fn a_confusion_matrix_without_classes_or_images_is_drawn() {
    confusion(0);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("confusion.png");
    let matrix = ConfusionMatrix::new(3);
    write_confusion_png(&path, "", &matrix, &names(3)).expect("written");
    // Nothing but the colour bar.
    assert!(coloured(&read_png(&path)) < 120 * 360);
}

/// The reliability diagram of `images` images, in a picture of its own.
fn reliability(images: usize, scaled: Option<&ScaledCalibration>) -> RgbImage {
    let logits: Vec<f32> = (0..images)
        .flat_map(|i| [i as f32 / images as f32 * 4.0, 0.0])
        .collect();
    let labels: Vec<usize> = (0..images).map(|i| usize::from(i % 5 == 0)).collect();
    let calibration = Calibration::new(&ImageScores::of_images(&logits, &labels, 1.0));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reliability.png");
    write_reliability_png(&path, "Test", &calibration, scaled).expect("written");
    read_png(&path)
}

#[test]
fn a_reliability_diagram_shows_its_bins_and_the_scaled_ones() {
    let nothing = reliability(0, None);
    let bins = reliability(500, None);
    assert_eq!(bins.dimensions(), (900, 960));
    // Eight bins from 0.5 to 1, each about 44 pixels wide and hundreds high.
    assert!(coloured(&bins) > coloured(&nothing) + 8 * 44 * 200);
    let scaled = ScaledCalibration {
        temperature: 2.0,
        calibration: Calibration::new(&ImageScores::of_images(&[3.0, 0.0], &[0], 2.0)),
    };
    assert!(reliability(500, Some(&scaled)) != bins);
}

/// Pictures of one colour and of these sizes, every second one wrong.
fn pictures(sizes: &[(u32, u32)]) -> Vec<Picture> {
    let picture = |(index, &(width, height)): (usize, &(u32, u32))| Picture {
        pixels: RgbImage::from_pixel(width, height, image::Rgb([0, 255, 0])),
        name: String::new(),
        label: "cat".to_owned(),
        predicted: ["cat", "a dog with a very, very long name"][index % 2].to_owned(),
        confidence: 0.5,
    };
    sizes.iter().enumerate().map(picture).collect()
}

#[test]
fn a_grid_holds_every_picture_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grid.png");
    for (count, columns, rows) in [(16, 4, 4), (5, 3, 2), (1, 1, 1)] {
        write_grid_png(&path, "Test", &pictures(&vec![(8, 8); count])).expect("written");
        let grid = read_png(&path);
        assert_eq!(grid.width(), 24 + columns * 224);
        assert_eq!(grid.height(), 74 + rows * 256);
        let green = grid.pixels().filter(|p| p.0 == [0, 255, 0]).count();
        assert_eq!(green, count * 200 * 200);
    }
}

#[test]
fn pictures_of_any_shape_fit_into_the_grid() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grid.png");
    let sizes = [(1, 1), (1, 1000), (640, 480), (0, 0)];
    write_grid_png(&path, "Test", &pictures(&sizes)).expect("written");
    let grid = read_png(&path);
    let green = grid.pixels().filter(|p| p.0 == [0, 255, 0]).count();
    assert_eq!(green, 200 * 200 + 200 + 200 * 150);
    write_grid_png(&path, "Test", &[]).expect("written");
}

#[test]
fn an_unwritable_folder_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let curves = write_curves(&missing.join("loss"), "Loss", "loss", &[]);
    let matrix = write_confusion_png(
        &missing.join("matrix.png"),
        "Test",
        &ConfusionMatrix::new(2),
        &names(2),
    );
    for (result, file) in [(curves, "loss.png"), (matrix, "matrix.png")] {
        let error = result.expect_err("the folder is missing");
        assert!(matches!(error, ReportError::Write { .. }));
        let (line, path) = (error.to_string(), missing.join(file));
        assert!(
            line.starts_with(&format!("cannot write '{}': ", path.display())),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
        let hint = error.hint().expect("a hint");
        assert!(hint.contains(&missing.display().to_string()), "{hint}");
    }
}
