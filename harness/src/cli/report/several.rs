//! Runs side by side.

use std::fs;
use std::path::{Path, PathBuf};

use super::Shown;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::written::Form;
use crate::report::compare::{self, Comparison, Side};
use crate::report::html;
use crate::results::{Name, Opened, Store, machine_class};

/// What a page of several runs can be.
const FORMS: [Form; 2] = [Form::Html, Form::Markdown];

/// Draws runs beside each other; each comes with what it was asked for by.
pub(super) fn several(
    store: &Store,
    runs: &[(&PathBuf, Opened)],
    shown: &Shown<'_>,
) -> Result<Exit, Failure> {
    shown.exports.only(&FORMS, "a comparison")?;
    let called: Vec<String> = runs.iter().map(|(said, opened)| called(said, opened)).collect();
    let names = compare::names(&called);
    let classes: Vec<Name> =
        runs.iter().map(|(_, opened)| machine_class(&opened.record.host.facts)).collect();
    let sides: Vec<Side<'_>> = runs
        .iter()
        .zip(&names)
        .zip(&classes)
        .map(|(((_, opened), name), class)| Side {
            name,
            class: class.as_str(),
            record: &opened.record,
            curves: &opened.curves,
        })
        .collect();
    let comparison = Comparison::new(&sides);
    shown.table(|_| compare::table(&comparison))?;
    shown.exports.put(Form::Markdown, &compare::markdown(&comparison), shown.out)?;
    let page = html::compared(&sides);
    if shown.exports.of(Form::Html).is_some() {
        shown.exports.put(Form::Html, &page, shown.out)?;
        shown.point_at(shown.exported())?;
    } else {
        let ids: Vec<&str> = runs.iter().map(|(_, opened)| &opened.record.id[..]).collect();
        shown.point_at(Some(&store.draw_comparison(&ids, &page)?))?;
    }
    Ok(Exit::Done)
}

/// What a run's folder is called, or its record where that has a name of its own.
fn called(said: &Path, opened: &Opened) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let stem = said.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let is_record = said.extension().is_some_and(|end| end == "json");
    let found = match (stem, is_record) {
        (Some(stem), true) if stem != "run" => Some(stem),
        (_, true) => fs::canonicalize(&opened.folder).ok().and_then(|folder| name(&folder)),
        // `..` has no name of its own.
        _ => name(said)
            .or_else(|| fs::canonicalize(&opened.folder).ok().and_then(|folder| name(&folder))),
    };
    found.unwrap_or_default()
}
