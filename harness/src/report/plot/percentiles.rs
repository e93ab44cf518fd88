//! Latency by percentile, on the axis that HdrHistogram made usual: 1/(1−p) on a
//! log scale, so that each further nine takes as much room as the one before.
//!
//! A curve ends where fewer than ten samples are left above it: what lies beyond is
//! an accident of this run, not a property of the transport.

use hdrhistogram::Histogram;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::LogAxis;
use super::theme::{GRID, INK, MUTED, apply, curve};
use super::{Curve, Plot, PlotError};
use crate::report::figure::grouped;

const WIDTH: i32 = 760;
const PLOT_HEIGHT: i32 = 380;
const TITLE_HEIGHT: i32 = 52;
const LEGEND_COLUMNS: i32 = 3;
const LEGEND_ROW: i32 = 20;
/// Characters that fit a column of the legend, and a line of the title.
const LEGEND_CHARS: usize = 28;
const TITLE_CHARS: usize = 108;
/// Samples that must lie above a percentile for it to be drawn.
const ABOVE: f64 = 10.0;
/// Points along the longest curve.
const POINTS: u32 = 240;

/// Draws a plot, or gives `None` where no curve has enough samples for its median.
///
/// # Errors
/// [`PlotError`] where the drawing library refuses.
pub fn svg(plot: &Plot<'_>) -> Result<Option<String>, PlotError> {
    let curves: Vec<&Curve<'_>> =
        plot.curves.iter().filter(|c| reach(c.histogram) >= 2.0).collect();
    if curves.is_empty() {
        return Ok(None);
    }
    let rows = i32::try_from(curves.len()).unwrap_or(i32::MAX / LEGEND_ROW - 1).min(10_000);
    let legend = (rows + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS * LEGEND_ROW + 14;
    let size = (WIDTH.unsigned_abs(), (TITLE_HEIGHT + PLOT_HEIGHT + legend).unsigned_abs());
    let mut raw = String::new();
    let drawn = draw(&mut raw, size, plot, &curves);
    drawn.map_err(|e| PlotError(e.to_string()))?;
    Ok(Some(label(&apply(&raw), plot, &curves)))
}

/// The greatest 1/(1−p) that has [`ABOVE`] samples above it.
fn reach(histogram: &Histogram<u64>) -> f64 {
    histogram.len() as f64 / ABOVE
}

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(raw: &mut String, size: (u32, u32), plot: &Plot<'_>, curves: &[&Curve<'_>]) -> Drawn {
    let root = SVGBackend::with_string(raw, size).into_drawing_area();
    let (head, rest) = root.split_vertically(TITLE_HEIGHT);
    let (middle, foot) = rest.split_vertically(PLOT_HEIGHT);
    let font = ("sans-serif", 17, FontStyle::Bold).into_font();
    let bold = font.color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
    head.draw_text(&cut(&heading(plot), TITLE_CHARS / 2), &bold, (12, 14))?;
    let under = format!("{}; {}", plot.terms, samples(curves));
    head.draw_text(&cut(&under, TITLE_CHARS), &text(14, MUTED), (12, 36))?;
    draw_curves(&middle, plot.metric, curves)?;
    for (i, one) in (0..).zip(curves) {
        let x = 12 + i % LEGEND_COLUMNS * (WIDTH / LEGEND_COLUMNS);
        let y = 10 + i / LEGEND_COLUMNS * LEGEND_ROW;
        let line = curve(one.hue, one.variant).stroke_width(3);
        foot.draw(&PathElement::new([(x, y), (x + 26, y)], line))?;
        let name = cut(&one.label, LEGEND_CHARS);
        foot.draw_text(&name, &text(15, INK), (x + 34, y))?;
    }
    root.present()
}

fn draw_curves(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    metric: &str,
    curves: &[&Curve<'_>],
) -> Drawn {
    let x_end = curves.iter().map(|c| reach(c.histogram)).fold(2.0, f64::max).log10();
    let lines: Vec<Vec<(f64, f64)>> = curves.iter().map(|c| points(c.histogram, x_end)).collect();
    let ys = || lines.iter().flatten().map(|p| p.1);
    let (low, high) = (ys().fold(f64::INFINITY, f64::min), ys().fold(0.0, f64::max));
    let (low, high) = ((low - 0.05).max(0.0), (high + 0.05).max(low + 0.3));
    let mut chart = ChartBuilder::on(area)
        .margin_top(6)
        .margin_right(44)
        .margin_left(8)
        .x_label_area_size(42)
        .y_label_area_size(84)
        .build_cartesian_2d(LogAxis::percentiles(x_end), LogAxis::spans(low, high))?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(MUTED)
        .label_style(("sans-serif", 14).into_font().color(&MUTED))
        .axis_desc_style(("sans-serif", 14).into_font().color(&MUTED))
        .x_desc("percentile")
        .y_desc(format!("{}, log scale", words(metric)))
        .draw()?;
    for (one, line) in curves.iter().zip(&lines) {
        let color = curve(one.hue, one.variant);
        chart.draw_series(LineSeries::new(line.iter().copied(), color.stroke_width(2)))?;
        if let Some(end) = line.last() {
            chart.draw_series([Circle::new(*end, 3, color.filled())])?;
        }
    }
    Ok(())
}

/// A curve in the logarithms that are drawn, up to its [`reach`].
fn points(histogram: &Histogram<u64>, x_end: f64) -> Vec<(f64, f64)> {
    let own_end = reach(histogram).log10();
    let mut line: Vec<(f64, f64)> = Vec::new();
    let steps = (0..).map(|i| f64::from(i) * x_end / f64::from(POINTS));
    for x in steps.take_while(|x| *x < own_end).chain([own_end]) {
        let ns = histogram.value_at_quantile(1.0 - 10f64.powf(-x)).max(1);
        let y = (ns as f64).log10();
        // Within a level stretch only its two ends are needed.
        if let [.., before, last] = line[..]
            && before.1 == y
            && last.1 == y
        {
            line.pop();
        }
        line.push((x, y));
    }
    line
}

fn heading(plot: &Plot<'_>) -> String {
    let metric = words(plot.metric);
    if plot.scenario == metric {
        format!("{metric} by percentile")
    } else {
        format!("{}: {metric} by percentile", plot.scenario)
    }
}

fn words(metric: &str) -> String {
    metric.replace('_', " ")
}

fn samples(curves: &[&Curve<'_>]) -> String {
    let counts = || curves.iter().map(|c| c.histogram.len());
    let (low, high) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    if low == high {
        format!("n = {}", grouped(low))
    } else {
        format!("n = {} to {}", grouped(low), grouped(high))
    }
}

fn text(size: i32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color).pos(Pos::new(HPos::Left, VPos::Center))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Says to those who do not see it what the image shows.
fn label(svg: &str, plot: &Plot<'_>, curves: &[&Curve<'_>]) -> String {
    let names: Vec<&str> = curves.iter().map(|c| c.label.as_str()).collect();
    let title =
        format!("{}, {}, {}: {}", heading(plot), plot.terms, samples(curves), names.join("; "));
    let title = maud::html! { (title) }.into_string();
    let opened = svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{title}\" "), 1);
    opened.replacen(">\n", &format!("><title>{title}</title>\n"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_ten_samples_are_left() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        (1..=1_000).for_each(|n| h.record(n * 1_000).unwrap());
        let line = points(&h, 4.0);
        let (x, y) = *line.last().unwrap();
        assert!((x - 2.0).abs() < 1e-9, "the 99th percentile, not {x}");
        assert!((10f64.powf(y) - 990_000.0).abs() < 1_000.0, "{y}");
    }

    #[test]
    fn a_level_stretch_takes_two_points() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        h.record_n(7, 1_000).unwrap();
        assert_eq!(points(&h, 2.0).len(), 2);
    }
}
