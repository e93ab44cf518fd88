//! Floor 4: who is started where, and what is recorded.
//!
//! A [`scenario`] turns a [`Case`] into a [`Plan`]; [`launch`] plays it over one
//! transport, with the far side in the same loop, a thread or a child process;
//! [`session`] repeats and interleaves; [`standing`] keeps a link open for a bench;
//! [`record`] is what stays.

pub mod case;
pub mod clock;
pub mod control;
pub mod endpoint;
#[cfg(feature = "zenoh")]
pub mod host;
pub mod launch;
pub mod limits;
pub mod measure;
mod program;
pub mod record;
pub mod registry;
pub mod residue;
pub mod scenario;
pub mod session;
pub mod standing;

pub use case::Case;
pub use launch::{Plan, RunError, Trial};
pub use program::Program;
pub use registry::{Entry, Registry};
pub use scenario::Scenario;
pub use standing::Standing;
