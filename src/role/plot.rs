//! The plotted series: the last stretch of time, reduced to screen columns.
//!
//! A screen has far fewer columns than a fast sensor has samples. Each column keeps
//! the least and the greatest value that fell into it, so that a spike of one sample
//! is still drawn (min–max decimation).

use crate::ground::Nanos;

/// What one screen column shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Which stretch of time it stands for, counted from the clock's zero.
    slot: u64,
    /// The least value in it.
    pub low: f32,
    /// The greatest value in it.
    pub high: f32,
}

/// A scrolling plot of fixed width.
#[derive(Clone, Debug)]
pub struct Plot {
    columns: Vec<Option<Column>>,
    per_column: u64,
}

impl Plot {
    /// A plot of the last `window` of time in so many columns.
    #[must_use]
    pub fn new(window: Nanos, columns: usize) -> Self {
        let columns = columns.max(1);
        Self { columns: vec![None; columns], per_column: (window.0 / columns as u64).max(1) }
    }

    /// Adds a value. Says whether it got a column of its own (`true`), or was
    /// merged into one that stood there already.
    #[inline]
    pub fn add(&mut self, at: Nanos, value: f32) -> bool {
        let slot = at.0 / self.per_column;
        let width = self.columns.len() as u64;
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of a usize")]
        let column = &mut self.columns[(slot % width) as usize];
        match column {
            Some(c) if c.slot == slot => {
                c.low = c.low.min(value);
                c.high = c.high.max(value);
                false
            }
            _ => {
                *column = Some(Column { slot, low: value, high: value });
                true
            }
        }
    }

    /// Walks the columns as drawing them would; gives the height of all strokes,
    /// so that the work cannot be optimised away.
    #[must_use]
    pub fn draw(&self, now: Nanos) -> f32 {
        let newest = now.0 / self.per_column;
        let oldest = newest.saturating_sub(self.columns.len() as u64);
        self.columns
            .iter()
            .flatten()
            .filter(|c| (oldest..=newest).contains(&c.slot))
            .map(|c| c.high - c.low)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_of_one_sample_survives() {
        let mut plot = Plot::new(Nanos(1_000), 10);
        assert!(plot.add(Nanos(0), 0.5));
        assert!(!plot.add(Nanos(50), 9.0));
        assert!(!plot.add(Nanos(99), 0.4));
        assert!(plot.add(Nanos(100), 0.5));
        assert!((plot.draw(Nanos(100)) - 8.6).abs() < 1e-6);
    }

    #[test]
    fn what_has_scrolled_out_is_not_drawn() {
        let mut plot = Plot::new(Nanos(1_000), 10);
        plot.add(Nanos(0), 0.0);
        plot.add(Nanos(1), 3.0);
        assert!(plot.draw(Nanos(500)) > 2.0);
        assert!(plot.draw(Nanos(5_000)) < 1e-9);
        assert!(plot.add(Nanos(1_000), 1.0), "the column is used again");
    }
}
