//! rtrb, between two threads: items of `N` bytes, one by one or in chunks.

use pipefit::ground::{Bytes, Nanos};
use pipefit::link::{
    Caps, Link, LinkError, LinkSpec, Place, RecvError, Rx, SendError, Sent, Tally, Timer,
    Transport, Tx,
};
use rtrb::{Consumer, Producer, RingBuffer};

/// One push and one pop for each.
#[derive(Debug)]
pub(crate) struct Items<const N: usize>;

/// As many as there are with one commit.
#[derive(Debug)]
pub(crate) struct Chunks<const N: usize>;

/// Most items of a chunk.
const CHUNK: usize = 64;

#[derive(Debug)]
pub(crate) struct ItemTx<const N: usize>(Producer<[u8; N]>);

#[derive(Debug)]
pub(crate) struct ItemRx<const N: usize> {
    from: Consumer<[u8; N]>,
    chunks: bool,
}

fn open<const N: usize>(spec: &LinkSpec, chunks: bool) -> Link<ItemTx<N>, ItemRx<N>> {
    // The same bytes as a ring of that capacity has.
    let (tx, from) = RingBuffer::new(spec.capacity.as_usize() / N);
    Link { tx: ItemTx(tx), rx: ItemRx { from, chunks }, granted: Some(Bytes(spec.capacity.0)) }
}

macro_rules! transport {
    ($name:ident, $chunks:literal, $eight:literal, $sixty_four:literal) => {
        impl<const N: usize> Transport for $name<N> {
            type Tx = ItemTx<N>;
            type Rx = ItemRx<N>;
            const NAME: &'static str = if N == 8 { $eight } else { $sixty_four };

            fn caps() -> Caps {
                Caps { batch: $chunks, ..super::caps(Place::Thread) }
            }

            fn open(spec: &LinkSpec) -> Result<Link<ItemTx<N>, ItemRx<N>>, LinkError> {
                Ok(open(spec, $chunks))
            }
        }
    };
}
transport!(Items, false, "rtrb-8", "rtrb-64");
transport!(Chunks, true, "rtrb-chunks-8", "rtrb-chunks-64");

impl<const N: usize> Tx for ItemTx<N> {
    #[inline]
    fn try_send(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Option<Sent>, SendError> {
        if self.0.is_full() {
            return Ok(None);
        }
        let mut item = [0; N];
        fill(&mut item[..len.min(N)]);
        Ok(self.0.push(item).is_ok().then_some(Sent::Delivered))
    }

    async fn send<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Sent, SendError> {
        self.try_send(len, fill)?.ok_or(SendError::TimedOut)
    }

    /// Spins for room: the bench gives it a core of its own.
    async fn send_batch<C: Timer>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        count: usize,
        len: usize,
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<Tally, SendError> {
        let mut done = 0;
        while done < count && !self.0.is_abandoned() {
            let n = (count - done).min(CHUNK).min(self.0.slots());
            let Ok(chunk) = self.0.write_chunk_uninit(n) else { continue };
            let items = (done..done + n).map(|i| {
                let mut item = [0; N];
                fill(i, &mut item[..len.min(N)]);
                item
            });
            done += chunk.fill_from_iter(items);
        }
        Ok(Tally { delivered: done as u64, dropped: 0 })
    }

    async fn close<C: Timer>(&mut self, _timer: &C, _until: Nanos) -> Result<(), SendError> {
        Ok(())
    }
}

impl<const N: usize> Rx for ItemRx<N> {
    #[inline]
    fn take_ready(&mut self, max: usize, mut read: impl FnMut(&[u8])) -> usize {
        let mut n = 0;
        if self.chunks {
            let there = self.from.slots().min(max);
            if let Ok(chunk) = self.from.read_chunk(there) {
                let (a, b) = chunk.as_slices();
                a.iter().chain(b).for_each(|item| read(item));
                chunk.commit_all();
                n = there;
            }
            return n;
        }
        while n < max {
            let Ok(item) = self.from.pop() else { break };
            read(&item);
            n += 1;
        }
        n
    }

    async fn recv<C: Timer, R>(
        &mut self,
        _timer: &C,
        _until: Nanos,
        _read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, RecvError> {
        Err(RecvError::Corrupt("rtrb is only asked, never waited for".into()))
    }

    async fn drain<C: Timer>(
        &mut self,
        _timer: &C,
        max: usize,
        read: impl FnMut(&[u8]),
    ) -> Result<usize, RecvError> {
        Ok(self.take_ready(max, read))
    }
}
