//! All kept runs over time.

use std::collections::BTreeSet;

use pipefit::ground::host::probe;

use super::Shown;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::out::tell;
use crate::cli::written::Form;
use crate::report::history::{Overview, damage};
use crate::report::html;
use crate::results::{History, Store, machine_class};

/// Draws the history of a results folder.
pub(super) fn history(store: &Store, shown: &Shown<'_>) -> Result<Exit, Failure> {
    shown.exports.only(&[Form::Html], "the history")?;
    let history = History::read(store)?;
    if let Some(damage) = damage(&history.damaged) {
        tell(&format!("warning: {}: {damage}\n", store.root().display()));
    }
    let elsewhere = shown.exports.of(Form::Html).is_some();
    // Links are seen from the results folder: a page elsewhere has none.
    let drawn = if elsewhere { BTreeSet::new() } else { store.drawn(&history) };
    let here = machine_class(&probe());
    let overview = Overview::new(&history.past(&drawn), here.as_str(), &history.damaged);
    let page = html::history(&overview);
    shown.table(|_| format!("{}\n", overview.sentence))?;
    if elsewhere {
        shown.exports.put(Form::Html, &page, shown.out)?;
        shown.point_at(shown.exported())?;
    } else {
        shown.point_at(Some(&store.draw_history(&page)?))?;
    }
    Ok(Exit::Done)
}
