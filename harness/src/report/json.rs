//! `run.json` and what lies beside it: records themselves.

use pipefit::run::record::RunRecord;
use serde::Serialize;

/// A record as it is kept, indented, with a line end.
///
/// # Errors
/// Where a figure cannot be written as JSON.
pub fn pretty(record: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(record)?;
    text.push('\n');
    Ok(text)
}

/// Reads what [`pretty`] wrote.
///
/// # Errors
/// Where the text is not a record.
pub fn read(text: &str) -> Result<RunRecord, serde_json::Error> {
    serde_json::from_str(text)
}
