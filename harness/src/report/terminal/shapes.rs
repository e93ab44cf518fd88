//! The shape of a distribution in a few characters: how often which latency, on a log axis
//! that all rows of a table share.

use hdrhistogram::Histogram;
use pipefit::ground::Nanos;

use crate::report::Curves;
use crate::report::model::Section;

/// Characters of a shape.
const WIDTH: u32 = 10;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The shapes of a table's rows.
pub(super) struct Shapes {
    /// One for each row; empty where there is no histogram.
    pub(super) texts: Vec<String>,
    /// What the axis is.
    pub(super) note: String,
}

/// The shapes of what a section is there for; nothing where fewer than two rows have one.
pub(super) fn shapes(section: &Section, ids: &[&str], curves: &Curves) -> Option<Shapes> {
    let metric = section.headings[section.main?].key.strip_prefix("metrics/")?;
    let (metric, _) = metric.split_once("_ns/")?;
    let found: Vec<Option<&Histogram<u64>>> =
        ids.iter().map(|id| curves.get(id, metric).filter(|h| h.len() >= 20)).collect();
    let all = || found.iter().flatten();
    if all().count() < 2 {
        return None;
    }
    let low = all().map(|h| h.min_nz()).min().unwrap_or(1).max(1);
    let high = all().map(|h| h.max()).max().unwrap_or(1).max(low.saturating_add(1));
    let texts = found.iter().map(|h| h.map_or_else(String::new, |h| shape(h, low, high)));
    let note = format!(
        "shape: how often which {metric}, from {} to {}, log scale",
        Nanos(low),
        Nanos(high)
    );
    Some(Shapes { texts: texts.collect(), note })
}

fn shape(histogram: &Histogram<u64>, low: u64, high: u64) -> String {
    let (low, high) = ((low as f64).ln(), (high as f64).ln());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between the two")]
    let edge = |i: u32| (low + (high - low) * f64::from(i) / f64::from(WIDTH)).exp() as u64;
    let counts: Vec<u64> = (0..WIDTH)
        .map(|i| {
            // What is as small as the least, or as great as the greatest, belongs to an end.
            let from = if i == 0 { 0 } else { edge(i).saturating_add(1) };
            let to = if i + 1 == WIDTH { u64::MAX } else { edge(i + 1) };
            if from <= to { histogram.count_between(from, to) } else { 0 }
        })
        .collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let glyph = |count: &u64| match count {
        0 => ' ',
        // The square root, so that a tail is seen beside what is usual.
        n => {
            let share = (*n as f64 / most as f64).sqrt();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
            let level = (share * 7.0).round() as usize;
            LEVELS[level.min(7)]
        }
    };
    counts.iter().map(glyph).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_its_peak_where_most_samples_are_and_shows_its_tail() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        h.record_n(1_000, 10_000).unwrap();
        h.record_n(1_000_000, 1).unwrap();
        let shape = shape(&h, 1_000, 1_000_000);
        assert_eq!(shape.chars().count(), WIDTH as usize);
        assert!(shape.starts_with('█') && shape.ends_with('▁'), "{shape:?}");
        assert_eq!(shape.trim_matches(['█', '▁']).trim(), "");
    }

    #[test]
    fn every_sample_is_in_one_place() {
        let mut h = Histogram::<u64>::new(3).unwrap();
        for n in 1..=1_000u64 {
            h.record(n * 997).unwrap();
        }
        let (low, high) = ((997f64).ln(), (997_000f64).ln());
        let counted: u64 = (0..WIDTH)
            .map(|i| {
                let edge =
                    |i: u32| (low + (high - low) * f64::from(i) / f64::from(WIDTH)).exp() as u64;
                let from = if i == 0 { 0 } else { edge(i) + 1 };
                let to = if i + 1 == WIDTH { u64::MAX } else { edge(i + 1) };
                h.count_between(from, to)
            })
            .sum();
        assert!((995..=1_010).contains(&counted), "{counted}: a bucket may lie on an edge");
    }
}
