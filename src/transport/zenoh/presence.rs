//! Whether the other half is there.

use crate::ground::Nanos;

/// What is known of the other half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    /// How long it may be away: a connection that broke may come back.
    grace: Nanos,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awaited,
    There,
    Away(Nanos),
    Gone,
}

impl Presence {
    /// Not seen yet.
    pub(super) const fn awaited(grace: Nanos) -> Self {
        Self { grace, state: State::Awaited }
    }

    pub(super) fn is_there(self) -> bool {
        self.state == State::There
    }

    /// What the engine says. One that has said goodbye does not come back.
    pub(super) fn seen(&mut self, there: bool, now: Nanos) {
        self.state = match (self.state, there) {
            (State::Gone, _) => State::Gone,
            (_, true) => State::There,
            (State::There, false) => State::Away(now),
            (before, false) => before,
        };
    }

    /// It has said goodbye.
    pub(super) fn gone(&mut self) {
        self.state = State::Gone;
    }

    /// Whether it will not come back.
    pub(super) fn is_over(self, now: Nanos) -> bool {
        match self.state {
            State::Gone => true,
            State::Away(since) => now >= since + self.grace,
            State::Awaited | State::There => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_away_may_come_back_for_a_while_and_who_is_gone_may_not() {
        let mut other = Presence::awaited(Nanos(100));
        other.seen(false, Nanos(0));
        assert!(!other.is_over(Nanos(1_000)), "it has not been there yet");
        other.seen(true, Nanos(10));
        other.seen(false, Nanos(20));
        assert!(!other.is_there() && !other.is_over(Nanos(119)) && other.is_over(Nanos(120)));
        other.seen(true, Nanos(119));
        assert!(other.is_there() && !other.is_over(Nanos(1_000)));
        other.gone();
        other.seen(true, Nanos(200));
        assert!(!other.is_there() && other.is_over(Nanos(200)));
    }

    #[test]
    fn on_one_host_who_is_away_is_gone() {
        let mut other = Presence::awaited(Nanos(0));
        other.seen(true, Nanos(10));
        other.seen(false, Nanos(20));
        assert!(other.is_over(Nanos(20)));
    }
}
