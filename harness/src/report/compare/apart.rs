//! What differs between runs besides their figures: machines, kernels, builds.

use super::Side;
use crate::report::model::clean;

/// Something in which runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// What.
    pub what: &'static str,
    /// What each of the runs has, in their order, each with its name.
    pub each: Vec<(String, String)>,
}

impl Apart {
    /// In a line.
    #[must_use]
    pub fn line(&self) -> String {
        let each: Vec<String> =
            self.each.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("the {} differs ({})", self.what, each.join("; "))
    }
}

fn known(value: Option<&str>) -> String {
    value.map_or_else(|| "unknown".to_owned(), clean)
}

/// What is asked of each. A processor that is not known is not the same as another's.
fn facts(side: &Side<'_>) -> [(&'static str, String); 13] {
    let (host, build) = (&side.record.host, &side.record.build);
    let facts = &host.facts;
    let number = |n: Option<u64>| n.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
    let pins = host.pinned.as_ref().map_or_else(
        || "none".to_owned(),
        |pins| pins.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    );
    let assertions = if build.debug_assertions { "with" } else { "without" };
    [
        ("machine class", clean(side.class)),
        ("processor", known(facts.cpu.as_deref())),
        ("number of cores", number(facts.cores.map(|n| n as u64))),
        ("memory in bytes", number(facts.memory_bytes)),
        ("kernel", clean(&facts.kernel)),
        ("hypervisor", known(facts.virtualised.as_deref())),
        ("governor", known(facts.governor.as_deref())),
        ("clock source", known(facts.clocksource.as_deref())),
        ("pinning", pins),
        ("version", clean(&side.record.version)),
        ("build", format!("{}, {assertions} debug assertions", clean(&build.profile))),
        ("commit", known(build.commit.as_deref())),
        ("completeness", if side.record.partial { "partial" } else { "whole" }.to_owned()),
    ]
}

/// Whatever is not the same in all of them.
pub(super) fn apart(sides: &[Side<'_>]) -> Vec<Apart> {
    let all: Vec<_> = sides.iter().map(facts).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let differs = |i: &usize| all.iter().any(|facts| facts[*i].1 != first[*i].1);
    let one = |i: usize| Apart {
        what: first[i].0,
        each: sides
            .iter()
            .zip(&all)
            .map(|(side, facts)| (clean(side.name), facts[i].1.clone()))
            .collect(),
    };
    (0..first.len()).filter(differs).map(one).collect()
}
