//! Text in the embedded font.

use std::borrow::Cow;
use std::sync::LazyLock;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, IntoFont, RGBColor, TextStyle, register_font};

/// Registered with plotters under this name; in an SVG it is the CSS
/// `font-family`, so a viewer without Roboto takes its own sans-serif.
const FAMILY: &str = "Roboto, sans-serif";

/// Nearly black: softer than black on white, still far above the contrast
/// that small text needs.
pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);

static FONT: LazyLock<bool> = LazyLock::new(|| {
    let bytes = include_bytes!("../assets/Roboto-Regular.ttf");
    register_font(FAMILY, FontStyle::Normal, bytes).is_ok()
});

/// Makes the font known to plotters, once in a process.
pub(crate) fn register() -> Result<(), String> {
    if *FONT {
        Ok(())
    } else {
        Err("the embedded font cannot be read".to_owned())
    }
}

/// Text of `size` pixels in `colour`, anchored where `pos` says.
pub(crate) fn style(size: f64, colour: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    // Measured before it is registered, every text would be 0 pixels wide.
    LazyLock::force(&FONT);
    (FAMILY, size)
        .into_font()
        .color(&colour)
        .pos(Pos::new(h, v))
}

/// Width in pixels of `text` at `size`.
pub(crate) fn width(text: &str, size: f64) -> u32 {
    let style = style(size, INK, HPos::Left, VPos::Top);
    style.font.box_size(text).map_or(0, |(width, _)| width)
}

/// `text` without what no picture can show (line breaks, control characters,
/// which an SVG must not hold either).
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// [`clean`] text, cut with an ellipsis where it is wider than `limit` pixels.
pub(crate) fn fit(text: &str, size: f64, limit: u32) -> String {
    let text = clean(text);
    if width(&text, size) <= limit {
        return text.into_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let cut = |end: usize| format!("{}…", text[..end].trim_end());
    let fitting = ends.partition_point(|&end| width(&cut(end), size) <= limit);
    cut(ends[fitting.saturating_sub(1)])
}
