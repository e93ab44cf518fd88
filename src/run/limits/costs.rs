//! What it costs to start something, and to read the clock.

use std::process::{Command, Stdio};
use std::thread;

use crate::ground::{Clock, Meter, Monotonic};

/// Readings of which the mean is one sample.
const READINGS: u64 = 64;

/// Samples of each: as many as a median needs, and a few more.
const SAMPLES: u64 = 24;

fn timed(meter: &mut Meter, of: u64, what: impl FnOnce()) {
    let began = Monotonic.now();
    what();
    meter.record((Monotonic.now().0 - began.0) / of);
}

/// Reading the clock.
pub(super) fn clock() -> Meter {
    let mut meter = Meter::new();
    for _ in 0..SAMPLES {
        timed(&mut meter, READINGS, || {
            for _ in 0..READINGS {
                std::hint::black_box(Monotonic.now());
            }
        });
    }
    meter
}

/// Starting threads, and waiting for their end.
pub(super) fn threads() -> Meter {
    let mut meter = Meter::new();
    for _ in 0..SAMPLES {
        timed(&mut meter, 1, || {
            // A thread that does nothing does not panic.
            let _ = thread::spawn(|| ()).join();
        });
    }
    meter
}

/// Starting processes that do nothing, and waiting for their end. Where there is no
/// `true`, nothing is found.
pub(super) fn processes() -> Meter {
    let mut meter = Meter::new();
    for _ in 0..SAMPLES {
        let mut command = Command::new("true");
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Monotonic.now();
        if !command.status().is_ok_and(|status| status.success()) {
            return Meter::new();
        }
        meter.record((Monotonic.now().0 - began.0).max(1));
    }
    meter
}
