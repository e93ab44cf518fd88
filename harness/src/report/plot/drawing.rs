//! What a plot comes to: an image, its data, and the words around it.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::theme::{GRID, INK, MUTED, apply, lean};
use crate::report::model::clean;

/// Width of every plot, in pixels of its own.
pub(super) const WIDTH: u32 = 760;

/// Text of axes, in the units of the drawing library: 14 come out as about 11 pixels.
pub(super) const SMALL: i32 = 15;

/// Why a plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("{plot} could not be drawn: {why}")]
pub struct PlotError {
    /// Which.
    pub plot: String,
    /// What the drawing library said.
    pub why: String,
}

/// What belongs together in a plot, and is shown or hidden together: usually a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What it is called.
    pub label: String,
    /// The same transport has the same number, and so the same colour, in every plot.
    pub hue: usize,
    /// Tells series of one hue apart, in the dashes of their lines.
    pub variant: usize,
}

impl Series {
    /// The look of its lines: a colour, and dashes.
    #[must_use]
    pub fn look(&self) -> (String, &'static str) {
        (super::theme::paint(self.hue), super::theme::dashes(self.hue, self.variant))
    }
}

/// The words around a plot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What is drawn.
    pub title: String,
    /// How many samples, and what all of them were asked for.
    pub terms: String,
    /// How it is read.
    pub note: String,
    /// What would belong here and is not drawn, with the reason.
    pub left_out: Vec<String>,
}

/// A plot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The words around it.
    pub words: Words,
    /// What there is to be told apart; empty where marks carry their names.
    pub series: Vec<Series>,
    /// The image.
    pub svg: String,
    /// The data behind it.
    pub csv: String,
}

/// A rectangle of an image, in pixels of its own: left, top, right, bottom.
pub(super) type Area = (i32, i32, i32, i32);

pub(super) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws an image of a height, in colours that the page gives.
///
/// # Errors
/// [`PlotError`] where the drawing library refuses.
pub(super) fn image(
    words: &Words,
    height: u32,
    draw: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> Result<String, PlotError> {
    let mut raw = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut raw, (WIDTH, height)).into_drawing_area();
        draw(&root).and_then(|()| root.present())
    };
    drawn.map_err(|e| PlotError { plot: words.title.clone(), why: e.to_string() })?;
    Ok(titled(&lean(&apply(&raw)), words))
}

/// Says to those who do not see it what the image shows.
fn titled(svg: &str, words: &Words) -> String {
    let title = format!("{}, {}", words.title, words.terms);
    let title = maud::html! { (title) }.into_string();
    let opened = svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1);
    opened.replacen('>', &format!("><title>{title}</title>"), 1)
}

/// Tells the script of the page how to read values out of places.
pub(super) fn readable(svg: &str, x: &Axis, y: &Axis, areas: &[Area]) -> String {
    let areas: Vec<String> = areas.iter().map(|(l, t, r, b)| format!("{l} {t} {r} {b}")).collect();
    let axis = |letter: char, axis: &Axis| {
        let (low, high) = axis.ends();
        let column = maud::html! { (axis.column) }.into_string();
        format!(
            "data-{letter}-scale=\"{}\" data-{letter}-range=\"{low:.6} {high:.6}\" \
             data-{letter}-column=\"{column}\" ",
            axis.scale.word(),
        )
    };
    let about = format!("{}{}data-areas=\"{}\" ", axis('x', x), axis('y', y), areas.join("; "));
    svg.replacen("<svg ", &format!("<svg {about}"), 1)
}

/// A panel with two axes, ready to be drawn on.
pub(super) type Panel<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// How much room a panel leaves for its labels, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) left: u32,
    pub(super) below: u32,
    pub(super) right: u32,
    pub(super) above: u32,
}

/// Axes and grid of a panel.
pub(super) fn panel<'a, 'b>(
    area: &'a Canvas<'b>,
    (x, y): (&Axis, &Axis),
    room: Room,
    names: bool,
) -> Result<Panel<'a, 'b>, DrawingAreaErrorKind<std::io::Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(room.above)
        .margin_right(room.right)
        .margin_left(4)
        .x_label_area_size(room.below)
        .y_label_area_size(room.left)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let small = ("sans-serif", SMALL).into_font().color(&MUTED);
    {
        let mut mesh = chart.configure_mesh();
        mesh.bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(MUTED)
            // Farther down than the lowest label of the other axis reaches.
            .set_tick_mark_size(LabelAreaPosition::Bottom, 8)
            .label_style(small.clone())
            .axis_desc_style(small);
        if names {
            mesh.x_desc(x.name.as_str()).y_desc(y.name.as_str());
        } else {
            // The grid says where a label belongs.
            mesh.disable_x_mesh().set_tick_mark_size(LabelAreaPosition::Left, 0);
        }
        mesh.draw()?;
    }
    Ok(chart)
}

/// Where a panel's marks are, in pixels of the image.
pub(super) fn area_of(panel: &Panel<'_, '_>) -> Area {
    let (x, y) = panel.plotting_area().get_pixel_range();
    (x.start, y.start, x.end, y.end)
}

/// Text that begins at its place.
pub(super) fn text(size: i32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color).pos(Pos::new(HPos::Left, VPos::Center))
}

/// Text that ends at its place.
pub(super) fn text_before(size: i32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color).pos(Pos::new(HPos::Right, VPos::Center))
}

/// Names and figures.
pub(super) fn ink() -> TextStyle<'static> {
    text(SMALL, INK)
}

/// A text that is not longer than so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Data as CSV. No text in it is taken for a formula by a program that opens it.
pub(super) fn csv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|field| harmless(field)));
    }
    writer
        .into_inner()
        .map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn harmless(field: &str) -> String {
    let field = clean(field);
    let is_number = field.parse::<f64>().is_ok();
    if !is_number && field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field }
}

/// A number as data: six digits that say something, and no zeros behind them. Nothing,
/// where it is none.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e15 {
        return format!("{value:.5e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let digits = (5.0 - value.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_no_formula() {
        let text = csv(&["series", "value"], [vec!["=1+1".into(), "-2.5".into()]]);
        assert_eq!(text, "series,value\n'=1+1,-2.5\n");
    }

    #[test]
    fn numbers_keep_what_they_say() {
        for (value, shown) in
            [(0.0, "0"), (1_234_567.0, "1234567"), (0.000_123_4, "0.0001234"), (-2.5, "-2.5")]
        {
            assert_eq!(number(value), shown);
        }
        assert_eq!((number(f64::NAN), number(f64::INFINITY)), (String::new(), String::new()));
        assert_eq!((number(1e-320), number(1e308)), ("0".to_owned(), "1.00000e308".to_owned()));
    }

    #[test]
    fn an_image_says_what_it_shows_and_nothing_of_that_is_markup() {
        let words = Words { title: "<b>\"a\"".into(), ..Words::default() };
        let svg = image(&words, 40, |root| root.draw_text("<i>", &ink(), (4, 10))).unwrap();
        assert!(svg.contains("aria-label=\"&lt;b&gt;&quot;a&quot;, \""), "{svg}");
        assert!(!svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
        assert!(svg.contains("var(--ink"), "{svg}");
    }
}
