//! One cell to be measured: a scenario, a transport, and a value on every axis.

use std::fmt::Write;

use crate::ground::frame::wire_len;
use crate::ground::{Bytes, Hertz, Nanos};
use crate::link::{LinkSpec, Policy, Wait};
use crate::role::Extent;
use crate::role::screen::ScreenSpec;
use crate::run::program::Program;
use crate::run::scenario::Scenario;

/// A cell to be measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The scenario's name.
    pub scenario: &'static str,
    /// The transport's name.
    pub transport: &'static str,
    /// The program that is the sensor, where it is one.
    pub program: Option<Program>,
    /// Whether the sensor is on another host.
    pub elsewhere: bool,
    /// Payload of a frame; of a program's frames, the largest.
    pub size: Bytes,
    /// Frames a second; `None` where the scenario sends flat out, or a program sends as
    /// it likes.
    pub rate: Option<Hertz>,
    /// What to send before measuring.
    pub warmup: Nanos,
    /// What to send while measuring.
    pub extent: Extent,
    /// How halves wait.
    pub wait: Wait,
    /// What a full link does.
    pub policy: Policy,
    /// Queue capacity asked for.
    pub capacity: Bytes,
    /// Frames that are due together.
    pub burst: u64,
    /// The screen, where the scenario draws.
    pub screen: ScreenSpec,
    /// How long a link may be silent; `None`: as long as the scenario finds right.
    pub silence: Option<Nanos>,
    /// How long one send may wait for room, and an echo may take.
    pub patience: Nanos,
    /// Turns of an empty loop that an echoing side makes before each answer, for no reason:
    /// proves that a slow-down is noticed.
    pub handicap: u32,
    /// CPUs to pin to: consumer first, then producer. Empty: none.
    pub pins: Vec<usize>,
}

impl Case {
    /// A scenario over a transport with every axis at its default: 64 B at the
    /// scenario's own rate and length, no warm-up, nothing pinned.
    #[must_use]
    pub const fn of(scenario: &Scenario, transport: &'static str) -> Self {
        Self {
            scenario: scenario.name,
            transport,
            program: None,
            elsewhere: false,
            size: Bytes(64),
            rate: scenario.rate,
            warmup: Nanos(0),
            extent: Extent::For(scenario.span),
            wait: Wait::Block,
            policy: Policy::Block,
            capacity: LinkSpec::CAPACITY,
            burst: 1,
            screen: ScreenSpec::GUI60,
            silence: None,
            patience: LinkSpec::PATIENCE,
            handicap: 0,
            pins: Vec::new(),
        }
    }

    /// What tells this cell from the others of a run, and is the same in the next
    /// run: axes at their defaults are left out.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = format!("{}/{}", self.scenario, self.transport);
        let mut add = |part: &dyn std::fmt::Display| {
            // Writing to a string cannot fail.
            let _ = write!(id, "/{part}");
        };
        if let Some(program) = &self.program {
            add(&program.label());
        }
        if self.elsewhere {
            add(&"elsewhere");
        }
        if self.sizes_frames() {
            add(&self.size);
        }
        if let Some(rate) = self.rate {
            add(&rate);
        }
        add(&self.wait);
        if self.policy != Policy::Block {
            add(&self.policy);
        }
        if self.capacity != LinkSpec::CAPACITY {
            add(&format_args!("capacity={}", self.capacity));
        }
        if self.burst > 1 {
            add(&format_args!("burst={}", self.burst));
        }
        if self.handicap > 0 {
            add(&format_args!("handicap={}", self.handicap));
        }
        if self.screen != ScreenSpec::GUI60 {
            add(&format_args!("draw={}", self.screen.cost));
        }
        id
    }

    /// Whether its frames have the size that is asked for, rather than the one that a
    /// program gives its lines or records.
    fn sizes_frames(&self) -> bool {
        self.program.as_ref().is_none_or(|program| program.dialect.is_frames())
    }

    /// Whether its frames are due at some time or other.
    pub(super) const fn keeps_schedule(&self) -> bool {
        self.rate.is_some() || self.program.is_some()
    }

    /// Payload and header.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        if self.sizes_frames() { wire_len(self.size.as_usize()) as u64 } else { self.size.0 }
    }

    /// The link this cell asks for. A trailer must fit, too.
    #[must_use]
    pub fn link(&self) -> LinkSpec {
        let payload = self.size.as_usize().max(crate::role::sensor::TRAILER);
        let frame = match &self.program {
            Some(program) if !program.dialect.is_frames() => {
                program.dialect.record().unwrap_or(crate::transport::exec::LINE)
            }
            _ => wire_len(payload),
        };
        LinkSpec {
            capacity: self.capacity,
            frame: Bytes(frame as u64),
            policy: self.policy,
            wait: self.wait,
        }
    }
}
