//! One line of a budget: `age.p99 <= 25ms`, `rtt.p50 <= 3 x limits.line_rtt.p50`,
//! `throughput >= 10 x store`.

use std::fmt;

use crate::metric::{Limit, Metric, Unit};

mod read;

pub use read::Wrong;

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// As it was written.
    pub text: String,
    /// What is held to something.
    pub figure: Figure,
    /// How.
    pub op: Op,
    /// To what.
    pub bound: Bound,
}

/// A figure of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Which metric.
    pub metric: Metric,
    /// Which part of it, where it is a spread.
    pub stat: Option<String>,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stat {
            Some(stat) => write!(f, "{}.{stat}", self.metric.name),
            None => f.write_str(&self.metric.name),
        }
    }
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Exactly,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Op {
    const ALL: [(&'static str, Self); 5] = [
        // The longer ones first, or they would be read as the shorter ones.
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Exactly),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    /// As it is written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Exactly => "==",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether `value` stands to `limit` as it must.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "whole numbers are compared exactly")]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Exactly => value == limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
        }
    }
}

/// What a figure is held to.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number, in the figure's unit.
    Value(f64),
    /// So many times something that is measured beside it.
    Times(f64, Yardstick),
}

/// Something that is measured beside a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// A limit of this machine.
    Limit {
        /// Which.
        limit: Limit,
        /// For which size in bytes or time in nanoseconds, where there are several.
        of: Option<u64>,
        /// Which part of it, where it is a spread.
        stat: Option<String>,
    },
    /// The same figure over another transport.
    Transport(String),
}

impl Assertion {
    /// The other transport that is measured beside it, if one is.
    #[must_use]
    pub fn rival(&self) -> Option<&str> {
        match &self.bound {
            Bound::Times(_, Yardstick::Transport(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether this machine's limits are measured beside it.
    #[must_use]
    pub const fn needs_limits(&self) -> bool {
        matches!(self.bound, Bound::Times(_, Yardstick::Limit { .. }))
    }
}

impl Figure {
    /// What it is counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self.stat.as_deref() {
            Some("count") => Unit::Count,
            _ => self.metric.unit,
        }
    }
}
