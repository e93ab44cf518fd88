//! The exchange against a model of its cells: what is read, displaced and passed over
//! is known at every moment.

use std::cell::Cell;

use pipefit::memory::Fault;
use pipefit::memory::exchange::{ExchangeRx, ExchangeTx, Shape, prepare};
use proptest::prelude::*;

use super::byte;
use super::memory::{End, Memory};

#[derive(Clone, Debug)]
enum Step {
    /// So many frames, the first one of that many bytes.
    Send(u64, usize),
    Take(usize),
}

fn scene() -> impl Strategy<Value = (usize, usize, u64, Vec<Step>)> {
    let cells = prop_oneof![2 => Just(1_usize), 2 => 2_usize..5, 1 => 5_usize..40];
    let step = prop_oneof![
        3 => (1_u64..4, 0_usize..100).prop_map(|(n, len)| Step::Send(n, len)),
        1 => (1_u64..90, 0_usize..100).prop_map(|(n, len)| Step::Send(n, len)),
        4 => prop_oneof![0_usize..6, Just(usize::MAX)].prop_map(Step::Take),
    ];
    // A cell holds 43 bits of a frame's number.
    let at = prop_oneof![
        1 => Just(0),
        2 => (0_u64..300).prop_map(|n| (1 << 43) - n),
        1 => (0_u64..300).prop_map(|n| (1 << 42) - n),
        1 => (0_u64..300, 1_u64..1 << 20).prop_map(|(n, k)| (k << 43) - n),
    ];
    (cells, 8_usize..70, at, prop::collection::vec(step, 1..120))
}

/// The model: which cell holds a frame that nobody has read, and what became of others.
#[derive(Debug, Default)]
struct Books {
    cells: Vec<Option<(u64, usize)>>,
    due: u64,
    offered: u64,
    read: u64,
    displaced: u64,
}

impl Books {
    fn cell(&mut self, seq: u64) -> &mut Option<(u64, usize)> {
        let cell = seq % self.cells.len() as u64;
        &mut self.cells[usize::try_from(cell).unwrap()]
    }

    fn unread(&self) -> impl Iterator<Item = u64> {
        self.cells.iter().flatten().map(|(seq, _)| *seq)
    }

    fn passed_over(&self) -> u64 {
        self.unread().filter(|seq| *seq < self.due).count() as u64
    }

    fn has_news(&self) -> bool {
        self.unread().any(|seq| seq >= self.due)
    }
}

fn play(cells: usize, frame: usize, at: u64, steps: &[Step]) {
    let shape = Shape::new(cells, frame, false);
    let memory = Memory::new(&shape.geometry());
    let (a, b) = (Cell::new(u64::MAX), Cell::new(u64::MAX));
    let region = End::new(&memory, &a);
    prepare(&region, &shape, at);
    let mut tx = ExchangeTx::new(region, shape, at);
    let mut rx = ExchangeRx::new(End::new(&memory, &b), shape, at);
    let larger = tx.send(frame + 1, |_| panic!("there is nothing to fill"));
    assert_eq!(larger, Err(Fault::TooLarge { len: frame + 1, max: frame }));

    let mut books = Books { cells: vec![None; cells], due: at, ..Books::default() };
    for step in steps {
        match *step {
            Step::Send(count, len) => {
                for i in 0..count {
                    let (seq, len) = (at + books.offered, 8 + (len + i as usize) % (frame - 7));
                    let fill = |to: &mut [u8]| {
                        to.iter_mut().enumerate().for_each(|(i, b)| *b = byte(seq, i));
                        to[..8].copy_from_slice(&seq.to_le_bytes());
                    };
                    let displaced = tx.send(len, fill).unwrap();
                    let before = books.cell(seq).replace((seq, len));
                    assert_eq!(displaced, u64::from(before.is_some()), "frame {seq}");
                    books.displaced += displaced;
                    books.offered += 1;
                }
            }
            Step::Take(max) => take(&mut rx, &mut books, max),
        }
        assert_eq!(rx.has_news(), books.has_news());
        assert_eq!(rx.passed_over(), books.passed_over());
        let unread = books.unread().count() as u64;
        assert_eq!(books.offered, books.read + books.displaced + unread);
    }
    while books.has_news() {
        take(&mut rx, &mut books, usize::MAX);
    }
    assert_eq!(books.offered, books.read + books.displaced + rx.passed_over());
    assert!(rx.tries() >= books.read);
}

fn take(rx: &mut ExchangeRx<End<'_>>, books: &mut Books, max: usize) {
    let (due, news) = (books.due, books.has_news());
    let is_there = books.cell(due).is_some_and(|(seq, _)| seq == due);
    let mut first = None;
    let n = rx.take(max, |frame| {
        let seq = u64::from_le_bytes(*frame.first_chunk().expect("a frame has a number"));
        assert!(first.is_none() || seq == books.due, "frames of one call follow each other");
        assert!(seq >= books.due, "frame {seq} after {}", books.due);
        let there = books.cell(seq).take();
        assert_eq!(there, Some((seq, frame.len())), "a frame that nobody sent, or not so");
        let rest = frame.iter().enumerate().skip(8);
        assert!(rest.into_iter().all(|(i, b)| *b == byte(seq, i)), "frame {seq} is not whole");
        first.get_or_insert(seq);
        books.due = seq + 1;
        books.read += 1;
    });
    let n = n.unwrap();
    assert_eq!(n > 0, news && max > 0, "a frame is read if there is one");
    assert!(!is_there || first.is_none_or(|first| first == due), "the due one was there");
    let all = max.min(books.cells.len());
    assert!(n == all || !books.has_news(), "a call stopped before the newest");
}

#[test]
fn short_frames_keep_their_length() {
    let shape = Shape::new(2, 9, false);
    let memory = Memory::new(&shape.geometry());
    let fuse = Cell::new(u64::MAX);
    prepare(&End::new(&memory, &fuse), &shape, 0);
    let mut tx = ExchangeTx::new(End::new(&memory, &fuse), shape, 0);
    let mut rx = ExchangeRx::new(End::new(&memory, &fuse), shape, 0);
    for len in (0..=9).cycle().take(50) {
        let bytes: Vec<u8> = (0..len).map(|i| byte(len as u64, i)).collect();
        assert_eq!(tx.send(len, |to| to.copy_from_slice(&bytes)), Ok(0));
        assert_eq!(rx.take(2, |frame| assert_eq!(frame, bytes)), Ok(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn an_exchange_keeps_its_books((cells, frame, at, steps) in scene()) {
        play(cells, frame, at, &steps);
    }
}
