//! The transports there are, by name.

use std::sync::Arc;
use std::thread;

use crate::link::{Caps, Roll, Stop, Transport};
use crate::run::launch::{self, Mount, Plan, RunError, Started, Trial};
use crate::transport::{self, exec};

/// One transport, with everything static about it behind a few functions.
#[derive(Clone)]
pub struct Entry {
    /// The name it is asked for by.
    pub name: &'static str,
    /// What it can do.
    pub caps: Caps,
    /// Whether its sensor is a program that somebody else wrote.
    pub runs_program: bool,
    pub(crate) mount: Arc<dyn Mount>,
}

impl Entry {
    /// Plays a plan once, on a thread of its own, so that pinning ends with it.
    /// Children are tied to that thread's life, and it outlives them. `watch` is told
    /// when both sides are ready.
    ///
    /// # Errors
    /// [`RunError`] where it could not be played to its end.
    pub fn play(
        &self,
        plan: &Plan,
        stop: &Stop,
        watch: &(dyn Fn(Started) + Sync),
    ) -> Result<Trial, RunError> {
        thread::scope(|scope| {
            thread::Builder::new()
                .name("viewer".into())
                .spawn_scoped(scope, || self.mount.play(plan, stop, watch))
                .map_err(|source| RunError::Start { what: "a measuring thread", source })?
                .join()
                .map_err(|_| RunError::Panicked("the viewer"))?
        })
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).field("caps", &self.caps).finish()
    }
}

/// The transports there are, in the order in which reports show them.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

impl Registry {
    /// The built-in transports.
    #[must_use]
    pub fn builtin() -> Self {
        let mut registry = Self::default();
        transport::enrol(&mut registry);
        registry.entries.push(Entry {
            name: exec::NAME,
            caps: exec::caps(),
            runs_program: true,
            mount: Arc::new(launch::guest::OnProgram),
        });
        registry
    }

    /// The same, with the sensor of transport `zenoh` on another host.
    #[cfg(feature = "zenoh")]
    #[must_use]
    pub fn with_sensor_on(mut self, host: Arc<super::host::Host>) -> Self {
        self.add::<transport::Zenoh>(launch::OnHost::new(host));
        self
    }

    /// The transport of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// A later transport of the same name takes the place of the earlier one.
    fn add<T: Transport>(&mut self, mount: impl Mount + 'static) {
        let mount = Arc::new(mount);
        let entry = Entry { name: T::NAME, caps: T::caps(), runs_program: false, mount };
        match self.entries.iter_mut().find(|e| e.name == T::NAME) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }
}

impl Roll for Registry {
    fn on_loop<T: Transport>(&mut self) {
        self.add::<T>(launch::OnLoop::<T>::new());
    }

    fn on_tokio<T: Transport>(&mut self) {
        self.add::<T>(launch::OnTokio::<T>::new());
    }

    fn on_threads<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send,
    {
        self.add::<T>(launch::OnThreads::<T>::new());
    }

    fn on_processes<T: Transport>(&mut self)
    where
        T::Tx: Send,
        T::Rx: Send,
    {
        self.add::<T>(launch::OnProcesses::<T>::new());
    }

    fn unmounted<T: Transport>(&mut self) {
        self.add::<T>(launch::Unmounted::<T>::new());
    }
}
