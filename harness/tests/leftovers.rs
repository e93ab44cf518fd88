//! What dead runs leave, and what does not fit: in a /dev/shm of its own, which a mount
//! namespace gives, so that nobody else's names come into it.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]
#![expect(clippy::print_stderr, reason = "what was skipped is shown")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use pipefit::ground::host::{pid_space, started};

const PIPEFIT: &str = env!("CARGO_BIN_EXE_pipefit");

/// What the script answers if there can be no such folder.
const NO_FOLDER: i32 = 99;

/// Runs a shell script with `$PIPEFIT` in a /dev/shm of `size`; `None`, said aloud, where
/// that is not possible here.
fn in_a_folder_of(size: &str, script: &str, results: &Path) -> Option<(String, String)> {
    let mount =
        format!("mount -t tmpfs -o size={size} none /dev/shm || exit {NO_FOLDER}\n{script}");
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-c", &mount])
        .env("PIPEFIT", PIPEFIT)
        .env("PIPEFIT_RESULTS", results.join("results"))
        .current_dir(results)
        .output();
    let (code, said, told) = match output {
        Ok(Output { status, stdout, stderr }) => {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            (status.code(), text(&stdout), text(&stderr))
        }
        Err(error) => (Some(NO_FOLDER), String::new(), error.to_string()),
    };
    if code == Some(NO_FOLDER) || told.starts_with("unshare:") {
        eprintln!("SKIPPED: no /dev/shm of its own can be had here: {}", told.trim());
        return None;
    }
    assert_eq!(code, Some(0), "{said}{told}");
    Some((said, told))
}

/// A name as runs make them.
fn name(pid: u32, start: u64) -> String {
    format!("pipefit-{}-{pid}-{start}-00112233445566aa", pid_space().unwrap())
}

fn a_dead_pid() -> u32 {
    let mut ended = Command::new("true").spawn().unwrap();
    let pid = ended.id();
    ended.wait().unwrap();
    pid
}

#[test]
fn names_of_dead_runs_are_told_and_swept_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let me = std::process::id();
    let dead = name(a_dead_pid(), 1);
    let used_again = name(me, 1);
    let alive = name(me, started(me).unwrap());
    let elsewhere = "pipefit-1-1-1-00112233445566aa";
    let script = format!(
        "cd /dev/shm; touch {dead} {used_again} {alive} {elsewhere} pipefit-mine somebody-elses; cd - >/dev/null
        \"$PIPEFIT\" doctor; echo ---; \"$PIPEFIT\" doctor --fix; echo ---
        ls /dev/shm; echo ---; \"$PIPEFIT\" doctor --fix; ls /dev/shm"
    );
    let Some((said, told)) = in_a_folder_of("1m", &script, folder.path()) else { return };
    assert_eq!(told, "");
    let [looked, fixed, left, again] = said.split("---\n").collect::<Vec<_>>()[..] else {
        panic!("{said}");
    };
    let found = "! shared memory of processes that are gone: ";
    assert!(looked.contains(found) && looked.contains("remedy: pipefit doctor --fix"), "{looked}");
    assert!(looked.contains("! only 1.0MiB are free in /dev/shm"), "{looked}");
    for gone in [&dead, &used_again] {
        assert!(looked.contains(gone.as_str()), "{gone} is not told: {looked}");
        assert!(fixed.contains(&format!("swept /dev/shm/{gone} (made by process ")), "{fixed}");
        assert!(!left.contains(gone.as_str()), "{left}");
    }
    assert!(fixed.contains("nothing is left of runs that were killed"), "{fixed}");
    for kept in [alive.as_str(), elsewhere, "pipefit-mine", "somebody-elses"] {
        assert!(left.contains(kept) && again.contains(kept), "{kept} is gone: {said}");
        assert!(!looked.contains(kept) && !fixed.contains(kept), "{kept} was meddled with: {said}");
    }
    assert!(again.contains("nothing to sweep"), "{again}");
}

#[test]
fn a_run_sweeps_what_dead_runs_left_and_says_so_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let dead = name(a_dead_pid(), 1);
    let script = format!(
        "touch /dev/shm/{dead} /dev/shm/other
        run() {{ \"$PIPEFIT\" run rtt --transport shm-ring --duration 20ms --warmup 1ms \"$@\"; }}
        run || exit; ls /dev/shm; touch /dev/shm/{dead}; echo --- >&2; run -q || exit; ls /dev/shm"
    );
    let Some((said, told)) = in_a_folder_of("64m", &script, folder.path()) else { return };
    assert_eq!(said.lines().filter(|line| *line == "other").count(), 2, "{said}");
    assert!(!said.contains(&dead), "{said}");
    let (loud, quiet) = told.split_once("---\n").unwrap();
    assert!(loud.starts_with(&format!("swept what dead runs left: /dev/shm/{dead}")), "{loud}");
    assert_eq!(quiet, "");
}

#[test]
fn old_folders_of_incomplete_runs_are_told_and_swept() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("results/runs");
    let (old, new) = (".20261121T231500Z-ab12.new", ".20261121T231501Z-ab12.new");
    for name in [old, new] {
        fs::create_dir_all(runs.join(name)).unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(300);
    fs::File::open(runs.join(old)).unwrap().set_modified(long_ago).unwrap();
    let doctor = |fix: &[&str]| {
        let results = folder.path().join("results");
        let output =
            Command::new(PIPEFIT).arg("doctor").args(fix).arg("--results").arg(results).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (looked, fixed) = (doctor(&[]), doctor(&["--fix"]));
    assert!(looked.contains("! runs that were never complete: "), "{looked}");
    assert!(looked.contains(old) && !looked.contains(new), "{looked}");
    assert!(fixed.contains("swept ") && fixed.contains(old), "{fixed}");
    let left: Vec<_> = fs::read_dir(&runs).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, [new]);
}

#[test]
fn what_does_not_fit_names_the_place_and_the_remedy_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = "run() { \"$PIPEFIT\" run \"$@\" --duration 50ms --warmup 1ms; echo \"exit $?\"; }
        run stream --transport shm-ring,shm-latest --size 8MiB --rate 20Hz
        run max --transport shm-ring --size 900MiB --capacity 1GiB
        run rtt --transport shm-ring; ls -A /dev/shm | sed 's/^/left: /'";
    let Some((said, told)) = in_a_folder_of("4m", script, folder.path()) else { return };
    let exits: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("exit ")).collect();
    assert_eq!(exits[..2], ["65", "65"], "{said}{told}");
    assert!(matches!(exits[2], "0" | "65"), "it would have fitted: {said}{told}");
    // Tables are broken into lines.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let why: Vec<_> = said.split("invalid: ").skip(1).filter(|why| why.contains("fit")).collect();
    assert_eq!(why.len(), 3, "{said}");
    for word in ["of shared memory do not fit into /dev/shm: No space left", "--capacity or --size"]
    {
        assert!(why.iter().all(|why| why.contains(word)), "no '{word}': {why:?}");
    }
    assert!(!said.contains("left: ") && !told.contains("panicked"), "{said}{told}");
}

/// Large, but legal. Where it does not fit, it is the machine's memory that is small.
#[test]
fn large_frames_in_a_large_queue_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (size, capacity) = match std::env::var_os("PIPEFIT_LONG") {
        Some(_) => ("900MiB", "1GiB"),
        None => ("48MiB", "128MiB"),
    };
    let output = Command::new(PIPEFIT)
        .args(["run", "max", "--transport", "shm-ring,memfd-ring", "--messages", "2"])
        .args(["--warmup", "0s", "--size", size, "--capacity", capacity, "--send-timeout", "60s"])
        .env("PIPEFIT_RESULTS", folder.path())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (said, told) = (text(&output.stdout), text(&output.stderr));
    if said.contains("do not fit into") {
        eprintln!("SKIPPED: not as much memory here: {said}");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{said}{told}");
    assert_eq!(said.lines().filter(|line| line.starts_with('✓')).count(), 2, "{said}{told}");
}
