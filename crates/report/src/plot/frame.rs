//! The chart: axes and what is drawn between them.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use super::{HEIGHT, LinePlot, WIDTH, colour};
use crate::canvas::{Canvas, Drawn, Point};
use crate::text::{self, INK};

/// Space on the left of, right of and below the chart.
const LEFT: f64 = 110.0;
const RIGHT: f64 = 40.0;
const BELOW: f64 = 80.0;
/// Beyond this many points a line is smooth enough without markers.
const MARKED: usize = 60;
const GRID: RGBColor = RGBColor(0xe3, 0xe3, 0xe3);

/// The rectangle that the axes span.
pub(super) struct Frame<'a> {
    pub(super) plot: &'a LinePlot,
    pub(super) top: f64,
}

impl Frame<'_> {
    fn bottom(&self) -> f64 {
        HEIGHT - BELOW
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.plot.x.position(value) * (WIDTH - RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom() - self.plot.y.position(value) * (self.bottom() - self.top)
    }

    pub(super) fn draw_axes<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (top, bottom, right) = (self.top, self.bottom(), WIDTH - RIGHT);
        for tick in &self.plot.x.ticks {
            let x = self.x(tick.value).round();
            canvas.line((x, top), (x, bottom), GRID)?;
            canvas.line((x, bottom), (x, bottom + 7.0), INK)?;
            canvas.text(&tick.label, (x, bottom + 20.0), 18.0, INK, HPos::Center)?;
        }
        for tick in &self.plot.y.ticks {
            let y = self.y(tick.value).round();
            canvas.line((LEFT, y), (right, y), GRID)?;
            canvas.line((LEFT - 7.0, y), (LEFT, y), INK)?;
            canvas.text(&tick.label, (LEFT - 12.0, y), 18.0, INK, HPos::Right)?;
        }
        canvas.line((LEFT, top), (LEFT, bottom), INK)?;
        canvas.line((LEFT, bottom), (right, bottom), INK)?;
        let x = (LEFT + right) / 2.0;
        let x_label = text::fit(&self.plot.x_label, 20.0, (right - LEFT) as u32);
        canvas.text(&x_label, (x, HEIGHT - 26.0), 20.0, INK, HPos::Center)?;
        let y = (top + bottom) / 2.0;
        let y_label = text::fit(&self.plot.y_label, 20.0, (bottom - top) as u32);
        canvas.upward_text(&y_label, (26.0, y), 20.0, INK, HPos::Center)
    }

    pub(super) fn draw_curves<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let at = |&(x, y): &Point| (self.x(x), self.y(y));
        for (index, curve) in self.plot.curves.iter().enumerate() {
            canvas.path(curve.points.iter().map(at), colour(index))?;
            if curve.points.len() <= MARKED {
                for point in &curve.points {
                    canvas.marker(at(point), index, colour(index))?;
                }
            }
        }
        if self.plot.curves.iter().all(|curve| curve.points.is_empty()) {
            let middle = (
                (LEFT + WIDTH - RIGHT) / 2.0,
                (self.top + self.bottom()) / 2.0,
            );
            canvas.text("no data", middle, 24.0, INK, HPos::Center)?;
        }
        Ok(())
    }
}
