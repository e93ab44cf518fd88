//! The one door to atomics: loom's under `--cfg loom`, the standard ones otherwise.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicBool, AtomicU8, Ordering};
#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
