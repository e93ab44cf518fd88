//! Percentile distributions as HdrHistogram's own tools print and plot them.
//!
//! The format is that of the Java library's `outputPercentileDistribution`: a
//! heading, four columns, and three lines of facts. Values are in microseconds.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::Curves;

/// Steps for each halving of the distance to 100 %, as Java's default is.
const TICKS: u32 = 5;

/// One distribution.
#[must_use]
pub fn distribution(histogram: &Histogram<u64>) -> String {
    let mut out = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS) {
        total += step.count_since_last_iteration();
        let value = step.value_iterated_to() as f64 / 1e3;
        let quantile = step.quantile_iterated_to();
        let _ = write!(out, "{value:12.3} {quantile:.12} {total:10}");
        let _ = if quantile < 1.0 {
            writeln!(out, " {:14.2}", 1.0 / (1.0 - quantile))
        } else {
            writeln!(out)
        };
    }
    let _ = writeln!(
        out,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]",
        histogram.mean() / 1e3,
        histogram.stdev() / 1e3
    );
    let _ = writeln!(
        out,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        histogram.max() as f64 / 1e3,
        histogram.len()
    );
    let sub_buckets = 2 * 10_u64.pow(u32::from(histogram.sigfig()));
    let _ = writeln!(
        out,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        sub_buckets.next_power_of_two()
    );
    out
}

/// Every distribution, one after the other, each below a line that names it. Tools
/// want them in files of their own: see [`files`].
#[must_use]
pub fn all(curves: &Curves) -> String {
    let mut out = String::new();
    for (cell, metrics) in &curves.histograms {
        for (metric, histogram) in metrics {
            let (cell, metric) = (super::model::clean(cell), super::model::clean(metric));
            let _ = writeln!(out, "#[Cell = {cell}, metric = {metric}, unit = us]");
            out += &distribution(histogram);
            out.push('\n');
        }
    }
    out
}

/// Every distribution with a file name of its own.
pub fn files(curves: &Curves) -> impl Iterator<Item = (String, String)> + '_ {
    curves.histograms.iter().flat_map(|(cell, metrics)| {
        metrics.iter().map(move |(metric, histogram)| {
            (format!("{}.{}.hgrm", file_name(cell), file_name(metric)), distribution(histogram))
        })
    })
}

/// A cell's id as one safe file name: no folder, nothing hidden, nothing to quote.
#[must_use]
pub fn file_name(id: &str) -> String {
    let name: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "cell".to_owned() } else { name.to_owned() }
}
