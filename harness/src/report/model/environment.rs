//! Where and how a run was measured.

use pipefit::ground::{Bytes, Nanos};
use pipefit::run::limits::Limits;
use pipefit::run::record::{RunRecord, Spread, Warning};

use super::{Fact, clean};

fn or_unknown(value: Option<String>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |text| clean(&text))
}

/// The facts, in the order in which they are asked for when figures differ.
pub(super) fn facts(record: &RunRecord) -> Vec<Fact> {
    let (host, build) = (&record.host, &record.build);
    let facts = &host.facts;
    let memory = facts.memory_bytes.map(|b| format!("{:.1}GiB", b as f64 / f64::from(1 << 30)));
    let clock = format!(
        "{}, steps of {}, {} a reading",
        or_unknown(facts.clocksource.clone()),
        Nanos(host.clock.step_ns),
        Nanos(host.clock.cost_ns)
    );
    let pinned = host.pinned.as_ref().map_or_else(
        || "no".to_owned(),
        |cpus| {
            let cpus: Vec<String> = cpus.iter().map(ToString::to_string).collect();
            format!("CPU {} (consumer first)", cpus.join(", "))
        },
    );
    let assertions = if build.debug_assertions { "with" } else { "without" };
    [
        ("processor", or_unknown(facts.cpu.clone())),
        ("cores", or_unknown(facts.cores.map(|n| n.to_string()))),
        ("memory", or_unknown(memory)),
        ("kernel", clean(&facts.kernel)),
        ("virtual", or_unknown(facts.virtualised.clone())),
        ("governor", or_unknown(facts.governor.clone())),
        ("clock", clock),
        ("time stolen", or_unknown(host.steal_pct.map(|p| format!("{p:.1} %")))),
        ("pinned", pinned),
        ("pipefit", clean(&record.version)),
        ("build", format!("{}, {assertions} debug assertions", clean(&build.profile))),
        ("commit", or_unknown(build.commit.clone())),
        ("started", clean(&record.started)),
        ("measuring", Nanos(record.measuring_ns).to_string()),
        ("limits", record.limits.as_ref().map_or_else(unshared, limits)),
        ("command", clean(&record.command.join(" "))),
    ]
    .into_iter()
    .map(|(name, value)| Fact { name, value })
    .collect()
}

fn unshared() -> String {
    "not measured: no memory was shared".to_owned()
}

/// What shared memory can do at best.
pub(super) fn limits(limits: &Limits) -> String {
    let trip = |spread: &Spread| spread.p50.map_or_else(|| "—".into(), |ns| Nanos(ns).to_string());
    let mut parts = vec![format!(
        "cache lines there and back {} (one line {})",
        trip(&limits.line_rtt_ns),
        trip(&limits.one_line_rtt_ns)
    )];
    let size = |bytes: &str| bytes.parse().map_or_else(|_| clean(bytes), |n| Bytes(n).to_string());
    for (bytes, spread) in &limits.slot_rtt_ns {
        parts.push(format!("{} there and back {}", size(bytes), trip(spread)));
    }
    for (bytes, rate) in &limits.stream_bytes_per_s {
        parts.push(format!("{} at a time {:.1}GB/s", size(bytes), rate / 1e9));
    }
    parts.join(", ")
}

/// The warnings, made harmless.
pub(super) fn warnings(record: &RunRecord) -> Vec<Warning> {
    let clean_one = |w: &Warning| Warning { what: clean(&w.what), remedy: clean(&w.remedy) };
    record.host.warnings.iter().map(clean_one).collect()
}
