//! The report of a bench over all transports: a run like any other, in a folder of its
//! own, `bench` in the results folder, so that `results/latest` stays the newest run.
//!
//! Two benches of one `cargo bench` are two processes. The later one takes in what the
//! earlier one measured, so that the last report has all of it.

use std::env;
use std::fs;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};

use pipefit::ground::host::two_cpus;
use pipefit::ground::{Clock, Meter, Monotonic, Nanos};
use pipefit::run::limits::{Samples, Yardstick};
use pipefit::run::record::{Cell, Measured};
use pipefit_harness::results::Store;
use pipefit_harness::{Ended, Notebook};
use serde::{Deserialize, Serialize};

/// What one bench measured, for the next one.
#[derive(Serialize, Deserialize)]
struct Part {
    /// Which.
    bench: String,
    /// The process that started it: cargo.
    cargo: u32,
    /// For how long.
    measuring: Nanos,
    /// Every cell, with its histogram of round trips.
    cells: Vec<(Cell, Option<Meter>)>,
}

/// Where the report goes.
pub(crate) struct Shelf {
    store: Store,
    notes: Notebook,
    limits: Samples,
    began: Nanos,
}

impl Shelf {
    /// Makes sure that a report can be kept, and looks at the machine.
    pub(crate) fn open() -> Result<Self, String> {
        let store = Store::find(None).beneath("bench");
        store.check().map_err(|e| e.to_string())?;
        let notes = Notebook::open(env::args().collect());
        let mut limits = Samples::default();
        limits.probe(&Yardstick::ALL, &two_cpus());
        Ok(Self { store, notes, limits, began: Monotonic.now() })
    }

    /// Writes the report; gives the page.
    pub(crate) fn keep(mut self, bench: &str, measured: Vec<Measured>) -> Result<PathBuf, String> {
        let measuring = Nanos(Monotonic.now().0.saturating_sub(self.began.0));
        let part =
            Part { bench: bench.into(), cargo: parent_id(), measuring, cells: parts(measured) };
        let earlier = before(&part);
        leave(&part);
        let all: Vec<Part> = earlier.into_iter().chain([part]).collect();
        let measuring = all.iter().fold(Nanos(0), |sum, part| sum + part.measuring);
        let cells = all.into_iter().flat_map(|part| part.cells).map(whole).collect();
        let pins = two_cpus();
        self.limits.probe(&Yardstick::ALL, &pins);
        let ended = Ended {
            measuring,
            pinned: Some(pins).filter(|cpus| !cpus.is_empty()),
            limits: self.limits.limits(),
            partial: false,
        };
        let kept = self.notes.keep(&self.store, cells, ended);
        kept.map(|kept| kept.report()).map_err(|e| e.to_string())
    }
}

fn parts(measured: Vec<Measured>) -> Vec<(Cell, Option<Meter>)> {
    measured.into_iter().map(|mut one| (one.cell, one.meters.remove("rtt"))).collect()
}

fn whole((cell, rtt): (Cell, Option<Meter>)) -> Measured {
    let meters = rtt.map(|rtt| ("rtt", rtt)).into_iter().collect();
    Measured { cell, meters, age: None, timeline: None }
}

fn shared() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench.json")
}

/// What another bench of the same `cargo bench` measured.
fn before(part: &Part) -> Option<Part> {
    let earlier: Part = serde_json::from_slice(&fs::read(shared()).ok()?).ok()?;
    (earlier.cargo == part.cargo && earlier.bench != part.bench).then_some(earlier)
}

/// Leaves it for the next bench. Where that cannot be, there are two reports.
fn leave(part: &Part) {
    if let Ok(json) = serde_json::to_vec(part) {
        let _ = fs::write(shared(), json);
    }
}
