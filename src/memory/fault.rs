//! What can be wrong with memory that somebody else can write to.

/// A frame could not be moved, or memory does not hold what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The frame is larger than the memory was laid out for.
    #[error("a frame of {len} bytes is larger than the {max} that were laid out")]
    TooLarge {
        /// Bytes of the frame.
        len: usize,
        /// Bytes a frame may have.
        max: usize,
    },
    /// The other side wrote what no side that keeps to the protocol writes. Nothing
    /// that follows can be believed.
    #[error("{0}")]
    Corrupt(&'static str),
}
