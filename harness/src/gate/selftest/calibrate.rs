//! How much must be asked for, to be slower by so many percent: found by trying, and tried
//! again with each decision. A loss that is only calculated was seen to give 8 % where
//! 25 % were meant.
//!
//! What is asked for is a share of a round trip as the worker finds it just then: the same
//! loss in nanoseconds is 5 % while two cores are far from each other, and 14 % when the
//! host has moved them together.

use std::collections::BTreeMap;

use pipefit::link::Stop;

use super::{Decision, What};
use crate::gate::arm::Arm;
use crate::gate::duel::{Cell, Duel};
use crate::stat::Trimmed;
use crate::verdict::gated::log_ratios;

/// Pairs of one attempt: as many as tell 5 % from 4.
const PAIRS: usize = 80;

/// Attempts, at most.
const ATTEMPTS: usize = 6;

/// Close enough to begin with: the log tells what was reached in the end.
const CLOSE: f64 = 0.08;

/// How far one decision leads: of what it shows to be missing, a quarter.
const STEP: f64 = 0.25;

/// What is known of handicaps: by cell and percent, millionths to ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Handicap(BTreeMap<(String, u32), f64>);

fn key(cell: &str, target: f64) -> (String, u32) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few percent")]
    let percent = (100.0 * target).round() as u32;
    (cell.to_owned(), percent)
}

/// The slow-down that pairs show, as a share.
pub(super) fn realised(decision: &Decision) -> Option<f64> {
    Some(Trimmed::of(&log_ratios(&decision.pairs))?.mean.exp_m1())
}

impl Handicap {
    /// What decisions that were written down tell.
    pub(super) fn from_log(decisions: &[Decision]) -> Self {
        let mut known = Self::default();
        for decision in decisions.iter().filter(|d| d.what.slow_down() > 0.0) {
            let target = decision.what.slow_down();
            known.0.insert(key(&decision.cell, target), f64::from(decision.slower_ppm));
            known.learn(target, decision);
        }
        known
    }

    /// A handicap that is known, or found by trying.
    pub(super) fn reach(
        &mut self,
        target: f64,
        cell: &Cell,
        base: &Arm,
        pins: &[usize],
        stop: &Stop,
    ) -> u32 {
        let key = key(&cell.id(), target);
        if let Some(known) = self.0.get(&key) {
            return whole(*known);
        }
        let mut ppm = 1e6 * target;
        for attempt in 0..ATTEMPTS {
            let head = Arm { name: "head", slower_ppm: whole(ppm), ..base.clone() };
            let mut duel = Duel::new(cell.clone(), attempt as u64 + 77);
            while duel.pairs.len() < PAIRS && !duel.is_at_end() && stop.asked().is_none() {
                // One that cannot be measured shows in the decision itself.
                if duel.to_next_look(base, &head, pins, stop).is_err() {
                    break;
                }
            }
            let Some(found) = Trimmed::of(&log_ratios(&duel.pairs)).map(|t| t.mean.exp_m1()) else {
                break;
            };
            if (found / target - 1.0).abs() < CLOSE {
                break;
            }
            // What is lost is proportional to what is asked; a machine that shows none of
            // it wants a good deal more.
            ppm *= (target / found.max(target / 8.0)).clamp(0.25, 8.0);
        }
        self.0.insert(key, ppm);
        whole(ppm)
    }

    /// A step towards the target, and a short one: what one decision shows is not exact.
    pub(super) fn learn(&mut self, target: f64, decision: &Decision) {
        if decision.what == What::CrowdedSlower25 {
            return;
        }
        let Some(found) = realised(decision).filter(|found| *found > 0.0) else { return };
        if let Some(ppm) = self.0.get_mut(&key(&decision.cell, target)) {
            *ppm *= (target / found).clamp(0.5, 2.0).powf(STEP);
        }
    }
}

fn whole(ppm: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let whole = ppm.round().clamp(1.0, 1e8) as u32;
    whole
}
