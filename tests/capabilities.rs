//! What every transport can do, as a literal table: a change of capabilities is a
//! change of this file. And every cell that may be `n/a` in the default comparison: a
//! new one fails here, so that no transport drops out of a scenario unnoticed.

use pipefit::ground::Bytes;
use pipefit::link::{Caps, LinkError, LinkSpec, Place, Policy, Wait, open};
use pipefit::role::guest::Dialect;
use pipefit::run::{Case, Program, Registry, scenario, session};
use pipefit::transport::Store;

type Row = (&'static str, Place, &'static [Policy], &'static [Wait], bool, bool, bool);

const BLOCK: &[Policy] = &[Policy::Block];
const NO_OVERWRITE: &[Policy] = &[Policy::Block, Policy::DropNewest];
const ALL: &[Policy] = &[Policy::Block, Policy::DropNewest, Policy::OverwriteOldest];
const DRIVEN: &[Wait] = &[Wait::Block];
const ANY: &[Wait] = &[Wait::Spin, Wait::Yield, Wait::Block, Wait::Adaptive];

/// name, place, policies, waits, zero-copy, batch, prompt
const TABLE: &[Row] = &[
    ("null", Place::Nowhere, BLOCK, DRIVEN, false, false, false),
    ("scripted", Place::Nowhere, BLOCK, DRIVEN, false, false, true),
    ("call", Place::Loop, BLOCK, DRIVEN, true, false, true),
    ("coroutine", Place::Loop, ALL, DRIVEN, true, false, true),
    ("task", Place::Task, NO_OVERWRITE, DRIVEN, true, false, true),
    ("thread", Place::Thread, NO_OVERWRITE, ANY, true, false, true),
    ("crossbeam", Place::Thread, ALL, ANY, true, false, true),
    ("rtrb", Place::Thread, NO_OVERWRITE, ANY, true, false, true),
    ("pipe", Place::Process, NO_OVERWRITE, ANY, false, true, true),
    ("pipe-text", Place::Process, NO_OVERWRITE, ANY, false, true, true),
    ("pipe-buffered", Place::Process, BLOCK, ANY, false, true, false),
    ("unix-stream", Place::Process, NO_OVERWRITE, ANY, false, true, true),
    ("unix-seqpacket", Place::Process, NO_OVERWRITE, ANY, false, false, true),
    ("ipc-channel", Place::Process, NO_OVERWRITE, ANY, false, false, true),
    ("ipc-channel-typed", Place::Process, NO_OVERWRITE, ANY, false, false, true),
    ("ipc-channel-shm", Place::Process, NO_OVERWRITE, ANY, false, false, true),
    ("shm-ring", Place::Process, ALL, ANY, true, true, true),
    ("memfd-ring", Place::Process, ALL, ANY, true, true, true),
    ("shm-latest", Place::Process, &[Policy::OverwriteOldest], ANY, true, true, true),
    ("store", Place::Process, ALL, ANY, false, false, true),
    #[cfg(feature = "iceoryx2")]
    ("iceoryx2", Place::Process, NO_OVERWRITE, ANY, true, false, true),
    #[cfg(feature = "zenoh")]
    ("zenoh", Place::Process, NO_OVERWRITE, ANY, false, false, true),
    ("exec", Place::Process, BLOCK, ANY, false, false, true),
];

/// Every cell of the default comparison that cannot be measured, and why.
const NOT_APPLICABLE: [(&str, &str, &str); 11] = [
    ("stream", "null", "discards every frame"),
    ("rtt", "null", "discards every frame"),
    ("max", "null", "discards every frame"),
    ("gui60", "null", "discards every frame"),
    ("stream", "scripted", "virtual time"),
    ("rtt", "scripted", "virtual time"),
    ("max", "scripted", "virtual time"),
    ("gui60", "scripted", "virtual time"),
    ("rtt", "pipe-buffered", "an echo would never come"),
    ("rtt", "shm-latest", "rtt needs policy block"),
    ("rtt", "exec", "no way back"),
];

#[test]
fn capabilities_are_as_the_table_says() {
    let found: Vec<Row> = Registry::builtin()
        .iter()
        .map(|e| {
            let Caps { place, policies, waits, zero_copy, batch, prompt, .. } = e.caps;
            (e.name, place, policies, waits, zero_copy, batch, prompt)
        })
        .collect();
    assert_eq!(found, TABLE);
}

/// Those that cannot take every frame that the wire allows.
const FRAME_LIMITS: &[(&str, Bytes)] = &[
    ("unix-seqpacket", Bytes(128 << 10)),
    ("ipc-channel", Bytes(128 << 10)),
    ("ipc-channel-typed", Bytes(128 << 10)),
    #[cfg(feature = "zenoh")]
    ("zenoh", Bytes(256 << 10)),
];

#[test]
fn no_other_frame_limit_is_lower_than_the_wire_allows() {
    for entry in Registry::builtin().iter() {
        let limit = FRAME_LIMITS.iter().find(|l| l.0 == entry.name).map_or(Caps::LARGEST, |l| l.1);
        assert_eq!(entry.caps.max_frame, limit, "{}", entry.name);
    }
}

#[test]
fn no_cell_is_left_out_but_those_that_must_be() {
    let registry = Registry::builtin();
    let mut left_out = Vec::new();
    for entry in registry.iter() {
        for scenario in scenario::ALL {
            let policy = entry.caps.usual_policy();
            let program = || Program { command: "true".into(), dialect: Dialect::default() };
            let program = entry.runs_program.then(program);
            let case = Case { policy, program, ..Case::of(scenario, entry.name) };
            if let Some(why) = session::not_applicable(entry, &case) {
                left_out.push((scenario.name, entry.name, why));
            }
        }
    }
    for (scenario, transport, why) in NOT_APPLICABLE {
        let found = left_out.iter().position(|l| (l.0, l.1) == (scenario, transport));
        let found = found.unwrap_or_else(|| panic!("{scenario} over {transport} is measured now"));
        let (.., reason) = left_out.swap_remove(found);
        assert!(reason.contains(why), "{scenario} over {transport}: {reason}");
    }
    assert!(left_out.is_empty(), "newly left out: {left_out:?}");
}

#[test]
fn a_program_is_run_by_exec_and_by_nothing_else() {
    let registry = Registry::builtin();
    let program = Program { command: "true".into(), dialect: Dialect::default() };
    let refused = |transport: &str, program: Option<Program>| {
        let case = Case { program, ..Case::of(scenario::find("stream").unwrap(), "exec") };
        session::not_applicable(registry.get(transport).unwrap(), &case)
    };
    assert!(refused("exec", None).unwrap().contains("--exec COMMAND"));
    assert!(refused("pipe", Some(program.clone())).unwrap().contains("cannot run a program"));
    assert_eq!(refused("exec", Some(program)), None);
}

/// As this one does not. Its server is this program again, which opens no other one.
#[test]
fn a_program_that_does_not_call_init_is_told_so() {
    let spec = LinkSpec {
        capacity: LinkSpec::CAPACITY,
        frame: Bytes(100),
        policy: Policy::Block,
        wait: Wait::Block,
    };
    match open::<Store>(&spec).unwrap_err() {
        error @ (LinkError::NotFound(_) | LinkError::Unsupported { .. }) => {
            assert!(error.to_string().contains("call"), "{error}");
        }
        other => panic!("{other}"),
    }
}
