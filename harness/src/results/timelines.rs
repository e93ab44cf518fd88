//! `timelines.json`: the course of one trial of each cell, beside the record of a run.

use std::collections::BTreeMap;

use pipefit::role::Timeline;
use serde::{Deserialize, Serialize};

/// What it is called in a run's folder.
pub(super) const FILE: &str = "timelines.json";

/// The name and number of the schema.
pub const SCHEMA: &str = "pipefit-timelines/1";

#[derive(Serialize)]
struct Kept<'a> {
    schema: &'a str,
    cells: &'a BTreeMap<String, Timeline>,
}

#[derive(Deserialize)]
struct Found {
    schema: String,
    cells: BTreeMap<String, Timeline>,
}

/// The text, in one line: nobody reads it who would not have it drawn.
pub(super) fn write(cells: &BTreeMap<String, Timeline>) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec(&Kept { schema: SCHEMA, cells })?;
    text.push(b'\n');
    Ok(text)
}

/// Reads what was written so, or says what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<BTreeMap<String, Timeline>, String> {
    let found: Found = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    if found.schema == SCHEMA {
        Ok(found.cells)
    } else {
        Err(format!("its schema is {:?}, not {SCHEMA}", found.schema))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timelines_come_back_as_they_went() {
        let one = Timeline { span_ns: 5, stride: 2, ..Timeline::default() };
        let cells = BTreeMap::from([("stream/pipe".to_owned(), one)]);
        let text = write(&cells).unwrap();
        assert_eq!(read(&text).unwrap(), cells);
        assert!(text.starts_with(br#"{"schema":"pipefit-timelines/1","cells":{"stream/pipe":{"#));
        assert!(read(b"{").is_err());
        let later = read(br#"{"schema":"pipefit-timelines/2","cells":{}}"#).unwrap_err();
        assert!(later.contains("pipefit-timelines/2"), "{later}");
    }
}
