//! Both sides in this process: in one loop, as two tasks, or on two threads.

use std::sync::mpsc::sync_channel;
use std::thread;

use super::{
    FarEnds, FarReport, Mount, NearEnds, NearReport, OnLoop, OnThreads, OnTokio, Plan, RunError,
    Started, Trial, no_child, open, play_far, play_near,
};
use crate::ground::host::{pin_thread, rss_max_bytes};
use crate::ground::pace::sharpen_sleep;
use crate::ground::{Bytes, Clock, FakeClock, Monotonic, Nanos};
use crate::link::driver::{ThreadTimer, TokioTimer, on_loop, on_thread, on_tokio};
use crate::link::{Link, Stop, Transport};
use crate::run::endpoint::Child;
use crate::run::residue::{Census, Residue};
use crate::transport::Scripted;
use crate::transport::scripted::{ScriptedRx, ScriptedTx};

/// From both sides being ready to the first due time.
const LEAD: Nanos = Nanos::from_millis(2);

/// Notes of a trial that are the same wherever the sides live.
pub(super) struct Diary {
    census: Census,
    began: Nanos,
    start: Nanos,
    ready: Nanos,
    near_ended: Nanos,
    pub(super) pinned: Vec<usize>,
}

impl Diary {
    pub(super) fn open() -> Self {
        let began = Monotonic.now();
        Self {
            census: Census::take(),
            began,
            start: began,
            ready: began,
            near_ended: began,
            pinned: Vec::new(),
        }
    }

    /// Pins the calling thread to the first CPU of the plan.
    pub(super) fn settle(&mut self, plan: &Plan) -> Result<(), RunError> {
        sharpen_sleep();
        if let Some(&cpu) = plan.pins.first() {
            pin_thread(cpu)?;
            self.pinned.push(cpu);
        }
        Ok(())
    }

    /// Both sides are ready: sets the moment at which they begin.
    pub(super) fn set_start(&mut self, lead: Nanos) -> Nanos {
        self.ready = Monotonic.now();
        self.start = self.ready + lead;
        self.start
    }

    pub(super) fn near_ended(&mut self) {
        self.near_ended = Monotonic.now();
    }

    pub(super) fn close(
        self,
        far: FarReport,
        near: NearReport,
        granted: Option<Bytes>,
        child_rss: Option<u64>,
    ) -> Trial {
        let now = Monotonic.now();
        Trial {
            far,
            near,
            granted,
            pinned: self.pinned,
            start: Nanos(self.ready.0 - self.began.0),
            stop: Nanos(now.0 - self.near_ended.0),
            rss_max: rss_max_bytes().max(child_rss),
            residue: Census::left_since(&self.census),
            clock: None,
        }
    }
}

impl<T: Transport> Mount for OnLoop<T> {
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let mut diary = Diary::open();
        diary.settle(plan)?;
        let (far, near, granted) = open::<T>(plan)?;
        let start = diary.set_start(LEAD);
        watch(Started { start, child: None });
        let (far, near) = on_loop(
            Monotonic,
            |timer| play_far(plan.far, far, timer, start, stop.clone()),
            |timer| play_near(plan.near.clone(), near, timer, start, stop.clone()),
        );
        diary.near_ended();
        Ok(diary.close(far, near, granted, None))
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(no_child::<T>())
    }
}

/// Plays a plan over a scripted link in virtual time, from `start` on. For tests of
/// the whole way of a sample: it takes no time, and comes out the same every time.
#[must_use]
pub fn play_virtually(plan: &Plan, link: Link<ScriptedTx, ScriptedRx>, start: Nanos) -> Trial {
    let far = FarEnds::<Scripted> { tx: link.tx, rx: None };
    let near = NearEnds::<Scripted> { rx: link.rx, tx: None };
    let stop = Stop::default();
    let (far, near) = on_loop(
        FakeClock::at(start),
        |timer| play_far(plan.far, far, timer, start, stop.clone()),
        |timer| play_near(plan.near.clone(), near, timer, start, stop.clone()),
    );
    Trial {
        far,
        near,
        granted: link.granted,
        pinned: Vec::new(),
        start: Nanos(0),
        stop: Nanos(0),
        rss_max: None,
        residue: Residue::default(),
        clock: None,
    }
}

impl<T: Transport> Mount for OnTokio<T> {
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let mut diary = Diary::open();
        diary.settle(plan)?;
        let (far, near, granted) = open::<T>(plan)?;
        let start = diary.set_start(LEAD);
        watch(Started { start, child: None });
        let (far, near) = on_tokio(
            play_far(plan.far, far, TokioTimer, start, stop.clone()),
            play_near(plan.near.clone(), near, TokioTimer, start, stop.clone()),
        )
        .map_err(|source| RunError::Start { what: "the tasks", source })?;
        diary.near_ended();
        Ok(diary.close(far, near, granted, None))
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(no_child::<T>())
    }
}

impl<T: Transport> Mount for OnThreads<T>
where
    T::Tx: Send,
    T::Rx: Send,
{
    fn play(&self, plan: &Plan, stop: &Stop, watch: &dyn Fn(Started)) -> Result<Trial, RunError> {
        let mut diary = Diary::open();
        diary.settle(plan)?;
        let (far, near, granted) = open::<T>(plan)?;
        let (ready_tx, ready_rx) = sync_channel(1);
        let (start_tx, start_rx) = sync_channel(1);
        thread::scope(|scope| {
            let far_side = move || -> Result<Option<FarReport>, RunError> {
                sharpen_sleep();
                let pinned = plan.pins.get(1).map(|&cpu| pin_thread(cpu).map(|()| cpu));
                // The near side goes away only after an error of its own.
                let _ = ready_tx.send(pinned.transpose());
                let Ok(start) = start_rx.recv() else {
                    return Ok(None);
                };
                let played = play_far(plan.far, far, ThreadTimer, start, stop.clone());
                Ok(Some(on_thread(played)))
            };
            let far = thread::Builder::new()
                .name("sensor".into())
                .spawn_scoped(scope, far_side)
                .map_err(|source| RunError::Start { what: "the sensor's thread", source })?;
            diary.pinned.extend(ready_rx.recv().map_err(|_| RunError::Panicked("the sensor"))??);
            let start = diary.set_start(LEAD);
            watch(Started { start, child: None });
            let _ = start_tx.send(start);
            let near =
                on_thread(play_near(plan.near.clone(), near, ThreadTimer, start, stop.clone()));
            diary.near_ended();
            let far = far.join().map_err(|_| RunError::Panicked("the sensor"))??;
            let far = far.ok_or(RunError::Panicked("the sensor"))?;
            Ok(diary.close(far, near, granted, None))
        })
    }

    fn serve(&self, _: Child) -> Result<FarReport, RunError> {
        Err(no_child::<T>())
    }
}
