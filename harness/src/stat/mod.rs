//! Floor 5: what figures say, and how sure. Pure functions on slices.

pub mod holm;
pub mod noise;
pub mod paired;
pub mod proportion;
pub mod resample;
pub mod step;
pub mod student;
pub mod trimmed;
pub mod unpaired;
pub mod welch;

pub use holm::holm;
pub use noise::Noise;
pub use paired::{Bracket, Paired};
pub use proportion::{Exact, exact};
pub use resample::{Interval, median, median_interval};
pub use step::{Step, steps};
pub use student::mean_interval;
pub use trimmed::Trimmed;
