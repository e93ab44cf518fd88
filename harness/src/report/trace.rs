//! The courses of a record's cells as a Chrome trace (the Trace Event Format, as an
//! object), which Perfetto and `chrome://tracing` open.
//!
//! Each cell is a process with four threads: `sensor`, `link`, `viewer` and `screen`. Of
//! a frame that was followed, the spans between its stamps are asynchronous events: they
//! overlap, as those of one thread must not. A slice of one nanosecond marks each stamp
//! on the thread that took it, and a flow leads from one to the next.
//!
//! All cells begin at the same moment, though they were measured one after the other: so
//! they can be laid beside each other.

use std::collections::BTreeSet;

use pipefit::role::Timeline;
use pipefit::role::screen::FREEZE;
use pipefit::role::timeline::{Flight, Latency, ScreenAt};
use pipefit::run::record::RunRecord;
use serde_json::{Value, json};

use super::Curves;
use super::model::clean;

/// The trace of every cell whose course was kept.
#[must_use]
pub fn chrome(record: &RunRecord, curves: &Curves) -> Value {
    let with_course = |id| Some((id, curves.timeline(id)?));
    let ids = record.cells.iter().map(|cell| cell.id.as_str());
    let cells: Vec<(&str, &Timeline)> = ids.filter_map(with_course).collect();
    json!({ "displayTimeUnit": "ns", "traceEvents": events(&cells) })
}

fn events(cells: &[(&str, &Timeline)]) -> Vec<Value> {
    // The first frame may have been due before anything was measured.
    let earliest = cells.iter().flat_map(|(_, course)| moments(course)).min().unwrap_or(0).min(0);
    let mut trace = Trace { events: Vec::new(), earliest, process: 0, ids: 0 };
    for (name, course) in cells {
        trace.cell(name, course);
    }
    trace.events
}

/// Every moment of a course.
fn moments(course: &Timeline) -> impl Iterator<Item = i64> + '_ {
    let flights = course.flights.iter().flat_map(|flight| {
        let Flight { due_ns, sent_ns, seen_ns, shown_ns, .. } = *flight;
        [due_ns, Some(sent_ns), Some(seen_ns), shown_ns].into_iter().flatten()
    });
    let screens = course.screens.iter().flat_map(|screen| [screen.woke_ns, screen.end_ns]);
    flights.chain(screens).chain(course.stalls.iter().map(|stall| stall.at_ns))
}

/// A thread of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    Sensor = 1,
    Link,
    Viewer,
    Screen,
}

impl Track {
    const ALL: [Self; 4] = [Self::Sensor, Self::Link, Self::Viewer, Self::Screen];

    const fn word(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Link => "link",
            Self::Viewer => "viewer",
            Self::Screen => "screen",
        }
    }
}

/// A trace that is being written.
struct Trace {
    events: Vec<Value>,
    /// The moment that is its zero.
    earliest: i64,
    /// The number of the cell.
    process: u64,
    /// Numbers given to spans and flows so far.
    ids: u64,
}

impl Trace {
    fn cell(&mut self, name: &str, course: &Timeline) {
        self.process += 1;
        self.name("process_name", 0, &clean(name));
        for track in Track::ALL {
            self.name("thread_name", track as u64, track.word());
        }
        for stall in &course.stalls {
            let end = stall.at_ns.saturating_add_unsigned(stall.took_ns);
            self.slice("stall", Track::Sensor, (stall.at_ns, end), json!({}));
        }
        for screen in &course.screens {
            self.drawn(screen);
        }
        self.freezes(&course.screens);
        self.missing(course);
        let drawn: BTreeSet<i64> = course.screens.iter().map(|screen| screen.end_ns).collect();
        for flight in &course.flights {
            self.spans(flight, course.latency);
            self.flow(flight, flight.shown_ns.filter(|end| drawn.contains(end)));
        }
    }

    /// Gives a process, or one of its threads, its name.
    fn name(&mut self, what: &str, thread: u64, name: &str) {
        self.events.push(json!({
            "ph": "M", "name": what, "pid": self.process, "tid": thread, "args": { "name": name },
        }));
    }

    fn event(
        &mut self,
        phase: &str,
        name: &str,
        track: Track,
        at: i64,
        rest: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let mut event = json!({
            "ph": phase,
            "name": name,
            "cat": "pipefit",
            "pid": self.process,
            "tid": track as u64,
            "ts": micros(at.saturating_sub(self.earliest)),
        });
        for (key, value) in rest {
            event[key] = value;
        }
        self.events.push(event);
    }

    fn slice(&mut self, name: &str, track: Track, (from, to): (i64, i64), args: Value) {
        let length = json!(micros(to.saturating_sub(from)));
        self.event("X", name, track, from, [("dur", length), ("args", args)]);
    }

    fn drawn(&mut self, screen: &ScreenAt) {
        let ScreenAt { woke_ns, end_ns, age_before_ns, age_after_ns } = *screen;
        let args = json!({ "age_before_ns": age_before_ns, "age_after_ns": age_after_ns });
        self.slice("drawn", Track::Screen, (woke_ns, end_ns), args);
    }

    /// Where a person saw the screen stand still.
    fn freezes(&mut self, screens: &[ScreenAt]) {
        for pair in screens.windows(2) {
            let interval = pair[1].end_ns.saturating_sub(pair[0].end_ns);
            if u64::try_from(interval).is_ok_and(|interval| interval > FREEZE.0) {
                let rest = [("s", json!("t")), ("args", json!({ "interval_ns": interval }))];
                self.event("i", "freeze", Track::Screen, pair[1].end_ns, rest);
            }
        }
    }

    /// Where numbers were passed over, to within a stretch.
    fn missing(&mut self, course: &Timeline) {
        for (nth, stretch) in (0_u64..).zip(&course.stretches) {
            if stretch.missing > 0 {
                let at = i64::try_from(nth.saturating_mul(course.stretch_ns)).unwrap_or(i64::MAX);
                let rest = [("s", json!("t")), ("args", json!({ "frames": stretch.missing }))];
                self.event("i", "missing", Track::Link, at, rest);
            }
        }
    }

    /// The spans between a frame's stamps.
    fn spans(&mut self, flight: &Flight, latency: Latency) {
        let Flight { seq, due_ns, sent_ns, seen_ns, shown_ns } = *flight;
        let way = if latency == Latency::Rtt { "rtt" } else { "transit" };
        for (name, track, from, to) in [
            ("slip", Track::Sensor, due_ns, Some(sent_ns)),
            (way, Track::Link, Some(sent_ns), Some(seen_ns)),
            ("to the screen", Track::Viewer, Some(seen_ns), shown_ns),
        ] {
            // By two clocks, one may end before it begins. Those are in no figure either.
            if let (Some(from), Some(to)) = (from, to)
                && from <= to
            {
                self.ids += 1;
                let id = json!(self.ids);
                let args = json!({ "seq": seq });
                self.event("b", name, track, from, [("id", id.clone()), ("args", args)]);
                self.event("e", name, track, to, [("id", id)]);
            }
        }
    }

    /// A frame's way from thread to thread, the last of them where it was drawn at `end`.
    fn flow(&mut self, flight: &Flight, end: Option<i64>) {
        let Flight { seq, sent_ns, seen_ns, .. } = *flight;
        if seen_ns < sent_ns {
            return;
        }
        self.ids += 1;
        let id = json!(self.ids);
        let last = || [("id", id.clone()), ("bp", json!("e"))];
        self.mark("sent", Track::Sensor, sent_ns, seq);
        self.event("s", "frame", Track::Sensor, sent_ns, [("id", id.clone())]);
        self.mark("seen", Track::Viewer, seen_ns, seq);
        match end {
            // Into the slice of its drawing, which is over at its end.
            Some(end) => {
                self.event("t", "frame", Track::Viewer, seen_ns, [("id", id.clone())]);
                self.event("f", "frame", Track::Screen, end.saturating_sub(1).max(seen_ns), last());
            }
            None => self.event("f", "frame", Track::Viewer, seen_ns, last()),
        }
    }

    /// The shortest slice there is: it nests in any other, or lies beside it.
    fn mark(&mut self, name: &str, track: Track, at: i64, seq: u64) {
        self.slice(name, track, (at, at.saturating_add(1)), json!({ "seq": seq }));
    }
}

/// Trace events are in microseconds.
fn micros(nanos: i64) -> f64 {
    nanos.max(0) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipefit::role::timeline::{StallAt, Stretch};

    use super::*;

    const MS: i64 = 1_000_000;

    fn flight(seq: u64, due: i64, sent: i64, seen: i64, shown: Option<i64>) -> Flight {
        Flight { seq, due_ns: Some(due), sent_ns: sent, seen_ns: seen, shown_ns: shown }
    }

    /// Two frames that overlap on the link, one of them drawn late, and one stall.
    fn course() -> Timeline {
        let drawn = |woke_ns: i64, end_ns: i64| ScreenAt { woke_ns, end_ns, ..ScreenAt::default() };
        Timeline {
            span_ns: 400_000_000,
            stretch_ns: 4_000_000,
            stretches: vec![Stretch::default(), Stretch { missing: 3, ..Stretch::default() }],
            screens: vec![drawn(MS, 3 * MS), drawn(200 * MS, 203 * MS), drawn(210 * MS, 213 * MS)],
            stalls: vec![StallAt { at_ns: 5 * MS, took_ns: 2_000_000 }],
            stride: 1,
            flights: vec![
                flight(0, -MS / 2, 1_500, 2_001_500, Some(3 * MS)),
                flight(1, MS, MS, 201 * MS, Some(203 * MS)),
                flight(2, 2 * MS, 2 * MS, 399 * MS, Some(401 * MS)),
            ],
            ..Timeline::default()
        }
    }

    fn of<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
        events.iter().filter(|event| event["ph"] == phase).collect()
    }

    #[test]
    fn every_span_that_begins_ends_and_nothing_is_before_zero() {
        let (one, other) = (course(), course());
        let events = events(&[("a", &one), ("b", &other)]);
        let mut open: BTreeMap<u64, f64> = BTreeMap::new();
        for event in events.iter().filter(|event| event["ph"] != "M") {
            let at = event["ts"].as_f64().unwrap();
            assert!(at >= 0.0, "{event}");
            assert!(event["dur"].as_f64().is_none_or(|length| length > 0.0), "{event}");
            match event["ph"].as_str().unwrap() {
                "b" => assert!(open.insert(event["id"].as_u64().unwrap(), at).is_none()),
                "e" => assert!(open.remove(&event["id"].as_u64().unwrap()).unwrap() <= at),
                _ => {}
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert_eq!(of(&events, "b").len(), 2 * 3 * 3);
        // The earliest moment, when the first frame was due, is the zero.
        assert_eq!(of(&events, "b")[0]["ts"], 0.0);
        assert_eq!(of(&events, "b")[0]["name"], "slip");
        assert_eq!(of(&events, "b")[1]["ts"], 501.5);
    }

    #[test]
    fn slices_of_a_thread_nest_or_lie_beside_each_other() {
        let one = course();
        let events = events(&[("a", &one)]);
        let slices: Vec<(u64, f64, f64)> = of(&events, "X")
            .iter()
            .map(|slice| {
                let from = slice["ts"].as_f64().unwrap();
                let to = from + slice["dur"].as_f64().unwrap();
                (slice["tid"].as_u64().unwrap(), from, to)
            })
            .collect();
        assert_eq!(slices.len(), 1 + 3 + 2 * 3);
        let cross = |a: &(u64, f64, f64), b: &(u64, f64, f64)| {
            a.0 == b.0 && a.1 < b.1 && b.1 < a.2 - 1e-6 && a.2 < b.2 - 1e-6
        };
        for a in &slices {
            assert!(!slices.iter().any(|b| cross(a, b)), "{a:?}");
        }
        // Control: those that cross would be found.
        assert!(cross(&(1, 0.0, 2.0), &(1, 1.0, 3.0)));
    }

    #[test]
    fn a_flow_leads_from_the_sensor_to_where_the_frame_was_drawn() {
        let one = course();
        let events = events(&[("a", &one)]);
        let threads = |id: &Value| -> Vec<u64> {
            let is_step = |e: &&Value| ["s", "t", "f"].contains(&e["ph"].as_str().unwrap());
            let steps = events.iter().filter(is_step).filter(|e| e["id"] == *id);
            steps.map(|event| event["tid"].as_u64().unwrap()).collect()
        };
        let begun = of(&events, "s");
        assert_eq!(begun.len(), 3);
        assert_eq!(threads(&begun[0]["id"]), [1, 3, 4]);
        assert_eq!(threads(&begun[1]["id"]), [1, 3, 4]);
        assert_eq!(threads(&begun[2]["id"]), [1, 3], "its drawing was not kept");
    }

    #[test]
    fn freezes_gaps_and_stalls_are_marked_where_they_were() {
        let one = course();
        let events = events(&[("a", &one)]);
        let marks: Vec<(&str, f64)> = of(&events, "i")
            .iter()
            .map(|mark| (mark["name"].as_str().unwrap(), mark["ts"].as_f64().unwrap()))
            .collect();
        // From 3 to 203 ms is a freeze, from 203 to 213 is none; all half a millisecond on.
        assert_eq!(marks, [("freeze", 203_500.0), ("missing", 4_500.0)]);
        let stall = events.iter().find(|event| event["name"] == "stall").unwrap();
        let (at, length) = (stall["ts"].as_f64(), stall["dur"].as_f64());
        assert_eq!((at, length), (Some(5_500.0), Some(2_000.0)));
    }

    #[test]
    fn names_are_text_and_damaged_figures_break_nothing() {
        let mad = Timeline {
            stalls: vec![StallAt { at_ns: i64::MIN, took_ns: u64::MAX }],
            screens: vec![ScreenAt { woke_ns: i64::MAX, end_ns: i64::MIN, ..ScreenAt::default() }],
            stretches: vec![Stretch { missing: 1, ..Stretch::default() }; 3],
            stretch_ns: u64::MAX,
            flights: vec![flight(0, i64::MAX, i64::MIN, i64::MAX, Some(i64::MIN))],
            ..Timeline::default()
        };
        let events = events(&[("a\"}\u{1b}[2J\n<script>", &mad)]);
        let text = serde_json::to_string(&events).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len(), events.len());
        assert_eq!(events[0]["args"]["name"], "a\"}\u{fffd}[2J <script>");
        let early = events.iter().filter_map(|event| event["ts"].as_f64()).any(|at| at < 0.0);
        assert!(!early);
        assert!(super::events(&[]).is_empty());
    }
}
