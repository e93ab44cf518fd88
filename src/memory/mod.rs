//! Floor 1: memory that several threads or processes share.
//!
//! For now only [`sync`], through which every atomic of the house goes.

pub mod sync;
