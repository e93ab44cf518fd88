//! A process's place in the engine: one session, which listens at an endpoint or joins
//! one, and never looks for anybody.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use ::zenoh::config::Config;
use ::zenoh::{Session, Wait as _};
use serde_json::json;

use crate::link::LinkError;

/// After so long without a sign of life, a connection is given up, and made anew.
const LEASE: Duration = Duration::from_secs(4);

/// How long the engine may hold up a sender whose batches are all taken, before it gives
/// the connection up. What is allowed to be on its way fits into its batches, so that
/// this does not happen.
const HELD_UP: Duration = Duration::from_secs(1);

/// Batches that the engine holds for one connection: the most it can.
pub(super) const BATCHES: u64 = 16;

/// Bytes of a batch: the most there can be.
pub(super) const BATCH: u64 = 65_535;

/// How often a port is looked for that nobody else takes in the same moment.
const PORTS: usize = 8;

/// A session. Dropping it closes it.
#[derive(Debug)]
pub struct Node {
    pub(super) session: Session,
}

impl Node {
    /// Listens at an endpoint, as in `tcp/0.0.0.0:7447`.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn listen(endpoint: &str) -> Result<Self, LinkError> {
        Self::open("listen", endpoint, Duration::ZERO)
    }

    /// Listens at a port of its own on this host; gives the endpoint, too.
    ///
    /// # Errors
    /// Where none can be had.
    pub fn listen_here() -> Result<(Self, String), LinkError> {
        let mut failed = None;
        for _ in 0..PORTS {
            let endpoint = free_endpoint()?;
            match Self::listen(&endpoint) {
                Ok(node) => return Ok((node, endpoint)),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| LinkError::NotFound("a free port".into())))
    }

    /// Joins whoever listens at an endpoint; goes on trying for so long.
    ///
    /// # Errors
    /// Where nobody listens there.
    pub fn join(endpoint: &str, patience: Duration) -> Result<Self, LinkError> {
        Self::open("connect", endpoint, patience)
    }

    fn open(how: &str, endpoint: &str, patience: Duration) -> Result<Self, LinkError> {
        let op = match how {
            "listen" => "listen for the other side (is the endpoint ours, and free?)",
            _ => "join the other side (does anybody listen there?)",
        };
        let failed = |why: ::zenoh::Error| LinkError::Os {
            op,
            source: io::Error::other(format!("{endpoint}: {why}")),
        };
        let mut config = Config::from_json5(&frugal().to_string()).map_err(failed)?;
        let patience = patience.as_millis().to_string();
        for way in ["listen", "connect"] {
            let there = if how == way { vec![endpoint] } else { vec![] };
            let settings = [
                ("endpoints", json!(there).to_string()),
                ("timeout_ms", patience.clone()),
                ("exit_on_failure", "true".to_owned()),
            ];
            for (name, value) in settings {
                config.insert_json5(&format!("{way}/{name}"), &value).map_err(failed)?;
            }
        }
        let session = ::zenoh::open(config).wait().map_err(failed)?;
        Ok(Self { session })
    }
}

/// What every session of ours is like: a peer, so that it may listen and needs no router;
/// nobody is looked for, and nobody told where we are.
fn frugal() -> serde_json::Value {
    let never = json!({ "enabled": false });
    json!({
        "mode": "peer",
        "connect": { "retry": { "period_init_ms": 100, "period_max_ms": 500 } },
        "scouting": { "delay": 0, "multicast": never, "gossip": never },
        "open": { "return_conditions": { "connect_scouted": false } },
        "transport": {
            // One queue, so that what is sent stays in order whatever it is.
            "unicast": { "qos": never, "open_timeout": 4000, "accept_timeout": 4000 },
            "link": { "tx": {
                "lease": LEASE.as_millis() as u64,
                "batch_size": BATCH,
                "queue": {
                    "size": { "data": BATCHES },
                    "congestion_control": {
                        "block": { "wait_before_close": HELD_UP.as_micros() as u64 },
                    },
                },
            } },
        },
    })
}

/// An endpoint on this host that was free a moment ago.
fn free_endpoint() -> Result<String, LinkError> {
    let op = "look for a free port";
    let failed = |source| LinkError::Os { op, source };
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(failed)?;
    Ok(format!("tcp/{port}"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn nobody_there_is_known_in_bounded_time() {
        let began = Instant::now();
        let endpoint = free_endpoint().unwrap();
        let error = Node::join(&endpoint, Duration::from_millis(200)).unwrap_err();
        assert!(error.to_string().contains(&endpoint), "{error}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }

    #[test]
    fn an_endpoint_that_is_taken_is_an_error() {
        let (_node, endpoint) = Node::listen_here().unwrap();
        assert!(Node::listen(&endpoint).is_err());
    }
}
