//! The far side is on another host, and has joined.

use std::cell::Cell;
use std::sync::Arc;

use super::local::Diary;
use super::{
    Far, FarReport, Mount, Near, NearEnds, NearReport, Plan, RunError, Started, Trial, play_far,
    play_near,
};
use crate::ground::{Clock, Monotonic, Nanos};
use crate::link::driver::{ThreadTimer, on_thread};
use crate::link::{LinkError, Stop, Timer, Transport, Why};
use crate::role::ViewerSpec;
use crate::role::abroad::{Abroad, Backwards, Stamps};
use crate::role::inbox::{Expected, Inbox};
use crate::role::viewer::view;
use crate::run::clock::FarClock;
use crate::run::endpoint::Child;
use crate::run::host::{AWAY, Host};
use crate::transport::Zenoh;
use crate::transport::zenoh::{self, ZenohRx, ZenohTx};

/// From the word to begin to the first due time: the word must get there.
const LEAD: Nanos = Nanos::from_millis(100);

/// A sensor on another host.
pub(crate) struct OnHost(Arc<Host>);

impl OnHost {
    pub(crate) const fn new(host: Arc<Host>) -> Self {
        Self(host)
    }

    fn open(&self, plan: &Plan, key: &str) -> Result<NearEnds<Zenoh>, LinkError> {
        let node = self.0.node();
        let rx = zenoh::rx_over(node, key, AWAY, &plan.link)?;
        let back = || zenoh::tx_over(node, &format!("{key}/back"), AWAY, &plan.link);
        Ok(NearEnds { rx, tx: plan.talks_back().then(back) })
    }
}

impl Mount for OnHost {
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        if let Some(why) = <Zenoh as Transport>::caps().refuses(&plan.link) {
            return Err(LinkError::Unsupported { what: Zenoh::NAME.into(), why }.into());
        }
        let host = &self.0;
        let mut diary = Diary::open();
        let key = format!("pipefit/link/{}", Monotonic.now().0);
        let ends = self.open(plan, &key)?;
        diary.settle(plan)?;
        host.prepare(plan, &key, stop)?;
        let before = host.clock();
        let start = diary.set_start(LEAD);
        // Without an estimate, the sensor begins when it hears of it.
        host.go(before.as_ref().map_or(Nanos(0), |clock| clock.to_theirs(start)))?;
        watch(Started { start, child: None });
        let told = {
            let host = Arc::clone(host);
            stop.on_ask(move |why| {
                if why != Why::PeerGone {
                    host.stop();
                }
            })
        };
        let backwards = Cell::default();
        let stamps = before.as_ref().map_or(Stamps::Unknown, |clock| Stamps::Ahead(clock.offset));
        let near =
            on_thread(near(plan.near.clone(), ends, stamps, &backwards, start, stop.clone()));
        diary.near_ended();
        drop(told);
        let (far, rss) = host.report()?;
        // What is not known of the way its clock went is not known of its figures.
        let estimate = before.and_then(|before| Ok(before.with(host.clock()?)));
        let granted = Some(zenoh::granted(&plan.link));
        let mut trial = diary.close(far, near, granted, rss);
        trial.clock = Some(FarClock { estimate, backwards: backwards.get() });
        Ok(trial)
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(RunError::Link(LinkError::stays_local(Zenoh::NAME)))
    }
}

async fn near(
    near: Near,
    ends: NearEnds<Zenoh>,
    stamps: Stamps,
    backwards: &Cell<Backwards>,
    start: Nanos,
    stop: Stop,
) -> NearReport {
    match near {
        Near::Viewer(spec) => {
            let ViewerSpec { producer, run, .. } = spec;
            let books = Abroad::new(Inbox::new(Expected { producer, run }), stamps, backwards);
            let report = view(ends.rx, &ThreadTimer, &spec, start, &stop, books).await;
            NearReport::Viewer(Box::new(report))
        }
        other => play_near(other, ends, ThreadTimer, start, stop).await,
    }
}

/// The far side's part, by the clock it has there.
pub(crate) async fn play_abroad<C: Timer>(
    far: Far,
    tx: ZenohTx,
    rx: Option<ZenohRx>,
    clock: C,
    start: Nanos,
    stop: Stop,
) -> FarReport {
    let start = if start == Nanos(0) { clock.now() + LEAD } else { start };
    play_far(far, super::FarEnds::<Zenoh> { tx, rx }, clock, start, stop).await
}
