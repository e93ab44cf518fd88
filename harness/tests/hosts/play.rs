//! A viewer and a sensor as two processes that know nothing of each other but an endpoint.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use pipefit::run::record::{Cell, RunRecord};
use tempfile::TempDir;

use crate::cable::{Cable, HERE};
use crate::relay::{Delays, relay};

/// After so long, whoever still runs hangs.
const HANGS: Duration = Duration::from_secs(120);

pub(crate) fn ensure(holds: bool, why: impl Into<String>) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(why.into().into()) }
}

/// Where the two are.
pub(crate) struct Stage<'a> {
    cable: Option<&'a Cable>,
    /// Where the viewer listens, and where the sensor finds it.
    endpoint: String,
    way: String,
    ahead: i64,
    results: TempDir,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Since the last thing that was done to it.
    pub(crate) took: Duration,
    stderr: String,
}

impl Ended {
    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.stderr.contains(words)
    }
}

/// Both processes have ended.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) viewer: Ended,
    pub(crate) sensor: Ended,
    cells: Result<Vec<Cell>, String>,
}

impl Played {
    pub(crate) fn cells(&self) -> Result<Vec<Cell>, Failed> {
        self.cells.clone().map_err(|why| format!("no record: {why}: {self:?}").into())
    }
}

/// Both processes run. Dropping it kills them.
pub(crate) struct Pair {
    viewer: Child,
    sensor: Child,
    progress: PathBuf,
}

impl Pair {
    /// Waits until a cell has been under way for a second.
    pub(crate) fn wait_for_frames(&mut self) -> Result<(), Failed> {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            let told = fs::read_to_string(&self.progress).unwrap_or_default();
            if told.contains("\"started\"") {
                thread::sleep(Duration::from_secs(1));
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("no cell began within 30 s".into())
    }

    pub(crate) fn kill_sensor(&mut self) {
        let _ = self.sensor.kill();
    }

    pub(crate) fn kill_viewer(&mut self) {
        let _ = self.viewer.kill();
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for child in [&mut self.viewer, &mut self.sensor] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Stage<'_> {
    pub(crate) fn here() -> Stage<'static> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = format!("tcp/{port}");
        Stage { cable: None, way: endpoint.clone(), endpoint, ahead: 0, results: folder() }
    }

    pub(crate) fn over(cable: &Cable) -> Stage<'_> {
        let endpoint = format!("tcp/{HERE}:7447");
        Stage { cable: Some(cable), way: endpoint.clone(), endpoint, ahead: 0, results: folder() }
    }

    /// What goes from one to the other takes so long.
    pub(crate) fn with_delays(mut self, delays: Delays) -> Self {
        self.way = relay(self.endpoint.trim_start_matches("tcp/"), delays);
        self
    }

    /// The sensor's clock is so much ahead of the viewer's, in ns.
    pub(crate) fn with_clock(mut self, ahead: i64) -> Self {
        self.ahead = ahead;
        self
    }

    fn command(&self, namespace: Option<&str>) -> Command {
        let program = env!("CARGO_BIN_EXE_pipefit");
        match namespace {
            None => Command::new(program),
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name, program]);
                command
            }
        }
    }

    fn start(&self, mut command: Command, name: &str) -> Child {
        let file =
            |what| fs::File::create(self.results.path().join(format!("{name}.{what}"))).unwrap();
        let command = command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        command.spawn().unwrap()
    }

    fn sensor(&self, name: &str, args: &[&str]) -> Child {
        let mut command = self.command(self.cable.map(|c| c.there.as_str()));
        command.args(["sensor", "--transport", "zenoh", "--connect", &self.way]).args(args);
        if self.ahead != 0 {
            command.env("PIPEFIT_CLOCK_AHEAD", self.ahead.to_string());
        }
        self.start(command, name)
    }

    /// A sensor alone, to its end.
    pub(crate) fn sensor_alone(&self, args: &[&str]) -> Result<Ended, Failed> {
        let began = Instant::now();
        let mut sensor = self.sensor("alone", args);
        self.end(&mut sensor, "alone", began)
    }

    pub(crate) fn play(&self, args: &[&str]) -> Result<Played, Failed> {
        self.play_with(args, |_| Ok(()))
    }

    /// Plays a run, and does something to it meanwhile.
    pub(crate) fn play_with(
        &self,
        args: &[&str],
        what: impl FnOnce(&mut Pair) -> Result<(), Failed>,
    ) -> Result<Played, Failed> {
        let record = self.results.path().join("record.json");
        let mut viewer = self.command(self.cable.map(|c| c.here.as_str()));
        viewer.arg("run").args(args).args(["--transport", "zenoh", "--listen", &self.endpoint]);
        viewer.args(["--pin", "none", "--message-format", "json"]);
        viewer.arg("--results").arg(self.results.path().join("runs"));
        viewer.arg("--export-json").arg(&record);
        let viewer = self.start(viewer, "viewer");
        let sensor = self.sensor("sensor", &[]);
        let progress = self.results.path().join("viewer.out");
        let mut pair = Pair { viewer, sensor, progress };
        what(&mut pair)?;
        let since = Instant::now();
        let viewer = self.end(&mut pair.viewer, "viewer", since)?;
        let sensor = self.end(&mut pair.sensor, "sensor", since)?;
        Ok(Played { viewer, sensor, cells: recorded(&record) })
    }

    fn end(&self, child: &mut Child, name: &str, since: Instant) -> Result<Ended, Failed> {
        let read = |what| {
            fs::read_to_string(self.results.path().join(format!("{name}.{what}")))
                .unwrap_or_default()
        };
        let status: ExitStatus = loop {
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                break status;
            }
            if since.elapsed() > HANGS {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the {name} hangs: {}{}", read("out"), read("err")).into());
            }
            thread::sleep(Duration::from_millis(20));
        };
        let stderr = read("err");
        let took = since.elapsed();
        Ok(Ended { code: status.code(), took, stderr })
    }
}

fn recorded(file: &Path) -> Result<Vec<Cell>, String> {
    let text = fs::read(file).map_err(|e| e.to_string())?;
    let record: RunRecord = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    Ok(record.cells)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
