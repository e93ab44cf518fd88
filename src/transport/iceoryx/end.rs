//! What both halves have: a lodging, a page, a watch over the other half, and bells.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use super::ports::Ports;
use crate::ground::Nanos;
use crate::link::{Carrier, LinkError, LinkSpec, Ticket, Timer, Waiting};
use crate::memory::doorbell;
use crate::memory::loan::{Dozer, EventBell, EventPort, Ringer};
use crate::memory::{Half, Lifeline, Lodging, Page};
use crate::transport::shared::{Found, SHORT_SPIN, Vigil, has_bells};

/// How long the half that stayed waits at its end for the one that travelled: a process
/// that is killed while it ends cannot tidy up.
const FAREWELL: Duration = Duration::from_millis(250);

/// One half's hold on a link, and on the other half.
#[derive(Debug)]
pub(super) struct End {
    half: Half,
    pub(super) page: Page,
    bells: Option<Bells>,
    lodging: Lodging,
    /// Whether it came here on a ticket.
    arrived: bool,
    /// `None` once the half has travelled on.
    pub(super) vigil: Option<Vigil>,
}

#[derive(Debug)]
struct Bells {
    own: Dozer,
    other: Ringer,
}

const fn other(half: Half) -> Half {
    match half {
        Half::Tx => Half::Rx,
        Half::Rx => Half::Tx,
    }
}

impl End {
    pub(super) fn new(
        half: Half,
        lodging: Lodging,
        page: Page,
        lifeline: Lifeline,
        spec: &LinkSpec,
    ) -> Result<Self, LinkError> {
        let vigil = Some(Vigil::new(lifeline, Waiting::of(spec).after_spinning(SHORT_SPIN)));
        let mut end = Self { half, page, bells: None, lodging, arrived: false, vigil };
        if has_bells(spec) {
            let ports = end.ports()?;
            end.bells = Some(Bells { own: ports.dozer(half)?, other: ports.ringer(other(half))? });
        }
        Ok(end)
    }

    /// A node at the link. Ports keep theirs as long as they need it.
    pub(super) fn ports(&self) -> Result<Ports, LinkError> {
        Ports::new(&self.lodging)
    }

    /// Waits until `ready` or the other half is gone, as this link waits.
    #[cold]
    pub(super) fn wait<C: Timer>(
        &self,
        timer: &C,
        until: Nanos,
        ready: impl Fn() -> bool,
    ) -> Found {
        let Some(vigil) = &self.vigil else { return Found::Gone };
        let deserted = || self.page.is_closed(other(self.half));
        let doze = |at_most: Duration| {
            if let Some(bells) = &self.bells {
                let bell =
                    EventBell { word: self.page.bell(self.half), port: EventPort::Own(&bells.own) };
                doorbell::doze(&bell, at_most, || ready() || deserted());
            }
        };
        vigil.wait(timer, until, &ready, deserted, doze)
    }

    /// Wakes the other half if it dozes.
    #[inline]
    pub(super) fn ring(&self) {
        if let Some(bells) = &self.bells {
            let word = self.page.bell(other(self.half));
            doorbell::ring(&EventBell { word, port: EventPort::Other(&bells.other) });
        }
    }

    /// Whether the other half's process, or at least the half, is gone, asked now and then.
    #[inline]
    pub(super) fn is_alone(&mut self, now: Nanos) -> bool {
        self.vigil.as_mut().is_none_or(|vigil| vigil.is_alone(now))
    }

    /// A ticket to this half, whose other ports are gone.
    pub(super) fn ticket(mut self) -> Result<Ticket, LinkError> {
        self.bells = None;
        self.page.travel();
        let page = self.page.fd().map(|fd| fd.try_clone_to_owned()).transpose();
        let failed = |source| LinkError::Os { op: "copy a page's descriptor", source };
        let carriers = [page.map_err(failed)?, self.vigil.take().map(OwnedFd::from)];
        Ok(Ticket {
            note: self.lodging.folder().to_string_lossy().into_owned(),
            carriers: carriers.into_iter().flatten().map(Carrier::Fd).collect(),
            kept: None,
        })
    }

    /// What a ticket is for.
    pub(super) fn redeem(ticket: Ticket, half: Half, spec: &LinkSpec) -> Result<Self, LinkError> {
        let lodging = Lodging::at(Path::new(&ticket.note))?;
        let mut fds = ticket.carriers.into_iter().map(|c| match c {
            Carrier::Fd(fd) | Carrier::Stdout(fd) => fd,
        });
        let (Some(page), Some(lifeline)) = (fds.next(), fds.next()) else {
            return Err(LinkError::LayoutMismatch("a ticket without its descriptors".into()));
        };
        let mut end = Self::new(half, lodging, Page::open(page)?, lifeline.into(), spec)?;
        end.arrived = true;
        Ok(end)
    }
}

impl Drop for End {
    /// Of two halves, the last one removes what the library has left.
    fn drop(&mut self) {
        if let Some(vigil) = self.vigil.take() {
            self.page.close(self.half);
            self.ring();
            self.bells = None;
            let awaits = self.page.has_travelled() && !self.arrived;
            if vigil.end(if awaits { FAREWELL } else { Duration::ZERO }) {
                self.lodging.clear();
            }
        }
    }
}
