//! Files of budgets that are read, and such that are refused, each with its place.

use std::path::Path;

use pipefit::ground::{Bytes, Nanos};
use pipefit::role::Extent;
use pipefit::run::Registry;

use super::*;

const GOOD: &str = r#"
[profile.ci]
repeats = 40
duration = "20s"

[[budget]]
name = "fresh"
why = "an operator reacts to it"
scenario = "gui60"
transport = "shm-ring"
size = "4KiB"
rate = "1kHz"
duration = "10s"
assert = ["lost == 0", "age.p99 <= 25ms"]

[[budget]]
name = "slow"
why = "the control"
scenario = "max"
transport = "pipe-text"
assert = ["throughput >= 0.9 x pipe"]
must_fail = true
"#;

fn read_as(text: &str, profile: Profile) -> Result<Budgets, Complaint> {
    read(Path::new("budgets.toml"), text, &Registry::builtin(), profile)
}

#[test]
fn a_budget_is_a_case_and_what_must_hold_of_it() {
    let budgets = read_as(GOOD, Profile::Local).unwrap();
    let [fresh, slow] = &budgets.all[..] else { panic!("{budgets:?}") };
    assert_eq!(fresh.case.id(), "gui60/shm-ring/4KiB/1kHz/block");
    assert_eq!(fresh.case.size, Bytes(4096));
    assert_eq!(fresh.case.extent, Extent::For(Nanos::from_secs(10)));
    assert_eq!((fresh.line, fresh.asserts[1].1, fresh.trials), (7, 14, Profile::Local.trials()));
    assert!(!fresh.must_fail && slow.must_fail);
    assert_eq!(slow.rivals["pipe"].transport, "pipe");
    let ci = read_as(GOOD, Profile::Ci).unwrap();
    assert_eq!((ci.all[0].trials, ci.all[0].case.extent), (40, Extent::For(Nanos::from_secs(20))));
}

/// A budget with one line changed.
fn with(old: &str, new: &str) -> Complaint {
    assert!(GOOD.contains(old), "{old}");
    read_as(&GOOD.replacen(old, new, 1), Profile::Local).unwrap_err()
}

#[test]
fn what_cannot_be_meant_is_named_with_its_place() {
    for (old, new, line, at, why) in [
        ("size = \"4KiB\"", "sise = \"4KiB\"", 11, "sise", "unknown field"),
        ("\"1kHz\"", "\"1kB\"", 12, "\"1kB\"", "not a rate"),
        ("\"10s\"", "\"10\"", 13, "\"10\"", "ms, s"),
        ("age.p99", "agee.p99", 14, "agee", "is it age?"),
        ("25ms", "25MB", 14, "25MB", "ms"),
        ("age.p99", "age.p999", 14, "\"age.p999 <= 25ms\"", "lengthen it"),
        ("25ms", "0ms", 14, "0ms", "never hold"),
        ("age.p99 <= 25ms", "frame_interval.p50 <= 9ms", 14, "\"frame", "draws every"),
        ("age.p99 <= 25ms", "achieved >= 2kHz", 14, "\"achieved", "asked for"),
        ("\"gui60\"", "\"gui61\"", 9, "\"gui61\"", "stream, rtt"),
        ("\"shm-ring\"", "\"shm-rung\"", 10, "\"shm-rung\"", "no transport"),
        ("0.9 x pipe", "0.9 x pope", 21, "\"throughput", "no transport 'pope'"),
        ("name = \"slow\"", "name = \"fresh\"", 17, "\"fresh\"", "the same name"),
        ("why = \"the control\"", "why = \" \"", 18, "\" \"", "has a reason"),
        ("[\"throughput >= 0.9 x pipe\"]", "[]", 21, "[]", "nothing is asserted"),
        ("repeats = 40", "repeats = 5", 3, "5", "cannot be judged"),
        ("age.p99 <= 25ms", "rtt.p50 <= 25ms", 14, "\"rtt", "gui60 has no rtt"),
        ("age.p99 <= 25ms", "arrival_age.p50 <= 25ms", 14, "\"arrival", "of a program"),
        ("age.p99 <= 25ms", "throughput >= 2kHz", 14, "\"throughput", "asked for"),
        ("age.p99 <= 25ms", "throughput_bytes >= 1GB/s", 14, "\"throughput", "asked for"),
        ("0.9 x pipe", "0.9 x pipe-text", 21, "\"throughput", "against itself"),
        ("throughput >= 0.9 x pipe", "age.p50 <= 25ms", 21, "\"age", "max has no age"),
        ("throughput >= 0.9 x pipe", "stalls == 0", 21, "\"stalls", "max has no stalls"),
        ("[profile.ci]", "[profile.cj]", 2, "cj", "quick, local and ci"),
        (
            "scenario = \"max\"",
            "scenario = \"max\"\nrate = \"1kHz\"",
            20,
            "\"1kHz\"",
            "no schedule",
        ),
        ("must_fail = true", "must_fail = \"yes\"", 22, "\"yes\"", "boolean"),
        ("[[budget]]", "[[budget]", 6, "", ""),
    ] {
        let complaint = with(old, new);
        let shown = complaint.to_string();
        assert_eq!(complaint.line, line, "{new}: {shown}");
        assert!(complaint.why.contains(why), "{new}: {shown}");
        let there: String =
            complaint.text.chars().skip(complaint.column - 1).take(complaint.width).collect();
        assert!(there.starts_with(at), "{new}: {there}\n{shown}");
        assert_eq!(complaint.kind, Kind::Wrong);
    }
    assert!(read_as("", Profile::Local).unwrap_err().why.contains("no budget"));
}

#[test]
fn a_cell_that_cannot_be_measured_is_another_matter() {
    let text = GOOD.replace("rate = \"1kHz\"\n", "").replace("\"gui60\"", "\"rtt\"");
    let text = text.replace("\"shm-ring\"", "\"shm-latest\"");
    let complaint = read_as(&text, Profile::Local).unwrap_err();
    assert_eq!((complaint.kind, complaint.line), (Kind::NotApplicable, 10), "{complaint}");
}

#[test]
fn a_complaint_shows_the_line_with_a_caret() {
    let shown = with("age.p99", "agee.p99").to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "budgets.toml:14:25: there is no metric 'agee': is it age?");
    assert_eq!(lines[2], "14 | assert = [\"lost == 0\", \"agee.p99 <= 25ms\"]");
    assert_eq!(lines[3].find('^'), lines[2].find("agee"));
    assert!(lines[3].ends_with(" ^^^^"));
}

/// Not measured on their own, run programs of others, or behind a feature.
const WITHOUT: [&str; 5] = ["null", "scripted", "exec", "iceoryx2", "zenoh"];

/// What comes later brings a budget of its own. Transports whose names begin alike are a
/// family: one of them speaks for all.
#[test]
fn every_scenario_and_every_family_of_transports_has_a_budget_of_ours() {
    let text = include_str!("../../../fitness/budgets.toml");
    let budgets = read_as(text, Profile::Quick).unwrap().all;
    for scenario in pipefit::run::scenario::ALL {
        let has = budgets.iter().any(|b| b.case.scenario == scenario.name);
        assert!(has, "no budget is of scenario {}", scenario.name);
    }
    let measured: Vec<&str> = budgets.iter().map(|b| b.case.transport).collect();
    let speaks_for = |one: &str, name: &str| {
        name.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    for entry in Registry::builtin().iter().filter(|entry| !WITHOUT.contains(&entry.name)) {
        let has = measured.iter().any(|one| speaks_for(one, entry.name));
        assert!(has, "no budget is of transport {}", entry.name);
    }
}
