//! Floor 9: two builds are held against each other.
//!
//! Both are programs: this one, and another. Each is driven as a worker over its standard
//! input and output ([`protocol`]), so that fresh processes of both can be measured by
//! turns, and a base that is older than this one can still be asked.

pub mod arm;
pub mod build;
pub mod duel;
mod group;
mod line;
pub mod protocol;
pub mod record;
pub mod selftest;
pub mod serve;
pub mod suite;

pub use arm::{Arm, ArmError};
pub use duel::{Cell, Duel};
pub use record::{CellRecord, GateRecord};
pub use suite::{Outcome, Ruling, Suite};
