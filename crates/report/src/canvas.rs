//! Shapes and text in pixels of the finished picture.

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, DrawingBackend, RGBColor};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, FontTransform};

use crate::text;

/// What drawing on a backend comes to.
pub(crate) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// x to the right and y down, in pixels.
pub(crate) type Point = (f64, f64);

/// Draws on an area that may be a whole number of times as large as the
/// finished picture.
pub(crate) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    scale: f64,
    /// How far below the wanted place, in parts of its size, text has to be
    /// anchored for its letters to be centred there.
    sag: f64,
}

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    pub(crate) fn new(area: &'a DrawingArea<DB, Shift>, scale: u32, sag: f64) -> Self {
        Self {
            area,
            scale: f64::from(scale),
            sag,
        }
    }

    fn scaled(&self, (x, y): Point) -> (i32, i32) {
        let scale = |x: f64| (x * self.scale).round() as i32;
        (scale(x), scale(y))
    }

    /// Fills the whole picture.
    pub(crate) fn fill(&self, colour: RGBColor) -> Drawn<DB> {
        self.area.fill(&colour)
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&self, from: Point, to: Point, colour: RGBColor) -> Drawn<DB> {
        let corners = [self.scaled(from), self.scaled(to)];
        self.area.draw(&Rectangle::new(corners, colour.filled()))
    }

    /// A horizontal or vertical line, sharp and one pixel wide, on the right
    /// of or below its points.
    pub(crate) fn line(&self, from: Point, to: Point, colour: RGBColor) -> Drawn<DB> {
        self.rectangle(
            from,
            (to.0.max(from.0 + 1.0), to.1.max(from.1 + 1.0)),
            colour,
        )
    }

    /// A line two pixels wide through all `points`.
    pub(crate) fn path(&self, points: impl Iterator<Item = Point>, colour: RGBColor) -> Drawn<DB> {
        let mut points: Vec<_> = points.map(|point| self.scaled(point)).collect();
        // A step of no length has no direction to give the line a width in.
        points.dedup();
        if points.len() < 2 {
            return Ok(());
        }
        let style = colour.stroke_width((2.0 * self.scale) as u32);
        self.area.draw(&PathElement::new(points, style))
    }

    /// A filled marker about ten pixels wide. Markers differ in shape (circle,
    /// square, triangle, diamond, and round again), so that curves can be told
    /// apart without their colours.
    pub(crate) fn marker(&self, at: Point, shape: usize, colour: RGBColor) -> Drawn<DB> {
        let (x, y) = self.scaled(at);
        let r = (5.0 * self.scale) as i32;
        // Pointed shapes are made larger, so that all look equally large.
        let more = r + r / 3;
        let corners = match shape % 4 {
            0 => return self.area.draw(&Circle::new((x, y), r, colour.filled())),
            1 => vec![(-r, -r), (r, -r), (r, r), (-r, r)],
            2 => vec![(0, -more), (more, r), (-more, r)],
            _ => vec![(0, -more), (more, 0), (0, more), (-more, 0)],
        };
        let corners: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        self.area.draw(&Polygon::new(corners, colour.filled()))
    }

    /// One line of text at `at`, its height centred there.
    pub(crate) fn text(
        &self,
        text: &str,
        (x, y): Point,
        size: f64,
        colour: RGBColor,
        anchor: HPos,
    ) -> Drawn<DB> {
        let style = text::style(size * self.scale, colour, anchor, VPos::Center);
        let at = self.scaled((x, y + self.sag * size));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }

    /// The same turned by 90 degrees, to be read from below to above.
    pub(crate) fn upward_text(
        &self,
        text: &str,
        (x, y): Point,
        size: f64,
        colour: RGBColor,
        anchor: HPos,
    ) -> Drawn<DB> {
        let style = text::style(size * self.scale, colour, anchor, VPos::Center)
            .transform(FontTransform::Rotate270);
        let at = self.scaled((x + self.sag * size, y));
        self.area.draw(&Text::new(text.to_owned(), at, style))
    }
}
