//! `--message-format json`: what happens, one JSON object a line, as it happens.
//!
//! Lines are written before or after a measured window, never in it.

use std::path::Path;

use pipefit::run::session::Event;
use serde_json::{Value, json};

use super::exit::Exit;
use super::out::Out;

/// Somebody who is told.
#[derive(Debug)]
pub(super) struct Events<'a> {
    /// `None`: people read standard output.
    pub(super) out: Option<&'a Out>,
}

impl Events<'_> {
    /// Something happened in the session.
    pub(super) fn note(&self, event: &Event<'_>) {
        self.say(|| match event {
            Event::Begins { case, repeat } => {
                json!({ "event": "begin", "cell": case.id(), "repeat": repeat })
            }
            Event::Started { case, started } => json!({
                "event": "started",
                "cell": case.id(),
                "start_ns": started.start,
                "child_pid": started.child,
            }),
            Event::Ended { case, repeat, fault } => json!({
                "event": "end",
                "cell": case.id(),
                "repeat": repeat,
                "cause": fault.map(|f| f.cause),
                "reason": fault.map(|f| &f.reason),
            }),
        });
    }

    /// It is over, and the run is kept in `folder`.
    pub(super) fn done(&self, folder: &Path, partial: bool, exit: Exit) {
        self.say(|| {
            json!({
                "event": "done",
                "run": folder,
                "report": folder.join("report.html"),
                "partial": partial,
                "exit": exit.code(),
            })
        });
    }

    fn say(&self, what: impl FnOnce() -> Value) {
        if let Some(out) = self.out {
            // If it fails, `Out` remembers, and the command says so at its end.
            let _ = out.print(&format!("{}\n", what()));
        }
    }
}
