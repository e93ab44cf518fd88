//! A slow way between two hosts, for where the kernel has none: what goes in comes out so
//! much later, either way, in order. It ends with the connections that go through it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delays {
    /// From the sensor to the viewer.
    pub(crate) there: Duration,
    /// From the viewer to the sensor.
    pub(crate) back: Duration,
}

/// Relays one connection to `viewer`, an address; gives the endpoint to connect to.
pub(crate) fn relay(viewer: &str, delays: Delays) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp/{}", listener.local_addr().unwrap());
    let viewer = viewer.to_owned();
    thread::spawn(move || {
        // The viewer may not listen yet: whoever came is sent away, and comes again.
        while let Ok((sensor, _)) = listener.accept() {
            if let Ok(viewer) = TcpStream::connect(&viewer) {
                pass(&sensor, &viewer, delays.there);
                pass(&viewer, &sensor, delays.back);
            }
        }
    });
    endpoint
}

fn pass(from: &TcpStream, to: &TcpStream, delay: Duration) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let _ = to.set_nodelay(true);
    let (held, out) = channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut chunk = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut chunk) {
            if held.send((Instant::now() + delay, chunk[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in out {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
