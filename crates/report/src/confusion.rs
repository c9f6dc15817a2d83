//! The confusion matrix as a picture.

use std::path::Path;

use metrics::ConfusionMatrix;
use plotters::prelude::{DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, Drawn, Point};
use crate::colour;
use crate::error::ReportError;
use crate::output;
use crate::text::{self, INK};

/// Largest number of classes whose counts are written into the cells.
const COUNTED: usize = 20;
/// Space at the edges and between the parts.
const MARGIN: u32 = 24;
/// Sizes of text in a small picture.
const TITLE: f64 = 28.0;
const AXIS_TITLE: f64 = 22.0;
const BAR_TITLE_SIZE: f64 = 18.0;
/// Names longer than this many pixels are cut with an ellipsis.
const LONGEST_NAME: u32 = 240;
/// The same for the title, without the accuracy.
const LONGEST_TITLE: u32 = 800;
const BAR_WIDTH: u32 = 22;
/// Colour bar with its numbers and its title.
const BAR: u32 = BAR_WIDTH + 110;
const BAR_TITLE: &str = "share of the true label's images";
const LINE: RGBColor = RGBColor(0xd8, 0xdc, 0xe2);
/// Rows without images, which have no shares.
const NO_IMAGES: RGBColor = RGBColor(0xee, 0xee, 0xee);

/// Draws `matrix` to the PNG file `path`: a row for each true label and a
/// column for each prediction, in the order of `names`. The colour is the
/// share of the row's images, from white (0) to dark blue (1); rows without
/// images are grey. Up to 20 classes have their counts in the cells. The title
/// line is `title` and the accuracy. The picture grows with the classes (about
/// 2 600 pixels a side for 100), up to 222 of which all are named; of more,
/// every second, third … name is written.
///
/// # Errors
/// [`ReportError`] if the file cannot be drawn or written; the folder must
/// exist.
///
/// # Panics
/// If there is not one name for each class.
pub fn write_confusion_png(
    path: &Path,
    title: &str,
    matrix: &ConfusionMatrix,
    names: &[String],
) -> Result<(), ReportError> {
    assert_eq!(
        names.len(),
        matrix.classes(),
        "{} class names for {} classes",
        names.len(),
        matrix.classes()
    );
    let plot = Plot::new(title, matrix, names);
    let bytes = output::png(path, plot.size, plot.scale(), |canvas| plot.draw(canvas))?;
    output::write(path, &bytes)
}

/// The layout, in pixels of the finished picture.
struct Plot<'a> {
    title: String,
    matrix: &'a ConfusionMatrix,
    names: Vec<String>,
    /// Side of a cell.
    cell: u32,
    /// Size of the class names.
    name_size: f64,
    /// Whether the names below are short enough not to be turned.
    upright: bool,
    /// From the matrix to the axis titles: the longest name and some air.
    left_space: u32,
    below_space: u32,
    /// By how much titles are larger than in a small picture.
    zoom: f64,
    /// Every how many-th class is named.
    named: usize,
    /// Upper left corner of the matrix.
    origin: (u32, u32),
    /// Width and height of the picture.
    size: (u32, u32),
}

impl<'a> Plot<'a> {
    fn new(title: &str, matrix: &'a ConfusionMatrix, names: &[String]) -> Self {
        let classes = names.len();
        let cell = side_of_cell(classes);
        let name_size = if classes <= COUNTED { 20.0 } else { 16.0 };
        let names: Vec<String> = names
            .iter()
            .map(|name| text::fit(name, name_size, LONGEST_NAME))
            .collect();
        let widths = names.iter().map(|name| text::width(name, name_size));
        let longest = widths.max().unwrap_or(0);
        let upright = longest + 6 <= cell;
        let left_space = longest + 20;
        let below_space = if upright {
            name_size as u32 + 20
        } else {
            left_space
        };
        let side = cell * classes as u32;
        let zoom = (f64::from(side) / 1100.0).clamp(1.0, 1.8);
        let accuracy = format!(
            " — accuracy {:.2} % ({} of {} images)",
            100.0 * matrix.accuracy(),
            matrix.correct(),
            matrix.total()
        );
        let title = text::fit(title, TITLE, LONGEST_TITLE) + &accuracy;

        let axis_title = MARGIN + (AXIS_TITLE * zoom) as u32;
        let beside = axis_title + left_space;
        let above = MARGIN + (TITLE * zoom) as u32 + MARGIN;
        let width = beside + side + MARGIN + BAR + MARGIN;
        let height = above + side + below_space + axis_title;
        let needed = text::width(&title, TITLE * zoom) + 2 * MARGIN;
        // A wide title widens a small picture; the matrix stays in the middle.
        let extra = needed.saturating_sub(width);
        Self {
            title,
            matrix,
            names,
            cell,
            name_size,
            upright,
            left_space,
            below_space,
            zoom,
            named: 18_u32.div_ceil(cell) as usize,
            origin: (beside + extra / 2, above),
            size: (width + extra, height),
        }
    }

    /// How many times as large it is drawn: large pictures at their own size,
    /// as they would take hundreds of megabytes.
    fn scale(&self) -> u32 {
        if self.size.0.max(self.size.1) > 4000 {
            1
        } else {
            2
        }
    }
}

/// Pixels: room for counts while they are written, for names afterwards, and
/// in the end for a picture that still opens.
fn side_of_cell(classes: usize) -> u32 {
    let classes = classes.max(1) as u32;
    if classes as usize <= COUNTED {
        (720 / classes).clamp(48, 120)
    } else {
        (960 / classes).clamp(22, 44).min(4000 / classes).max(1)
    }
}

impl Plot<'_> {
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        canvas.fill(WHITE)?;
        let size = TITLE * self.zoom;
        let middle = f64::from(self.size.0) / 2.0;
        let at = (middle, f64::from(MARGIN) + size / 2.0);
        canvas.text(&self.title, at, size, INK, HPos::Center)?;
        self.cells(canvas)?;
        self.lines(canvas)?;
        self.class_names(canvas)?;
        self.colour_bar(canvas)?;

        let (left, top) = self.corner(0, 0);
        let size = AXIS_TITLE * self.zoom;
        let half = self.side() / 2.0;
        let x = left - f64::from(self.left_space) - size / 2.0;
        canvas.upward_text("true label", (x, top + half), size, INK, HPos::Center)?;
        let y = top + self.side() + f64::from(self.below_space) + size / 2.0;
        canvas.text("predicted label", (left + half, y), size, INK, HPos::Center)
    }

    fn side(&self) -> f64 {
        f64::from(self.cell) * self.names.len() as f64
    }

    /// Upper left corner of a cell.
    fn corner(&self, label: usize, predicted: usize) -> Point {
        let cell = f64::from(self.cell);
        (
            f64::from(self.origin.0) + cell * predicted as f64,
            f64::from(self.origin.1) + cell * label as f64,
        )
    }

    fn cells<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        for label in 0..self.names.len() {
            let images = self.matrix.labelled(label);
            for predicted in 0..self.names.len() {
                let count = self.matrix.get(label, predicted);
                let share = count as f64 / images.max(1) as f64;
                let fill = if images == 0 {
                    NO_IMAGES
                } else {
                    colour::of_share(share)
                };
                let from = self.corner(label, predicted);
                canvas.rectangle(from, self.corner(label + 1, predicted + 1), fill)?;
                if self.names.len() <= COUNTED && count > 0 {
                    let ink = if colour::is_dark(share) { WHITE } else { INK };
                    self.count(canvas, from, &count.to_string(), ink)?;
                }
            }
        }
        Ok(())
    }

    /// A count in the middle of its cell, smaller where it has many digits.
    fn count<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        (x, y): Point,
        count: &str,
        ink: RGBColor,
    ) -> Drawn<DB> {
        const SIZE: f64 = 20.0;
        let room = f64::from(self.cell - 8) / f64::from(text::width(count, SIZE).max(1));
        let half = f64::from(self.cell) / 2.0;
        let at = (x + half, y + half);
        canvas.text(count, at, SIZE * room.min(1.0), ink, HPos::Center)
    }

    /// A frame, and lines between the cells, or every ten of many, to find
    /// the way from a cell to its names.
    fn lines<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let classes = self.names.len();
        let every = if classes <= COUNTED { 1 } else { 10 };
        let (left, top) = self.corner(0, 0);
        let (right, bottom) = self.corner(classes, classes);
        let inner = (0..classes).step_by(every).skip(1);
        for (index, colour) in inner
            .map(|index| (index, LINE))
            .chain([(0, INK), (classes, INK)])
        {
            let (x, y) = self.corner(index, index);
            canvas.line((left, y), (right, y), colour)?;
            canvas.line((x, top), (x, bottom), colour)?;
        }
        Ok(())
    }

    fn class_names<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (left, _) = self.corner(0, 0);
        let (_, bottom) = self.corner(self.names.len(), 0);
        let half = f64::from(self.cell) / 2.0;
        for (index, name) in self.names.iter().enumerate().step_by(self.named) {
            let (x, y) = self.corner(index, index);
            let size = self.name_size;
            canvas.text(name, (left - 8.0, y + half), size, INK, HPos::Right)?;
            let x = x + half;
            if self.upright {
                let at = (x, bottom + 8.0 + size / 2.0);
                canvas.text(name, at, size, INK, HPos::Center)?;
            } else {
                canvas.upward_text(name, (x, bottom + 8.0), size, INK, HPos::Right)?;
            }
        }
        Ok(())
    }

    fn colour_bar<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (left, top) = self.corner(0, self.names.len());
        let left = left + f64::from(MARGIN);
        let right = left + f64::from(BAR_WIDTH);
        let height = self.side();
        let bottom = top + height;
        for row in 0..height as u32 {
            let y = top + f64::from(row);
            let share = 1.0 - (f64::from(row) + 0.5) / height;
            canvas.rectangle((left, y), (right, y + 1.0), colour::of_share(share))?;
        }
        canvas.line((left, top), (right, top), INK)?;
        canvas.line((left, bottom), (right, bottom), INK)?;
        canvas.line((left, top), (left, bottom), INK)?;
        canvas.line((right, top), (right, bottom), INK)?;
        for tick in 0..=5 {
            let share = f64::from(tick) / 5.0;
            let y = (bottom - height * share).round();
            canvas.line((right, y), (right + 6.0, y), INK)?;
            let label = format!("{share:.1}");
            canvas.text(&label, (right + 10.0, y), 16.0, INK, HPos::Left)?;
        }
        let at = (right + 70.0, top + height / 2.0);
        let size = BAR_TITLE_SIZE * self.zoom;
        canvas.upward_text(BAR_TITLE, at, size, INK, HPos::Center)
    }
}
