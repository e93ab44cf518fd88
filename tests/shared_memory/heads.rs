//! A segment as it is made and opened. Its head, as somebody else may have written it,
//! is what was expected, or it is refused.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use pipefit::memory::layout::{Geometry, Kind};
use pipefit::memory::sync::{Ordering, Region};
use pipefit::memory::{Segment, SegmentError, exchange, ring};
use proptest::prelude::*;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::pwrite;

/// A memfd of that size, sealed as far as is said.
fn memfd(size: u64, seals: SealFlags) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = memfd_create("pipefit-test", flags).unwrap();
    ftruncate(&fd, size).unwrap();
    fcntl_add_seals(&fd, seals).unwrap();
    fd
}

fn is_mismatch(opened: Result<Arc<Segment>, SegmentError>) -> bool {
    matches!(opened, Err(SegmentError::LayoutMismatch(_)))
}

/// Another descriptor of a good segment.
fn again(segment: &Segment) -> OwnedFd {
    segment.fd().unwrap().try_clone_to_owned().unwrap()
}

#[test]
fn a_head_as_expected_is_accepted() {
    for geometry in
        [ring::Shape::new(4096, 64, true).geometry(), exchange::Shape::new(3, 64, true).geometry()]
    {
        let segment = Segment::sealed(&geometry).unwrap();
        let opened = Segment::open_sealed(again(&segment), &geometry).unwrap();
        assert_eq!(opened.maker(), segment.maker());
    }
}

#[test]
fn memory_that_was_not_sealed_is_refused() {
    let geometry = ring::Shape::new(4096, 64, true).geometry();
    for seals in [SealFlags::empty(), SealFlags::GROW, SealFlags::GROW | SealFlags::SEAL] {
        assert!(is_mismatch(Segment::open_sealed(memfd(geometry.total, seals), &geometry)));
    }
}

/// Of each mapping of so many kilobytes that is called so: how many are mapped now, and
/// how many of them to be written to without another fault.
fn mapped(name: &str, kilobytes: u64) -> Vec<(u64, u64)> {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut found = Vec::new();
    let (mut is_named, mut size, mut rss) = (false, 0, 0);
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default();
        let value = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        match key {
            "Size:" => size = value,
            "Rss:" => rss = value,
            "Private_Dirty:" if is_named && size == kilobytes => found.push((rss, value)),
            key if !key.ends_with(':') => is_named = line.contains(name),
            _ => {}
        }
    }
    found
}

#[test]
fn every_page_is_there_before_a_segment_is_used() {
    for (size, make) in
        [(1 << 21, Segment::named as fn(&Geometry) -> _), (1 << 22, Segment::sealed)]
    {
        let geometry = ring::Shape::new(size, 64, true).geometry();
        let segment: Arc<Segment> = make(&geometry).unwrap();
        let all = geometry.total.div_ceil(4096) * 4;
        let found = mapped("pipefit", all);
        assert_eq!(found, [(all, all)], "kilobytes that are mapped, and written");
        drop(segment);
    }
}

/// Touching what was never written would take up memory: a peer could have it all.
#[test]
fn a_size_that_is_not_expected_takes_up_no_memory() {
    let geometry = ring::Shape::new(4096, 64, true).geometry();
    let fd = memfd(1 << 30, SealFlags::SHRINK);
    let peer = fd.try_clone().unwrap();
    assert!(is_mismatch(Segment::open_sealed(fd, &geometry)));
    let blocks = rustix::fs::fstat(&peer).unwrap().st_blocks;
    assert!(blocks < 1024, "{blocks} blocks were taken up");
}

proptest! {
    #[test]
    fn memory_of_any_size_and_content_is_refused(
        size in prop_oneof![
            0_u64..40,
            1000_u64..1100,
            0_u64..20_000,
            Just(ring::Shape::new(4096, 64, true).geometry().total),
        ],
        content in prop::collection::vec(any::<u8>(), 0..128),
    ) {
        let fd = memfd(size, SealFlags::empty());
        let content = &content[..content.len().min(usize::try_from(size).unwrap())];
        pwrite(&fd, content, 0).unwrap();
        fcntl_add_seals(&fd, SealFlags::SHRINK).unwrap();
        let geometry = ring::Shape::new(4096, 64, true).geometry();
        prop_assert!(is_mismatch(Segment::open_sealed(fd, &geometry)));
    }

    /// A good head of which some words are changed. Who made it and which link it is
    /// for may be anything, but a pid is a pid.
    #[test]
    fn a_changed_head_is_refused(
        changes in prop::collection::vec(
            (0_usize..8, prop_oneof![any::<u64>(), 0_u64..5000, Just(u64::MAX)]),
            1..4,
        ),
    ) {
        let geometry = ring::Shape::new(4096, 64, true).geometry();
        let segment = Segment::sealed(&geometry).unwrap();
        let region = segment.region();
        let word = |i: usize| region.word(8 * i).load(Ordering::Relaxed);
        let before: Vec<u64> = (0..8).map(word).collect();
        for (i, value) in changes {
            region.word(8 * i).store(value, Ordering::Relaxed);
        }
        let after: Vec<u64> = (0..8).map(word).collect();
        let same = [0, 1, 5, 6, 7].iter().all(|i| before[*i] == after[*i]);
        let opened = Segment::open_sealed(again(&segment), &geometry);
        if same && u32::try_from(after[3]).is_ok() {
            prop_assert!(opened.is_ok());
        } else {
            prop_assert!(is_mismatch(opened));
        }
    }

    /// What is expected may be anything, too.
    #[test]
    fn a_good_head_is_refused_where_another_is_expected(
        frame in any::<u64>(),
        capacity in any::<u64>(),
        total in prop_oneof![any::<u64>(), 0_u64..10_000],
        exchange in any::<bool>(),
    ) {
        let made = ring::Shape::new(4096, 64, true).geometry();
        let segment = Segment::sealed(&made).unwrap();
        let kind = if exchange { Kind::Exchange } else { Kind::Ring };
        let expected = Geometry { kind, frame, capacity, total };
        prop_assert!(is_mismatch(Segment::open_sealed(again(&segment), &expected)));
    }
}
