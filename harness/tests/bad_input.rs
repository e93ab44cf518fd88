//! What cannot be: each a clear message or a quiet end, and the right exit code.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PIPEFIT: &str = env!("CARGO_BIN_EXE_pipefit");

fn pipefit(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PIPEFIT);
    command.args(args).current_dir(folder).env("PIPEFIT_RESULTS", folder.join("results"));
    command.stdin(Stdio::null());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// It refuses with `code`, says each of `words` on standard error, prints nothing and
/// measures nothing.
fn refuses(args: &[&str], code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = pipefit(folder.path(), args).output().unwrap();
    let told = told(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
    for word in words {
        assert!(told.contains(word), "{args:?} does not say {word:?}: {told}");
    }
    assert!(!told.contains("panicked"), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{args:?}");
    assert!(!folder.path().join("results").exists(), "{args:?} kept something");
}

#[test]
fn unknown_names_are_refused_with_those_there_are() {
    refuses(
        &["run", "stream", "--transport", "pipes"],
        2,
        &["'pipes'", "--transport", "coroutine", "similar value exists: 'pipe'"],
    );
    refuses(&["run", "strem"], 2, &["'strem'", "gui60", "similar value exists: 'stream'"]);
    refuses(&["run", ""], 2, &["gui60"]);
    refuses(&["run"], 2, &["SCENARIOS"]);
    refuses(&["lsit"], 2, &["'lsit'", "'list'"]);
    refuses(&["man", "lsit"], 2, &["lsit"]);
    refuses(&["completions", "cmd"], 2, &["cmd", "bash"]);
}

#[test]
fn unknown_units_are_refused_with_those_there_are() {
    refuses(&["run", "stream", "--rate", "10furlongs"], 2, &["--rate", "10furlongs", "kHz"]);
    refuses(&["run", "stream", "--size", "64apples"], 2, &["--size", "64apples", "KiB"]);
    refuses(&["run", "stream", "--size", "1.5KiB"], 2, &["--size", "1.5KiB", "whole"]);
    refuses(&["run", "stream", "--duration", "2"], 2, &["--duration", "'2'", "500ms"]);
    refuses(&["run", "stream", "--duration", "2parsecs"], 2, &["--duration", "parsecs", "500ms"]);
    refuses(&["run", "stream", "--wait", "doze"], 2, &["--wait", "doze", "adaptive"]);
    refuses(&["run", "stream", "--policy", "explode"], 2, &["--policy", "drop-newest"]);
    refuses(&["compare", "--filter", "("], 2, &["--filter", "without closing"]);
}

#[test]
fn impossible_axes_are_refused_by_their_flag() {
    refuses(&["run", "stream", "--size", "4GiB"], 2, &["--size", "4GiB", "1GiB less"]);
    refuses(&["run", "stream", "--size", "0"], 2, &["--size", "at least 1B"]);
    refuses(&["run", "stream", "--rate", "0"], 2, &["--rate", "'0'", "0.001Hz"]);
    refuses(&["run", "stream", "--rate=-1kHz"], 2, &["--rate", "-1kHz"]);
    refuses(&["run", "stream", "--duration", "0s"], 2, &["--duration", "2s"]);
    refuses(&["run", "stream", "--messages", "0"], 2, &["--messages", "at least 1"]);
    refuses(&["run", "stream", "--messages", "5", "--duration", "1s"], 2, &["cannot be used with"]);
    refuses(&["run", "stream", "--pin", "900"], 2, &["--pin", "CPU 900", "--pin none"]);
    refuses(&["run", "stream", "--producers", "2"], 2, &["--producers", "only 1"]);
    refuses(&["run", "stream", "--repeat", "0"], 2, &["--repeat"]);
    refuses(&["run", "stream", "--capacity", "2TB"], 2, &["--capacity", "1GiB"]);
    refuses(&["--rate", "5kHz", "list"], 2, &["--rate", "'list'", "behind"]);
    refuses(&["compare", "-q", "-v"], 2, &["cannot be used with"]);
}

#[test]
fn what_a_transport_cannot_do_is_said_with_its_reason() {
    refuses(
        &["run", "stream", "--transport", "pipe", "--policy", "overwrite-oldest"],
        4,
        &["n/a", "stream/pipe/64B/10kHz/block/overwrite-oldest", "cannot do policy"],
    );
    refuses(&["run", "rtt", "--transport", "null"], 4, &["discards every frame"]);
    refuses(&["compare", "--filter", "carrier-pigeon"], 4, &["--filter 'carrier-pigeon'"]);
}

#[test]
fn a_program_that_cannot_be_understood_is_refused_by_its_flag() {
    refuses(&["run", "stream", "--exec", ""], 2, &["--exec", "empty"]);
    refuses(&["run", "stream", "--exec", "x", "--wire", "json"], 2, &["--wire", "raw:LAYOUT"]);
    refuses(&["run", "stream", "--exec", "x", "--wire", "text:{speed}"], 2, &["'speed'", "sent"]);
    refuses(&["run", "stream", "--exec", "x", "--wire", "raw:seq=f32"], 2, &["cannot count"]);
    refuses(&["run", "stream", "--wire", "frames"], 2, &["--exec"]);
    let twice = ["--wire", "frames", "--wire", "text:{seq}", "--wire", "frames"];
    let args = [&["run", "stream", "--exec", "x", "--exec", "y"], &twice[..]].concat();
    refuses(&args, 2, &["--wire is given 3 times and --exec 2"]);
    refuses(&["run", "stream", "--transport", "exec"], 4, &["n/a", "--exec COMMAND"]);
}

#[test]
fn standard_output_has_room_for_one() {
    refuses(&["run", "rtt", "--export-csv", "-", "--export-json", "-"], 2, &["one export"]);
    refuses(
        &["run", "rtt", "--export-csv", "-", "--message-format", "json"],
        2,
        &["--message-format json"],
    );
}

#[test]
fn an_export_that_cannot_be_written_is_named_before_anything_is_measured() {
    refuses(&["run", "rtt", "--export-csv", "/nowhere/x.csv"], 1, &["/nowhere/x.csv"]);
    refuses(&["run", "rtt", "--export-json", "/"], 1, &["cannot write /:"]);
}

/// A short run that is certain to be valid.
const SHORT: [&str; 8] =
    ["run", "rtt", "--transport", "call", "--duration", "50ms", "--warmup", "1ms"];

#[test]
fn a_results_folder_that_cannot_be_is_named_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "I was here first").unwrap();
    let within = file.join("deeper");
    let missing = folder.path().join("none/results");
    for (results, why) in [
        (file.as_path(), "a file stands in its place"),
        (&within, "--results"),
        (&missing, "does not exist; create it"),
        (Path::new("/proc/results"), "cannot create /proc/results"),
    ] {
        let mut command = pipefit(folder.path(), &SHORT);
        let output = command.arg("--results").arg(results).output().unwrap();
        let told = told(&output);
        assert_eq!(output.status.code(), Some(1), "{results:?}: {told}");
        assert!(told.contains(why), "{told}");
        assert!(told.contains("--results"), "no remedy: {told}");
        assert!(!told.contains("measuring"), "{told}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"I was here first");

    fs::create_dir(folder.path().join("results")).unwrap();
    fs::write(folder.path().join("results/runs"), "a file").unwrap();
    let output = pipefit(folder.path(), &SHORT).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("results/runs: a file stands"), "{}", told(&output));
}

#[test]
fn a_reader_that_has_enough_is_a_quiet_end() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["list"][..], &["schema"], &["--help"], &["completions", "bash"], &SHORT] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = pipefit(folder.path(), args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", told(&output));
        assert!(!told(&output).contains("rror"), "{args:?}: {}", told(&output));
    }
    let script = "{ \"$0\" list; echo \"exit $?\" >&2; } | head -1";
    let output = Command::new("sh").args(["-c", script, PIPEFIT]).output().unwrap();
    assert_eq!(told(&output), "exit 0\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let json = [&SHORT[..], &["--message-format", "json"]].concat();
    for args in [&["list"][..], &["schema"], &["doctor"], &["man"], &["--help"], &SHORT, &json] {
        let output = pipefit(folder.path(), args).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", told(&output));
        let why = "error: cannot write to standard output: No space left";
        assert!(told(&output).contains(why), "{args:?}: {}", told(&output));
    }
}

#[test]
fn a_full_device_behind_an_export_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let args = [&SHORT[..], &["--export-csv", "/dev/full"]].concat();
    let output = pipefit(folder.path(), &args).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("cannot write /dev/full: No space left"), "{}", told(&output));
}

/// In a mount namespace of its own, on a tmpfs that a run does not fit on.
#[test]
fn a_full_disk_leaves_no_half_run() {
    let folder = tempfile::tempdir().unwrap();
    let script = "set -e; mkdir small spare; mount -t tmpfs -o size=16k none small || exit 99
        TMPDIR=$PWD/spare \"$@\" --results small/results && exit 98 || echo \"exit $?\"
        ls -A small/results/runs | sed 's/^/left: /'; ls spare";
    let mut child = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh", PIPEFIT])
        .args(SHORT)
        .args(["--repeat", "3", "-q"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut said, mut told) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let code = child.wait().unwrap().code();
    if code == Some(99) || told.starts_with("unshare:") {
        eprintln!("SKIPPED a_full_disk_leaves_no_half_run: no tmpfs can be mounted: {told}");
        return;
    }
    assert!(said.contains("exit 1\n"), "{said}{told}");
    assert!(!said.contains("left:"), "half a run is left: {said}");
    assert!(told.contains("error: the run is not kept"), "{told}");
    assert!(told.contains("small/results/runs/") && told.contains("No space left"), "{told}");
    assert!(said.contains("pipefit-") && told.contains("the figures alone are in"), "{said}{told}");
}
