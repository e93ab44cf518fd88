//! What a transport can do, and what a link is asked to be.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::{Bytes, Nanos};

/// Defines an enum whose words are the same on the command line, in JSON and in reports.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word there is, in the order reports show them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word itself.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|w| w.word() == text).ok_or_else(|| {
                    let all: Vec<_> = Self::ALL.iter().map(|w| w.word()).collect();
                    format!("'{text}' is not one of {}", all.join(", "))
                })
            }
        }
    };
}

words! {
    /// Where a transport's two halves live.
    Place {
        /// Nowhere that can be measured.
        Nowhere = "nowhere",
        /// One thread, polled by hand.
        Loop = "loop",
        /// Two tasks of one tokio worker.
        Task = "task",
        /// Two threads of one process.
        Thread = "thread",
        /// Two processes of one host.
        Process = "process",
    }
}

words! {
    /// What a full link does.
    Policy {
        /// The sender waits.
        Block = "block",
        /// The frame just offered is dropped.
        DropNewest = "drop-newest",
        /// The oldest frames make room.
        OverwriteOldest = "overwrite-oldest",
    }
}

words! {
    /// How a half waits.
    Wait {
        /// Asks again and again; burns a core.
        Spin = "spin",
        /// Asks again after giving the core away.
        Yield = "yield",
        /// Sleeps until woken.
        Block = "block",
        /// Spins for 50 µs, then sleeps.
        Adaptive = "adaptive",
    }
}

/// What a transport can do. A cell that these exclude is shown as `n/a` with the
/// reason given here; what was asked for is never silently changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Where its halves live.
    pub place: Place,
    /// What it can do when full, the usual one first.
    pub policies: &'static [Policy],
    /// How its halves can wait.
    pub waits: &'static [Wait],
    /// `fill` writes straight into what the reader will read.
    pub zero_copy: bool,
    /// [`send_batch`](super::Tx::send_batch) costs less than as many sends.
    pub batch: bool,
    /// A frame sent is under way at once. Where not, it may be held back until
    /// others follow it, so that no answer can be waited for.
    pub prompt: bool,
    /// The largest frame on the wire, header included.
    pub max_frame: Bytes,
    /// Why it cannot be measured at all, if so.
    pub excluded: Option<&'static str>,
}

impl Caps {
    /// Every way to wait: for transports whose halves can be asked without waiting.
    pub const ANY_WAIT: &'static [Wait] = Wait::ALL;

    /// For halves that are polled, where the driver waits and there is no choice.
    pub const DRIVEN: &'static [Wait] = &[Wait::Block];

    /// The frame size no link goes beyond: 1 GiB.
    pub const LARGEST: Bytes = Bytes(1 << 30);

    /// Whether its halves share memory across processes: how near the machine's two
    /// cores are then decides what it can do.
    #[must_use]
    pub fn shares_memory(&self) -> bool {
        self.place == Place::Process && self.zero_copy
    }

    /// What it does when full unless asked for something else: the first it claims.
    #[must_use]
    pub fn usual_policy(&self) -> Policy {
        self.policies.first().copied().unwrap_or(Policy::Block)
    }

    /// Why a link as in `spec` is not to be had, or `None` where it is.
    #[must_use]
    pub fn refuses(&self, spec: &LinkSpec) -> Option<String> {
        if !self.policies.contains(&spec.policy) {
            return Some(format!("cannot do policy {}", spec.policy));
        }
        if !self.waits.contains(&spec.wait) {
            return Some(format!("cannot wait by {}", spec.wait));
        }
        if spec.frame > self.max_frame {
            return Some(format!(
                "a frame of {} with its header is over its limit of {}",
                spec.frame, self.max_frame
            ));
        }
        None
    }
}

/// What a link is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSpec {
    /// Queue capacity in bytes, the same for every transport. What was granted is
    /// in [`Link::granted`](super::Link::granted).
    pub capacity: Bytes,
    /// The largest frame that will be sent, header included, in bytes.
    pub frame: Bytes,
    /// What to do when full.
    pub policy: Policy,
    /// How to wait.
    pub wait: Wait,
}

impl LinkSpec {
    /// The default queue capacity.
    pub const CAPACITY: Bytes = Bytes(1 << 20);

    /// How long a send may wait for room before it gives up, unless told otherwise.
    pub const PATIENCE: Nanos = Nanos::from_secs(15);

    /// How many frames of the largest size fit into the capacity: at least one.
    #[must_use]
    pub fn slots(&self) -> usize {
        (self.capacity.as_usize() / self.frame.as_usize().max(1)).max(1)
    }
}
