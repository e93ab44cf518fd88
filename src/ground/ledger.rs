//! The ledger: every frame that was offered is accounted for, once.
//!
//! ```text
//! offered = shown + merged + dropped + lost + in flight
//! ```
//!
//! The reader's side watches sequence numbers only; what the sender says it
//! offered and dropped comes from its trailer. The two are counted apart and
//! then held against each other by [`Balance::check`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many separate gaps are remembered, so that a late frame can be told from
/// a duplicate. 4,096 gaps are 64 KiB.
const GAPS: usize = 4_096;

/// What an arriving sequence number turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Newer than all before it.
    New,
    /// Older than the newest, and missing until now.
    Late,
    /// Seen before, or too old to be told from one seen before.
    Duplicate,
}

/// Watches the sequence numbers of one producer.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    next: u64,
    missing: u64,
    gaps: Vec<(u64, u64)>,
    duplicate: u64,
    reordered: u64,
    corrupt: u64,
    torn: u64,
    tearing: bool,
}

impl Ledger {
    /// Books an intact frame.
    #[inline]
    pub fn arrive(&mut self, seq: u64) -> Arrival {
        self.tearing = false;
        if seq == self.next {
            self.next += 1;
            return Arrival::New;
        }
        self.arrive_out_of_line(seq)
    }

    #[cold]
    fn arrive_out_of_line(&mut self, seq: u64) -> Arrival {
        if seq > self.next {
            if self.gaps.len() == GAPS {
                self.gaps.remove(0);
            }
            self.gaps.push((self.next, seq));
            self.missing += seq - self.next;
            self.next = seq + 1;
            return Arrival::New;
        }
        let Some(i) = self.gaps.iter().rposition(|&(from, to)| (from..to).contains(&seq)) else {
            self.duplicate += 1;
            return Arrival::Duplicate;
        };
        let (from, to) = self.gaps.remove(i);
        for (at, gap) in [(from, seq), (seq + 1, to)].into_iter().filter(|g| g.0 < g.1).enumerate()
        {
            self.gaps.insert(i + at, gap);
        }
        self.missing -= 1;
        self.reordered += 1;
        Arrival::Late
    }

    /// Books a frame that came again and has no number of its own any more.
    pub fn duplicate(&mut self) {
        self.duplicate += 1;
    }

    /// Of so many frames offered, how many come after the newest that arrived.
    #[must_use]
    pub const fn tail(&self, offered: u64) -> u64 {
        offered.saturating_sub(self.next)
    }

    /// The number behind the newest that arrived: as many were sent at least.
    #[must_use]
    pub const fn reached(&self) -> u64 {
        self.next
    }

    /// Books a frame that had all its bytes, but not the right ones.
    pub fn corrupt(&mut self) {
        self.corrupt += 1;
    }

    /// Forgets the damage so far: it happened before the first frame that counts.
    pub fn forget_damage(&mut self) {
        (self.corrupt, self.torn, self.tearing) = (0, 0, false);
    }

    /// Books a tear. Until the next good frame, further tears are the same one.
    pub fn torn(&mut self) {
        if !self.tearing {
            self.torn += 1;
        }
        self.tearing = true;
    }

    /// Sequence numbers below the newest that have not arrived.
    #[inline]
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.missing
    }

    /// Closes the books: `offered` and `dropped` are the sender's word, `shown`
    /// and `merged` the reader's own counts.
    #[must_use]
    pub fn balance(&self, sender: Sent, shown: u64, merged: u64, in_flight: u64) -> Balance {
        let missing = self.missing + self.tail(sender.offered);
        Balance {
            offered: sender.offered,
            shown,
            merged,
            dropped: sender.dropped,
            lost: missing.saturating_sub(sender.dropped).saturating_sub(in_flight),
            duplicate: self.duplicate,
            reordered: self.reordered,
            corrupt: self.corrupt,
            torn: self.torn,
            in_flight,
        }
    }
}

/// What a sender says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Frames the schedule asked for: sequence numbers given out.
    pub offered: u64,
    /// Frames that the policy dropped or displaced.
    pub dropped: u64,
}

/// The closed books of one producer and run, in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Balance {
    /// The schedule asked for them.
    pub offered: u64,
    /// Shown one by one; where nothing is drawn, decoded and verified.
    pub shown: u64,
    /// Reached the consumer and were folded into what others show.
    pub merged: u64,
    /// Given up by the policy.
    pub dropped: u64,
    /// Neither shown nor dropped: they should be there and are not.
    pub lost: u64,
    /// Came twice. Outside the balance.
    pub duplicate: u64,
    /// Came after a later one. Outside the balance.
    pub reordered: u64,
    /// Came with wrong bytes; lost as well.
    pub corrupt: u64,
    /// Tears in the stream: frames cut or mixed; lost as well.
    pub torn: u64,
    /// Still under way when the run was stopped.
    pub in_flight: u64,
}

/// The books do not close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the ledger does not balance: {offered} offered, but {accounted} accounted for \
     (shown + merged + dropped + lost + in flight)"
)]
pub struct Unbalanced {
    /// Frames offered.
    pub offered: u64,
    /// Frames accounted for.
    pub accounted: u64,
}

impl Balance {
    /// Whether everything offered is accounted for, once.
    ///
    /// # Errors
    /// [`Unbalanced`] with both sums.
    pub fn check(&self) -> Result<(), Unbalanced> {
        // Books that were read from a file may say anything.
        let parts = [self.shown, self.merged, self.dropped, self.lost, self.in_flight];
        let accounted: u128 = parts.iter().map(|part| u128::from(*part)).sum();
        if accounted == u128::from(self.offered) {
            Ok(())
        } else {
            let accounted = u64::try_from(accounted).unwrap_or(u64::MAX);
            Err(Unbalanced { offered: self.offered, accounted })
        }
    }

    /// Adds another run's books to these.
    pub fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.shown += other.shown;
        self.merged += other.merged;
        self.dropped += other.dropped;
        self.lost += other.lost;
        self.duplicate += other.duplicate;
        self.reordered += other.reordered;
        self.corrupt += other.corrupt;
        self.torn += other.torn;
        self.in_flight += other.in_flight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn books(seqs: &[u64], offered: u64, dropped: u64) -> Balance {
        let mut l = Ledger::default();
        let shown = seqs.iter().filter(|&&s| l.arrive(s) != Arrival::Duplicate).count() as u64;
        l.balance(Sent { offered, dropped }, shown, 0, 0)
    }

    #[test]
    fn each_fault_has_its_own_name() {
        let b = books(&[0, 1, 1, 2], 3, 0);
        assert_eq!((b.duplicate, b.lost, b.reordered), (1, 0, 0));
        let b = books(&[0, 2, 1, 3], 4, 0);
        assert_eq!((b.duplicate, b.lost, b.reordered), (0, 0, 1));
        let b = books(&[0, 2, 3], 4, 0);
        assert_eq!((b.duplicate, b.lost, b.reordered), (0, 1, 0));
        let b = books(&[0, 1], 4, 0);
        assert_eq!(b.lost, 2, "a lost tail");
        let b = books(&[0, 3], 4, 2);
        assert_eq!((b.lost, b.dropped), (0, 2));
        assert!(b.check().is_ok());
    }

    #[test]
    fn tears_between_two_good_frames_are_one() {
        let mut l = Ledger::default();
        l.arrive(0);
        l.torn();
        l.torn();
        l.arrive(2);
        l.torn();
        assert_eq!(l.balance(Sent { offered: 3, dropped: 0 }, 2, 0, 0).torn, 2);
    }

    #[test]
    fn a_sender_that_claims_more_drops_than_gaps_does_not_balance() {
        assert!(books(&[0, 1, 2], 3, 1).check().is_err());
    }

    #[test]
    fn books_that_nobody_kept_do_not_balance_by_chance() {
        let wrapping = Balance { shown: u64::MAX, merged: 1, ..Balance::default() };
        let unbalanced = wrapping.check().unwrap_err();
        assert_eq!((unbalanced.offered, unbalanced.accounted), (0, u64::MAX));
        let most = Balance { offered: u64::MAX, shown: u64::MAX, ..Balance::default() };
        assert!(most.check().is_ok(), "the control");
    }

    #[test]
    fn a_viewer_that_counts_a_frame_twice_does_not_balance() {
        let mut l = Ledger::default();
        l.arrive(0);
        assert!(l.balance(Sent { offered: 1, dropped: 0 }, 1, 1, 0).check().is_err());
    }

    proptest! {
        #[test]
        fn any_order_with_repeats_and_holes_balances(
            seqs in prop::collection::vec(0u64..300, 0..600),
            beyond in 0u64..5,
        ) {
            let offered = seqs.iter().max().map_or(0, |m| m + 1) + beyond;
            let b = books(&seqs, offered, 0);
            let distinct = seqs.iter().collect::<std::collections::HashSet<_>>().len() as u64;
            prop_assert!(b.check().is_ok());
            prop_assert_eq!(b.shown, distinct);
            prop_assert_eq!(b.lost, offered - distinct);
            prop_assert_eq!(b.duplicate, seqs.len() as u64 - distinct);
        }
    }
}
