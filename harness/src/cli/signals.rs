//! Ctrl-C and SIGTERM: the first one ends the run in order, a second one at once.

use std::io;
use std::thread;

use pipefit::link::{Stop, Why};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::exit::Exit;
use super::out::tell;

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listening(Handle);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Has `stop` asked at the first signal. Children hear of it through `stop` and die
/// with this process, so nothing is left behind by leaving at the second.
///
/// # Errors
/// Where the system refuses a handler or a thread.
pub(super) fn listen(stop: &Stop) -> io::Result<Listening> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let stop = stop.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let why = if signal == SIGTERM { Why::Terminated } else { Why::Interrupted };
            if stop.asked().is_some() {
                std::process::exit(Exit::asked(why).code().into());
            }
            stop.ask(why);
            tell("\nstopping, and saving what was measured; once more to leave at once\n");
        }
    })?;
    Ok(Listening(handle))
}
