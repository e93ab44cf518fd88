//! The library's services and ports, set up for one link.

use std::fmt::Debug;
use std::io;

use iceoryx2::prelude::{
    BackpressureStrategy, Config, FileName, LogLevel, Node, NodeBuilder, Path, SemanticString,
    ServiceName, SignalHandlingMode, ipc_threadsafe, set_log_level,
};
use iceoryx2::service::port_factory::{event, publish_subscribe};

use super::samples;
use crate::link::{LinkError, LinkSpec};
use crate::memory::loan::{Borrower, Dozer, Lender, Ringer};
use crate::memory::{Half, Lodging};

/// Behind a socket's name, as short as can be: its path must not be long.
const EVENT: &[u8] = b".ev";

/// Nodes at a link at once: one of each half, and one that has just travelled.
const NODES: usize = 4;

/// What the library refused.
fn odd<E: Debug>(op: &'static str) -> impl Fn(E) -> LinkError {
    move |why| LinkError::Os { op, source: io::Error::other(format!("iceoryx2 says {why:?}")) }
}

/// One half's node at a link.
pub(super) struct Ports(Node<ipc_threadsafe::Service>);

impl Ports {
    pub(super) fn new(lodging: &Lodging) -> Result<Self, LinkError> {
        // It would print: at start, and wherever the other side is gone.
        set_log_level(LogLevel::Fatal);
        let node = NodeBuilder::new()
            .config(&config(lodging)?)
            .signal_handling_mode(SignalHandlingMode::Disabled)
            .create::<ipc_threadsafe::Service>();
        Ok(Self(node.map_err(odd("make an iceoryx2 node"))?))
    }

    fn frames(
        &self,
        spec: &LinkSpec,
    ) -> Result<publish_subscribe::PortFactory<ipc_threadsafe::Service, [u8], ()>, LinkError> {
        let service = self.0.service_builder(&name("frames")?).publish_subscribe::<[u8]>();
        service
            .enable_safe_overflow(false)
            .subscriber_max_buffer_size(samples(spec))
            .subscriber_max_borrowed_samples(1)
            .history_size(0)
            .max_publishers(1)
            .max_subscribers(1)
            .max_nodes(NODES)
            .open_or_create()
            .map_err(odd("make an iceoryx2 service"))
    }

    pub(super) fn lender(&self, spec: &LinkSpec) -> Result<Lender, LinkError> {
        let samples = samples(spec);
        let service = self.frames(spec)?;
        let port = service
            .publisher_builder()
            .initial_max_slice_len(spec.frame.as_usize())
            .max_loaned_samples(1)
            .override_sample_preallocation(move |_| samples)
            // Never met: the queue has room for every sample there is.
            .backpressure_strategy(BackpressureStrategy::DiscardData);
        Lender::create(port).map_err(odd("make an iceoryx2 publisher"))
    }

    pub(super) fn borrower(&self, spec: &LinkSpec) -> Result<Borrower, LinkError> {
        let service = self.frames(spec)?;
        Borrower::create(service.subscriber_builder()).map_err(odd("make an iceoryx2 subscriber"))
    }

    /// The events that wake `half`.
    fn events(&self, half: Half) -> Result<event::PortFactory<ipc_threadsafe::Service>, LinkError> {
        let whose = match half {
            Half::Tx => "room",
            Half::Rx => "news",
        };
        let service = self.0.service_builder(&name(whose)?).event();
        service
            .event_id_max_value(0)
            .max_notifiers(1)
            .max_listeners(1)
            .max_nodes(NODES)
            .open_or_create()
            .map_err(odd("make an iceoryx2 service"))
    }

    pub(super) fn dozer(&self, half: Half) -> Result<Dozer, LinkError> {
        let service = self.events(half)?;
        Dozer::create(service.listener_builder()).map_err(odd("make an iceoryx2 listener"))
    }

    pub(super) fn ringer(&self, half: Half) -> Result<Ringer, LinkError> {
        let service = self.events(half)?;
        Ringer::create(service.notifier_builder()).map_err(odd("make an iceoryx2 notifier"))
    }
}

fn name(what: &str) -> Result<ServiceName, LinkError> {
    what.try_into().map_err(odd("name an iceoryx2 service"))
}

/// Everything of a link's stays in its lodging. Tidying up after the dead is the
/// lodging's business, too.
fn config(lodging: &Lodging) -> Result<Config, LinkError> {
    let odd = odd("name an iceoryx2 folder");
    let root = lodging.folder().as_os_str().as_encoded_bytes();
    let mut config = Config::default();
    config.global.prefix = FileName::new(lodging.prefix().as_bytes()).map_err(&odd)?;
    config.global.set_root_path(&Path::new(root).map_err(&odd)?);
    config.global.service.event_connection_suffix = FileName::new(EVENT).map_err(&odd)?;
    config.global.service.cleanup_dead_nodes_on_open = false;
    config.global.node.cleanup_dead_nodes_on_creation = false;
    config.global.node.cleanup_dead_nodes_on_destruction = false;
    Ok(config)
}
