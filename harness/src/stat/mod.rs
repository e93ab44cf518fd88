//! Floor 5: what figures say, and how sure. Pure functions on slices.

pub mod paired;
pub mod resample;

pub use paired::{Bracket, Paired};
pub use resample::{Interval, median, median_interval};
