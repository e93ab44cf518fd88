//! Floor 0: what everything else is counted, timed and checked with.
//!
//! Nothing here knows a transport, a role or a scenario. All times are
//! nanoseconds of one clock, all sizes bytes, all rates per second.

pub mod frame;
pub mod host;
pub mod ledger;
pub mod meter;
pub mod pace;
pub mod quantity;
pub mod time;

pub use ledger::Ledger;
pub use meter::Meter;
pub use quantity::{Bytes, Hertz};
pub use time::{Clock, FakeClock, Monotonic, Nanos};
