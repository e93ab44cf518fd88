//! What is on its way: so that no send blocks, and no more than the capacity is there.

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair, sockopt};
use serde::{Deserialize, Serialize};

use super::Form;
use crate::ground::Bytes;
use crate::link::{LinkError, LinkSpec};

/// Part of what there is room for that a reader may have read before it says so.
const TELL: u64 = 4;

/// What frames take up, or have given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Toll {
    /// Their own bytes.
    bytes: u64,
    /// What the socket is charged for them.
    charge: u64,
}

/// What is charged for frames, and how much there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fare {
    capacity: u64,
    /// Bytes that the kernel lets a socket's queue take up.
    buffer: u64,
    packet: fn(usize) -> usize,
}

impl Fare {
    /// For a link as in `spec`.
    pub(super) fn of<F: Form>(spec: &LinkSpec) -> Result<Self, LinkError> {
        let buffer = usual_buffer()?;
        let packet = F::packet(spec.frame.as_usize());
        if packet as u64 > buffer {
            let why = format!(
                "cannot take a frame of {} on this machine: sockets hold {buffer} B \
                 (raise net.core.wmem_default)",
                spec.frame
            );
            return Err(LinkError::Unsupported { what: F::NAME.into(), why });
        }
        Ok(Self { capacity: spec.capacity.0, buffer, packet: F::packet })
    }

    /// Bytes that can be on their way.
    pub(super) fn capacity(&self) -> Bytes {
        Bytes(self.capacity.min(self.buffer))
    }

    /// What a frame takes up.
    pub(super) fn toll(&self, len: usize) -> Toll {
        Toll { bytes: len as u64, charge: charge((self.packet)(len)) }
    }

    /// Whether one of this toll can follow what is on its way. The kernel takes one more
    /// packet as long as its buffer is not yet full.
    pub(super) const fn has_room(&self, on_its_way: &Toll, next: &Toll) -> bool {
        let alone = on_its_way.bytes == 0;
        alone || (on_its_way.charge < self.buffer && on_its_way.bytes + next.bytes <= self.capacity)
    }

    /// Whether so much has been read that the sender should know.
    pub(super) const fn is_much(&self, read: &Toll) -> bool {
        read.bytes * TELL >= self.capacity || read.charge * TELL >= self.buffer
    }
}

impl Toll {
    /// One more frame.
    pub(super) const fn add(&mut self, toll: Self) {
        self.bytes += toll.bytes;
        self.charge += toll.charge;
    }

    /// Frames that have been read. The reader is trusted no further than to zero.
    pub(super) const fn repay(&mut self, read: Self) {
        self.bytes = self.bytes.saturating_sub(read.bytes);
        self.charge = self.charge.saturating_sub(read.charge);
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What the kernel charges a socket for a packet, rather too much than too little: its
/// records, a first part in a power of two, and whole pages for the rest.
const fn charge(packet: usize) -> u64 {
    const RECORDS: usize = 1024;
    const FIRST: usize = 16 << 10;
    const PAGE: usize = 4096;
    let (first, rest) = if packet > FIRST { (FIRST, packet - FIRST) } else { (packet, 0) };
    ((first + RECORDS).next_power_of_two() + rest.next_multiple_of(PAGE) + RECORDS) as u64
}

/// What a socket's buffer holds that nobody has changed, as the crate's are.
fn usual_buffer() -> Result<u64, LinkError> {
    let (one, _other) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(LinkError::os("create a pair of sockets"))?;
    let size = sockopt::socket_send_buffer_size(&one)
        .map_err(LinkError::os("ask for the size of a socket's buffer"))?;
    Ok(size as u64)
}

#[cfg(test)]
mod tests {
    use rustix::net::{SendFlags, send};

    use super::*;

    /// What is charged here must never be less than what the kernel charges: sends that
    /// there is room for by our account do not block.
    #[test]
    fn what_has_room_does_not_block() {
        let buffer = usual_buffer().unwrap();
        for len in
            [1, 72, 120, 500, 1000, 4096, 5000, 9000, 16_300, 16_400, 40_000, 65_600, 131_000]
        {
            let fare = Fare { capacity: 1 << 30, buffer, packet: |len| len };
            let kind = SocketType::SEQPACKET;
            let (tx, _rx) =
                socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
            let (mut on_its_way, toll) = (Toll::default(), fare.toll(len));
            let packet = vec![0; len];
            let mut n = 0;
            while fare.has_room(&on_its_way, &toll) {
                let sent = send(&tx, &packet, SendFlags::DONTWAIT);
                assert_eq!(sent, Ok(len), "packet {n} of {len} B");
                on_its_way.add(toll);
                n += 1;
            }
            assert!(n >= 1, "{len} B");
        }
    }

    #[test]
    fn what_was_read_is_free_again() {
        let fare = Fare { capacity: 100, buffer: 1 << 20, packet: |len| len };
        let (mut way, toll) = (Toll::default(), fare.toll(60));
        assert!(fare.has_room(&way, &toll));
        way.add(toll);
        assert!(!fare.has_room(&way, &toll));
        way.repay(toll);
        assert!(fare.has_room(&way, &toll) && way.is_nothing());
    }
}
