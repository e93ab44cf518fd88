//! What goes to files comes back as it was, and names every cell.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use pipefit_harness::report::{Curves, csv, hgrm, hlog, json};

use super::literal::{SCRIPT, measured, meter, record};

#[test]
fn csv_has_every_cell_and_every_figure_exactly() {
    let record = record();
    let mut out = Vec::new();
    csv::tidy(&record, &mut out).unwrap();
    let mut reader = ::csv::Reader::from_reader(&out[..]);
    assert_eq!(reader.headers().unwrap(), &csv::HEADER[..]);
    let lines: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for cell in &record.cells {
        assert!(lines.iter().any(|l| l[0] == cell.id), "{} is missing", cell.id);
    }
    let hostile = lines.iter().find(|l| &l[2] == SCRIPT).unwrap();
    assert_eq!((&hostile[8], &hostile[9]), ("invalid", record.cells[4].reason.as_deref().unwrap()));
    let p99 = lines
        .iter()
        .find(|l| l[0] == record.cells[1].id && &l[10] == "response" && &l[11] == "p99")
        .unwrap();
    let exact = record.cells[1].metrics.response_ns.as_ref().unwrap().p99.unwrap();
    assert_eq!((&p99[12], &p99[13]), (exact.to_string().as_str(), "ns"));
    let excluded: Vec<_> = lines.iter().filter(|l| l[0] == record.cells[5].id).collect();
    assert_eq!((excluded.len(), &excluded[0][8], &excluded[0][12]), (1, "n/a", ""));
}

#[test]
fn json_comes_back_as_it_went() {
    let record = record();
    let text = json::pretty(&record).unwrap();
    assert!(text.ends_with("}\n") && text.contains("\n  \"schema\": \"pipefit-run/1\""));
    assert_eq!(json::read(&text).unwrap(), record);
    assert!(json::read("{}").is_err());
}

#[test]
fn hgrm_counts_every_sample_and_names_every_file() {
    let curves = Curves::from_measured(&measured()[..2]);
    let files: Vec<(String, String)> = hgrm::files(&curves).collect();
    let names: Vec<&str> = files.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(
        names[..3],
        [
            "stream-call-64B-10kHz-block.response.hgrm",
            "stream-call-64B-10kHz-block.slip.hgrm",
            "stream-call-64B-10kHz-block.transit.hgrm"
        ]
    );
    let last = files[0].1.lines().rfind(|l| !l.starts_with('#')).unwrap();
    assert!(last.ends_with("1.000000000000      20000"), "{last}");
    let mut hostile = Curves::default();
    hostile.insert("a\u{1b}[2J", "b\u{1b}[2J", meter(5, 5).histogram().clone());
    assert!(!hgrm::all(&hostile).contains('\u{1b}'), "a name moved the cursor");
    let all = hgrm::all(&curves);
    assert_eq!(all.matches("#[Cell = ").count(), 6);
    assert!(all.contains("#[Cell = stream/pipe/64B/10kHz/block, metric = slip, unit = us]\n"));
}

pub(super) fn log(
    histograms: &BTreeMap<String, hdrhistogram::Histogram<u64>>,
) -> Result<Vec<u8>, hlog::HlogError> {
    let mut out = Vec::new();
    let (started, length) =
        (UNIX_EPOCH + Duration::from_secs(1_767_323_045), Duration::from_secs(2));
    hlog::write_cell(&mut out, "stream/x\ny", started, length, histograms)?;
    Ok(out)
}

#[test]
fn an_interval_log_comes_back_as_it_went() {
    let histograms = &Curves::from_measured(&measured()).histograms["stream/pipe/64B/10kHz/block"];
    let text = log(histograms).unwrap();
    let back = hlog::read(&text).unwrap();
    assert_eq!(back.len(), 3);
    assert_eq!(&back, histograms);
    let text = String::from_utf8(text).unwrap();
    let heads: Vec<&str> = text.lines().map(|l| l.split(",HIST").next().unwrap()).collect();
    assert_eq!(
        heads,
        [
            "#[Histogram log format version 1.3]",
            "#[Cell: stream/x y, values in ns]",
            "#[BaseTime: 1767323045.000 (seconds since epoch)]",
            "Tag=response,0.000,2.000,245887.000",
            "Tag=slip,0.000,2.000,61471.000",
            "Tag=transit,0.000,2.000,122943.000"
        ]
    );
    let twice = [text.as_bytes(), text.as_bytes()].concat();
    assert_eq!(hlog::read(&twice).unwrap()["slip"].len(), 40_000, "the same tag adds up");
}

#[test]
fn a_damaged_log_is_an_error_with_its_place() {
    let curves = Curves::from_measured(&measured());
    let text = log(&curves.histograms["stream/pipe/64B/10kHz/block"]).unwrap();
    let cut = &text[..text.len() - 40];
    assert!(matches!(hlog::read(cut), Err(hlog::HlogError::Line(_))), "{:?}", hlog::read(cut));
    let spoilt = String::from_utf8(text).unwrap().replace("HISTF", "HI!TF");
    let error = hlog::read(spoilt.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("response"), "{error}");
    let odd = BTreeMap::from([("a,b".to_owned(), meter(1, 1).histogram().clone())]);
    let refused = hlog::write_cell(&mut Vec::new(), "x", UNIX_EPOCH, Duration::ZERO, &odd);
    assert!(matches!(refused, Err(hlog::HlogError::Tag(_))));
}
