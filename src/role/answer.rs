//! What comes back to a pinger: whether it is the whole echo of its frame, by its peer,
//! with stamps in an order that can be.

use super::PingSpec;
use crate::ground::Nanos;
use crate::ground::frame::{self, FrameError, Kind, pattern};

/// What an answer turned out to be.
pub(super) enum Answer {
    Good,
    Backwards,
    Stranger,
    Old,
    Corrupt,
    Torn,
}

/// Whether these bytes are the peer's echo of frame `seq`.
pub(super) fn judge(bytes: &[u8], spec: &PingSpec, seq: u64, sent: Nanos, seen: Nanos) -> Answer {
    let echo = match frame::decode(bytes) {
        Ok(echo) => echo,
        Err(FrameError::Torn { .. }) => return Answer::Torn,
        Err(FrameError::Corrupt(_)) => return Answer::Corrupt,
    };
    let h = echo.header;
    if h.kind != Kind::Echo || h.producer != spec.peer || h.run != spec.run {
        return Answer::Stranger;
    }
    if h.seq != seq {
        return Answer::Old;
    }
    if echo.payload.len() as u64 != spec.size.0 || !pattern::holds(spec.producer, seq, echo.payload)
    {
        return Answer::Corrupt;
    }
    // Sent here, seen there, sent there, seen here.
    let in_order = sent.0 <= h.due && h.sent <= seen.0;
    if h.due <= h.sent && (in_order || !spec.one_clock) { Answer::Good } else { Answer::Backwards }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::Bytes;
    use crate::ground::frame::Header;
    use crate::role::Extent;

    const SPEC: PingSpec = PingSpec {
        producer: 1,
        peer: 9,
        run: 5,
        size: Bytes(64),
        warmup: Extent::Frames(0),
        extent: Extent::Frames(1),
        patience: Nanos::from_secs(1),
        one_clock: true,
    };

    /// An echo of frame 3, pinged at 100, and what a pinger makes of it at 400.
    fn judged(change: impl FnOnce(&mut Header, &mut Vec<u8>)) -> Answer {
        let mut header =
            Header { kind: Kind::Echo, producer: 9, seq: 3, due: 200, sent: 300, run: 5 };
        let mut payload = vec![0; 64];
        pattern::fill(1, 3, &mut payload);
        change(&mut header, &mut payload);
        let mut bytes = vec![0; frame::wire_len(payload.len())];
        frame::encode_with(&header, &payload, &mut bytes);
        judge(&bytes, &SPEC, 3, Nanos(100), Nanos(400))
    }

    #[test]
    fn only_a_whole_echo_by_the_peer_with_stamps_in_order_counts() {
        assert!(matches!(judged(|_, _| ()), Answer::Good));
        assert!(matches!(judged(|h, _| h.producer = 1), Answer::Stranger), "its own frame");
        assert!(matches!(judged(|h, _| h.kind = Kind::Data), Answer::Stranger), "no echo");
        assert!(matches!(judged(|h, _| h.run = 6), Answer::Stranger), "of another run");
        assert!(matches!(judged(|h, _| h.seq = 2), Answer::Old));
        assert!(matches!(judged(|_, p| p[5] ^= 1), Answer::Corrupt));
        assert!(matches!(judged(|_, p| p.truncate(8)), Answer::Corrupt), "not the whole payload");
        assert!(matches!(judged(|h, _| h.due = 99), Answer::Backwards), "seen before it was sent");
        assert!(matches!(judged(|h, _| h.due = 301), Answer::Backwards), "sent before it was seen");
        assert!(matches!(judged(|h, _| h.sent = 401), Answer::Backwards), "back before it left");
    }
}
