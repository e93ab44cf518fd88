//! How a half gets what it needs in the process it travelled to.
//!
//! A ticket is the name of a one-shot server, at which a thread waits with the kit. The
//! half connects, says where it wants the kit, and is sent it.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ipc_channel::ipc::{self, IpcOneShotServer, IpcSender};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::link::{LinkError, Ticket};

/// How long a half that has arrived waits for its kit.
const ARRIVAL: Duration = Duration::from_secs(5);

/// Where a kit is to be sent, by whoever wants it.
type Wish<K> = Option<IpcSender<K>>;

/// A thread that waits for a half to arrive.
#[derive(Debug)]
struct Host {
    server: String,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Host {
    fn drop(&mut self) {
        // Accepting blocks for as long as nobody comes: so somebody comes.
        if let Ok(there) = IpcSender::<Wish<()>>::connect(self.server.clone()) {
            let _ = there.send(None);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A ticket to `kit`.
pub(super) fn ticket<K>(kit: K) -> Result<Ticket, LinkError>
where
    K: Serialize + DeserializeOwned + Send + 'static,
{
    let failed = |source| LinkError::Os { op: "make a one-shot server", source };
    let (server, name) = IpcOneShotServer::<Wish<K>>::new().map_err(failed)?;
    let thread = thread::spawn(move || {
        if let Ok((_, Some(there))) = server.accept() {
            // Whoever does not want it any more need not have it.
            let _ = there.send(kit);
        }
    });
    let host = Host { server: name.clone(), thread: Some(thread) };
    Ok(Ticket { note: name, kept: Some(Arc::new(host)), ..Ticket::default() })
}

/// What a ticket is for.
pub(super) fn redeem<K: Serialize + DeserializeOwned>(ticket: &Ticket) -> Result<K, LinkError> {
    let lost = || LinkError::NotFound(format!("the other half, at {},", ticket.note));
    let there = IpcSender::<Wish<K>>::connect(ticket.note.clone()).map_err(|_| lost())?;
    let (to, kits) =
        ipc::channel().map_err(|source| LinkError::Os { op: "make an ipc-channel", source })?;
    there.send(Some(to)).map_err(|_| lost())?;
    kits.try_recv_timeout(ARRIVAL).map_err(|_| LinkError::NotReady(ARRIVAL))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    type Kit = IpcSender<u8>;

    #[test]
    fn a_kit_arrives() {
        let (to, from) = ipc::channel().unwrap();
        let ticket = ticket::<Kit>(to).unwrap();
        redeem::<Kit>(&ticket).unwrap().send(7).unwrap();
        assert_eq!(from.try_recv_timeout(ARRIVAL).unwrap(), 7);
    }

    #[test]
    fn a_half_that_never_arrives_is_not_waited_for_longer_than_its_ticket() {
        let (to, from) = ipc::channel().unwrap();
        let ticket = ticket::<Kit>(to).unwrap();
        let began = Instant::now();
        drop(ticket);
        assert!(began.elapsed() < ARRIVAL);
        // And its kit is gone with it.
        let disconnected = ipc_channel::IpcError::Disconnected;
        let found = from.try_recv_timeout(ARRIVAL);
        assert_eq!(
            format!("{found:?}"),
            format!("{:?}", Err::<u8, _>(ipc_channel::TryRecvError::IpcError(disconnected)))
        );
    }

    #[test]
    fn a_half_that_comes_too_late_is_told() {
        let (to, _from) = ipc::channel().unwrap();
        let ticket = ticket::<Kit>(to).unwrap();
        let late = Ticket { note: ticket.note.clone(), ..Ticket::default() };
        drop(ticket);
        let told = redeem::<Kit>(&late);
        assert!(matches!(told, Err(LinkError::NotFound(_))), "{told:?}");
    }
}
