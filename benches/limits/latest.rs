//! `shm-latest`'s own two questions: how often a reader has to try again, and what it
//! costs the sender that somebody reads 60 times a second. Two pinned threads over one
//! mapping.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pipefit::ground::host::{allowed_cpus, pin_thread};
use pipefit::ground::{Clock, Monotonic, Nanos};
use pipefit::memory::exchange::{ExchangeRx, ExchangeTx, Shape, prepare};
use pipefit::memory::{Mapped, Segment};

const LEN: usize = 64;
const SPAN: Nanos = Nanos::from_millis(120);

fn pair() -> Result<(ExchangeTx<Mapped>, ExchangeRx<Mapped>), String> {
    let shape = Shape::new(1, LEN, false);
    let segment = Segment::sealed(&shape.geometry()).map_err(|e| e.to_string())?;
    prepare(&segment.region(), &shape, 0);
    let region = || Arc::clone(&segment).region();
    Ok((ExchangeTx::new(region(), shape, 0), ExchangeRx::new(region(), shape, 0)))
}

/// Sends for [`SPAN`] while `read` has the reader on the other core; gives nanoseconds
/// a frame, and the reader.
fn beside(
    read: impl FnOnce(ExchangeRx<Mapped>, &dyn Fn(Duration) -> bool) -> ExchangeRx<Mapped> + Send,
) -> Result<(f64, ExchangeRx<Mapped>), String> {
    let (mut tx, rx) = pair()?;
    let cpus = allowed_cpus();
    let pin = |i: usize| cpus.get(i).map_or(Ok(()), |cpu| pin_thread(*cpu));
    thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        let reader = scope.spawn(move || {
            let pinned = pin(1);
            let goes_on = |span| matches!(ended.recv_timeout(span), Err(RecvTimeoutError::Timeout));
            (pinned, read(rx, &goes_on))
        });
        let sender = scope.spawn(move || {
            let pinned = pin(0);
            let begin = Monotonic.now();
            let (mut sent, mut now) = (0u64, begin);
            while now < begin + SPAN {
                for _ in 0..256 {
                    let number = sent;
                    let fill = |bytes: &mut [u8]| {
                        bytes.fill(1);
                        bytes[..8].copy_from_slice(&number.to_le_bytes());
                    };
                    tx.send(LEN, fill).map_err(|e| e.to_string())?;
                    sent += 1;
                }
                now = Monotonic.now();
            }
            drop(end);
            pinned.map_err(|e| e.to_string())?;
            Ok((now.0 - begin.0) as f64 / sent as f64)
        });
        let each: Result<f64, String> = sender.join().map_err(|_| "the sender panicked")?;
        let (pinned, rx) = reader.join().map_err(|_| "the reader panicked".to_owned())?;
        pinned.map_err(|e| e.to_string())?;
        Ok((each?, rx))
    })
}

/// Nanoseconds a frame beside a reader that looks 60 times a second, or not at all.
pub(crate) fn cost(hz60: bool) -> Result<f64, String> {
    let (each, _) = beside(move |mut rx, goes_on| {
        while goes_on(Duration::from_micros(16_667)) {
            if hz60 {
                let _ = rx.take(1, |bytes| {
                    std::hint::black_box(bytes[8]);
                });
            }
        }
        rx
    })?;
    Ok(each)
}

/// Frames that a reader took from a sender that never stops, and how often it tried.
pub(crate) fn tries() -> Result<(u64, u64), String> {
    let mut read = 0;
    let (_, rx) = beside(|mut rx, goes_on| {
        while goes_on(Duration::ZERO) {
            for _ in 0..4096 {
                read += rx
                    .take(1, |bytes| {
                        std::hint::black_box(bytes[8]);
                    })
                    .unwrap_or(0) as u64;
            }
        }
        rx
    })?;
    Ok((read, rx.tries()))
}
