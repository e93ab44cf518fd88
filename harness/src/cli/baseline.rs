//! `baseline`: runs that are kept by class of machine, to see how figures go over time.
//! They are shown, and never judged against.

use pipefit::ground::host::probe;
use pipefit::run::record::RunRecord;
use serde_json::json;

use super::args::{BaselineArgs, Deed, ListOf, Removal, Save};
use super::exit::Exit;
use super::failure::Failure;
use super::out::{Out, tell};
use crate::report::trend::{self, Point, Trends};
use crate::results::{Baseline, Name, Store, machine_class, read_run};

/// The name and number of what `list --json` prints.
const SCHEMA: &str = "pipefit-baselines/1";

/// What must not be done with these figures.
const NOTE: &str = "Nothing is judged against these figures. Whether a change made something \
                    slower, `pipefit gate` says: it measures both sides now.";

pub(super) fn baseline(args: &BaselineArgs, out: &Out) -> Result<Exit, Failure> {
    match &args.deed {
        Deed::Save(args) => save(args, out),
        Deed::List(args) => list(args, out),
        Deed::Rm(args) => remove(args, out),
    }
}

fn save(args: &Save, out: &Out) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let run = args.run.clone().unwrap_or_else(|| store.root().join("latest"));
    let record = read_run(&run)?;
    let path = store.baselines().save(args.name.clone(), record, args.force)?;
    out.print(&format!("baseline: {}\n", path.display()))?;
    Ok(Exit::Done)
}

fn remove(args: &Removal, out: &Out) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let class = args.class.clone().unwrap_or_else(|| machine_class(&probe()));
    let path = store.baselines().remove(&class, &args.name)?;
    out.print(&format!("removed: {}\n", path.display()))?;
    Ok(Exit::Done)
}

fn list(args: &ListOf, out: &Out) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let baselines = store.baselines();
    let here = machine_class(&probe());
    let classes = match &args.class {
        _ if args.all => baselines.classes()?,
        asked => vec![asked.clone().unwrap_or_else(|| here.clone())],
    };
    // There need not be one, and whatever else is in its place is no baseline.
    let latest = read_run(&store.root().join("latest")).ok();
    let mut all = Vec::new();
    for class in &classes {
        let (kept, unread) = baselines.of(class)?;
        for why in unread {
            tell(&format!("warning: passed over: {why}\n"));
        }
        all.push(trends(class, *class == here, &kept, latest.as_ref()));
    }
    out.print(&if args.json { for_programs(&here, &all) } else { for_people(&classes, &all) })?;
    Ok(Exit::Done)
}

/// Baselines of a class, and the latest run, where it is of that class and none of them.
fn trends(class: &Name, this: bool, kept: &[Baseline], latest: Option<&RunRecord>) -> Trends {
    let fits = |record: &&RunRecord| {
        machine_class(&record.host.facts) == *class
            && kept.iter().all(|baseline| baseline.record.id != record.id)
    };
    let latest = latest.filter(|_| !kept.is_empty()).filter(fits);
    let latest = latest.map(|record| Point { name: None, record });
    let kept = kept
        .iter()
        .map(|baseline| Point { name: Some(baseline.name.as_str()), record: &baseline.record });
    let points: Vec<_> = latest.into_iter().chain(kept).collect();
    Trends::new(class.as_str(), this, &points)
}

fn for_programs(here: &Name, all: &[Trends]) -> String {
    let json = json!({
        "schema": SCHEMA,
        "this_machine": here.as_str(),
        "judged": false,
        "note": NOTE,
        "classes": all,
    });
    format!("{json}\n")
}

fn for_people(classes: &[Name], all: &[Trends]) -> String {
    let mut text = String::new();
    let some: Vec<&Trends> = all.iter().filter(|trends| !trends.runs.is_empty()).collect();
    for trends in &some {
        text += &trend::table(trends);
        text.push('\n');
    }
    match (&some[..], classes) {
        ([], [class]) => {
            text +=
                &format!("{class} has no baselines: pipefit baseline save keeps a run as one\n");
        }
        ([], _) => text += "there are no baselines: pipefit baseline save keeps a run as one\n",
        _ => {
            text += "n/a: the run does not have the figure or its limit; –: no such valid cell\n";
            text += NOTE;
            text.push('\n');
        }
    }
    text
}
