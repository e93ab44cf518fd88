//! Keeps the course of a trial while it goes on: what becomes a [`Timeline`].
//!
//! Frames pass by the tens of millions, so the usual one costs three comparisons and a
//! few additions, and nothing is allocated for it. How long the trial will be need not be
//! known: stretches begin short, and when there are too many of them, neighbours are put
//! together and all are twice as long from then on. Frames that are followed are thinned
//! out in the same way. What is kept depends on the frames alone: no choice is random.

use super::timeline::{
    FLIGHTS, Flight, Latency, SCREENS, STRETCHES, ScreenAt, Stretch, Timeline, offset,
};
use crate::ground::Nanos;

/// How long a stretch is at first, in ns.
const FIRST: u64 = 1_000_000;

/// What passes by a reader, over time.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Which span is kept; `None`: nothing is.
    latency: Option<Latency>,
    /// When measuring began.
    origin: Nanos,
    /// Where the present stretch ends.
    edge: Nanos,
    /// Frames are followed whose number has none of these bits.
    mask: u64,
    /// Numbers missing so far, as the ledger has it.
    missing: u64,
    /// The present stretch, and which one it is.
    present: Stretch,
    index: usize,
    /// How long a stretch is now.
    length: u64,
    /// All of them; the present one's place is taken when it is over.
    stretches: Vec<Stretch>,
    flights: Vec<Flight>,
    screens: Vec<ScreenAt>,
    screens_beyond: u64,
}

impl Trail {
    /// Keeps nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            latency: None,
            origin: Nanos(0),
            edge: Nanos::NEVER,
            mask: u64::MAX,
            missing: 0,
            present: Stretch::EMPTY,
            index: 0,
            length: FIRST,
            stretches: Vec::new(),
            flights: Vec::new(),
            screens: Vec::new(),
            screens_beyond: 0,
        }
    }

    /// Keeps what is measured from `origin` on. All room for frames is taken here.
    #[must_use]
    pub fn new(origin: Nanos, latency: Latency) -> Self {
        let mut stretches = Vec::with_capacity(STRETCHES);
        stretches.push(Stretch::EMPTY);
        Self {
            latency: Some(latency),
            origin,
            edge: origin + FIRST,
            mask: 0,
            stretches,
            flights: Vec::with_capacity(FLIGHTS),
            ..Self::off()
        }
    }

    /// A frame of that number was seen, and `missing` numbers have not come so far.
    #[inline]
    pub fn saw(
        &mut self,
        number: u64,
        missing: u64,
        seen: Nanos,
        due: Option<Nanos>,
        sent: Option<Nanos>,
    ) {
        if seen >= self.edge {
            self.turn(seen);
        }
        if missing != self.missing {
            self.skip(missing);
        }
        let from = if self.latency == Some(Latency::Response) { due } else { sent };
        // A negative span is the meters' affair: it makes the trial invalid.
        if let Some(span) = from.and_then(|from| seen.since(from)) {
            let present = &mut self.present;
            present.count += 1;
            present.low_ns = present.low_ns.min(span);
            present.high_ns = present.high_ns.max(span);
            present.sum_ns = present.sum_ns.saturating_add(span);
        }
        if number & self.mask == 0 {
            self.follow(number, seen, due, sent);
        }
    }

    /// A frame was drawn, in the measured window or outside of it. What has been seen
    /// since the one before is on the screen now.
    pub fn drawn(&mut self, frame: ScreenAt, measured: bool) {
        if self.latency.is_none() {
            return;
        }
        let waiting = self.flights.iter_mut().rev().take_while(|flight| flight.shown_ns.is_none());
        waiting.for_each(|flight| flight.shown_ns = Some(frame.end_ns));
        if !measured {
            return;
        }
        if self.screens.len() < SCREENS {
            self.screens.push(frame);
        } else {
            self.screens_beyond += 1;
        }
    }

    /// Closes it after so much time; `None` where nothing was kept.
    #[must_use]
    pub fn finish(mut self, span_ns: u64) -> Option<Timeline> {
        let latency = self.latency?;
        self.put_back();
        while self.stretches.last() == Some(&Stretch::EMPTY) {
            self.stretches.pop();
        }
        if self.stretches.is_empty() && self.screens.is_empty() {
            return None;
        }
        for stretch in self.stretches.iter_mut().filter(|stretch| stretch.count == 0) {
            stretch.low_ns = 0;
        }
        Some(Timeline {
            span_ns,
            latency,
            stretch_ns: self.length,
            stretches: self.stretches,
            screens: self.screens,
            screens_beyond: self.screens_beyond,
            stalls: Vec::new(),
            stalls_beyond: 0,
            stride: self.mask + 1,
            flights: self.flights,
        })
    }

    /// The present stretch is over.
    #[cold]
    #[inline(never)]
    fn turn(&mut self, seen: Nanos) {
        self.put_back();
        let passed = seen.0.saturating_sub(self.origin.0);
        while passed / self.length >= STRETCHES as u64 {
            self.fold();
        }
        let nth = passed / self.length;
        self.index = usize::try_from(nth).unwrap_or(STRETCHES - 1);
        if self.stretches.len() <= self.index {
            self.stretches.resize(self.index + 1, Stretch::EMPTY);
        }
        self.present = self.stretches[self.index];
        self.edge = self.origin + self.length.saturating_mul(nth + 1);
    }

    /// Puts the present stretch in its place.
    fn put_back(&mut self) {
        if let Some(place) = self.stretches.get_mut(self.index) {
            *place = self.present;
        }
    }

    /// Makes stretches twice as long.
    fn fold(&mut self) {
        let pairs = self.stretches.len().div_ceil(2);
        for i in 0..pairs {
            let first = self.stretches[2 * i];
            let second = self.stretches.get(2 * i + 1).copied().unwrap_or(Stretch::EMPTY);
            self.stretches[i] = first.and(&second);
        }
        self.stretches.truncate(pairs);
        self.length *= 2;
    }

    /// A gap, or a frame that fills one.
    #[cold]
    #[inline(never)]
    fn skip(&mut self, missing: u64) {
        self.present.missing += missing.saturating_sub(self.missing);
        self.missing = missing;
    }

    /// Follows a frame whose turn it is.
    #[cold]
    #[inline(never)]
    fn follow(&mut self, seq: u64, seen: Nanos, due: Option<Nanos>, sent: Option<Nanos>) {
        let (Some(_), Some(sent)) = (self.latency, sent) else { return };
        // Of frames that are stamped now and then, all may be multiples of many strides.
        while self.flights.len() == FLIGHTS && self.mask < u64::MAX / 2 {
            self.mask = 2 * self.mask + 1;
            let mask = self.mask;
            self.flights.retain(|flight| flight.seq & mask == 0);
        }
        if seq & self.mask == 0 && self.flights.len() < FLIGHTS {
            self.flights.push(Flight {
                seq,
                due_ns: due.map(|due| offset(due, self.origin)),
                sent_ns: offset(sent, self.origin),
                seen_ns: offset(seen, self.origin),
                shown_ns: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 5_000_000_000;

    /// Frames one every `period` ns, each 100 ns under way; the n-th is late by `late(n)`,
    /// and comes only if `comes(n)`.
    fn course(
        frames: u64,
        period: u64,
        late: impl Fn(u64) -> u64,
        comes: impl Fn(u64) -> bool,
    ) -> Timeline {
        let mut trail = Trail::new(Nanos(START), Latency::Response);
        let (mut next, mut missing) = (0, 0);
        for n in (0..frames).filter(|n| comes(*n)) {
            missing += n - next;
            next = n + 1;
            let due = START + n * period;
            let seen = Nanos(due + 100 + late(n));
            trail.saw(n, missing, seen, Some(Nanos(due)), Some(Nanos(due)));
        }
        trail.finish(frames * period).unwrap()
    }

    fn usual(frames: u64, period: u64) -> Timeline {
        course(frames, period, |_| 0, |_| true)
    }

    #[test]
    fn it_is_bounded_however_long_it_runs() {
        for (frames, period) in [(10, 1_000), (300_000, 10_000), (300_000, 1_000_000_000)] {
            let course = usual(frames, period);
            assert!(course.stretches.len() <= STRETCHES && course.flights.len() <= FLIGHTS);
            assert_eq!(course.stretches.iter().map(|s| s.count).sum::<u64>(), frames);
            let covered = course.stretch_ns * course.stretches.len() as u64;
            assert!(covered + course.stretch_ns > (frames - 1) * period, "{covered}");
        }
        // Control: what is short stays fine, what is long does not.
        assert_eq!(usual(10, 1_000).stretch_ns, FIRST);
        let long = usual(10_000, FIRST);
        assert_eq!(long.stretch_ns, 32 * FIRST, "10 s in at most 512 stretches");
        assert!(long.stretches.len() > STRETCHES / 2);
    }

    #[test]
    fn putting_stretches_together_loses_nothing() {
        let mut trail = Trail::new(Nanos(START), Latency::Transit);
        let span = |n: u64| 1 + n * 7_919 % 10_007;
        for n in 0..2_000 {
            let seen = START + n * FIRST + span(n);
            trail.saw(n, n / 10, Nanos(seen), None, Some(Nanos(seen - span(n))));
        }
        let folded = trail.finish(2_000 * FIRST).unwrap();
        assert_eq!(folded.stretch_ns, 4 * FIRST);
        for (i, stretch) in (0..).zip(&folded.stretches) {
            let spans: Vec<u64> = (4 * i..4 * i + 4).map(span).collect();
            assert_eq!(stretch.count, 4);
            assert_eq!(Some(&stretch.low_ns), spans.iter().min());
            assert_eq!(Some(&stretch.high_ns), spans.iter().max());
            assert_eq!(stretch.sum_ns, spans.iter().sum::<u64>());
        }
        assert_eq!(folded.stretches.len(), 500);
        assert_eq!(folded.missing(), 1_999 / 10);
    }

    #[test]
    fn a_stall_is_where_it_happened() {
        let stalled = |at: u64| course(400, FIRST, move |n| u64::from(n == at) * 50_000, |_| true);
        let highest = |course: &Timeline| {
            (0..course.stretches.len()).max_by_key(|i| course.stretches[*i].high_ns)
        };
        assert_eq!(highest(&stalled(123)), Some(123));
        assert_eq!(stalled(123).stretches[123].high_ns, 50_100);
        assert_eq!(stalled(123).stretches[122].high_ns, 100);
        // Control: another one is elsewhere.
        assert_eq!(highest(&stalled(321)), Some(321));
    }

    #[test]
    fn a_gap_is_where_it_happened() {
        let gap = |at: u64| course(400, FIRST, |_| 0, move |n| !(at..at + 5).contains(&n));
        let gaps = |course: &Timeline| -> Vec<(usize, u64)> {
            let all = course.stretches.iter().map(|stretch| stretch.missing).enumerate();
            all.filter(|(_, missing)| *missing > 0).collect()
        };
        assert_eq!(gaps(&gap(200)), [(205, 5)]);
        // Controls: another one is told apart, and none is none.
        assert_eq!(gaps(&gap(300)), [(305, 5)]);
        assert!(gaps(&usual(400, FIRST)).is_empty());
    }

    #[test]
    fn a_late_frame_does_not_hide_the_gap_behind_it() {
        let mut trail = Trail::new(Nanos(0), Latency::Transit);
        // 1 is passed over and comes late; then 4 is passed over.
        for (at, number, missing) in [(1, 0, 0), (2, 2, 1), (3, 1, 0), (4, 3, 0), (5, 5, 1)] {
            trail.saw(number, missing, Nanos(at), None, Some(Nanos(at)));
        }
        assert_eq!(trail.finish(10).unwrap().missing(), 2);
    }

    #[test]
    fn frames_are_followed_by_one_stride_and_always_the_same_ones() {
        for frames in [100, 256, 257, 10_000, 300_000] {
            let course = usual(frames, 1_000);
            let wanted = frames.div_ceil(course.stride);
            let seqs: Vec<u64> = course.flights.iter().map(|flight| flight.seq).collect();
            assert_eq!(seqs, (0..wanted).map(|i| i * course.stride).collect::<Vec<_>>());
            assert!(course.flights.len() > FLIGHTS / 2 || course.stride == 1, "{frames}");
            assert_eq!(course, usual(frames, 1_000), "nothing is left to chance");
        }
        assert_eq!(usual(256, 1_000).stride, 1);
        assert_eq!(usual(257, 1_000).stride, 2);
    }

    #[test]
    fn of_frames_stamped_now_and_then_those_are_followed() {
        let mut trail = Trail::new(Nanos(0), Latency::Transit);
        for n in 0..1_000_u64 {
            let at = Nanos(n * 500);
            trail.saw(64 * n, 0, at, Some(at), Some(at));
        }
        let course = trail.finish(500_000).unwrap();
        assert_eq!((course.stride, course.flights.len()), (256, 250));
    }

    #[test]
    fn a_frame_is_shown_by_the_first_drawing_after_it() {
        let mut trail = Trail::new(Nanos(START), Latency::Response);
        let see = |trail: &mut Trail, number: u64, at: u64| {
            let at = Nanos(START + at);
            trail.saw(number, 0, at, Some(at), Some(at));
        };
        let drawn = |woke_ns, end_ns| ScreenAt { woke_ns, end_ns, ..ScreenAt::default() };
        see(&mut trail, 0, 10);
        see(&mut trail, 1, 20);
        trail.drawn(drawn(5, 30), true);
        see(&mut trail, 2, 40);
        trail.drawn(drawn(35, 50), false);
        see(&mut trail, 3, 60);
        let course = trail.finish(70).unwrap();
        let shown: Vec<Option<i64>> = course.flights.iter().map(|f| f.shown_ns).collect();
        assert_eq!(shown, [Some(30), Some(30), Some(50), None]);
        assert_eq!(course.screens, [drawn(5, 30)], "what is not measured is not kept");
    }

    #[test]
    fn screens_beyond_the_bound_are_counted() {
        let mut trail = Trail::new(Nanos(0), Latency::Response);
        (0..SCREENS + 5).for_each(|_| trail.drawn(ScreenAt::default(), true));
        let course = trail.finish(1).unwrap();
        assert_eq!((course.screens.len(), course.screens_beyond), (SCREENS, 5));
    }

    #[test]
    fn no_stamp_breaks_it_and_where_nothing_is_known_nothing_is_kept() {
        let mut trail = Trail::new(Nanos(START), Latency::Transit);
        for seen in [0, START, u64::MAX, 1, u64::MAX - 1] {
            for sent in [0, u64::MAX] {
                trail.saw(0, 0, Nanos(seen), None, Some(Nanos(sent)));
            }
        }
        let course = trail.finish(1).unwrap();
        assert!(course.stretches.len() <= STRETCHES);
        assert!(Trail::new(Nanos(0), Latency::Rtt).finish(1).is_none(), "nothing came");
        let mut off = Trail::off();
        off.saw(0, 3, Nanos(5), Some(Nanos(1)), Some(Nanos(2)));
        off.drawn(ScreenAt::default(), true);
        assert!(off.finish(1).is_none());
    }
}
