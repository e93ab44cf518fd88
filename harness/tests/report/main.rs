//! Every renderer, from one literal record: snapshots of what it looks like, and laws
//! that hold whatever it looks like.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeMap;

use pipefit::link::Policy;
use pipefit::run::record::{Cell, RunRecord, Status};
use pipefit_harness::report::{
    Curves, Figure, Row, Run, View, csv, hgrm, hlog, html, markdown, plot, terminal,
};
use regex_lite::Regex;

mod absurd;
mod exports;
mod literal;
mod pages;
mod words;

use exports::log;
use literal::{SCRIPT, cell, measured, meter, record, small, streamed, usual, whole};

fn rows(view: &View) -> impl Iterator<Item = &Row> {
    view.sections.iter().flat_map(|s| &s.rows)
}

#[test]
fn the_terminal_shows_it_plainly() {
    insta::assert_snapshot!("terminal", terminal::table(&record(), false));
}

#[test]
fn lines_on_a_terminal_fit_unless_names_do_not() {
    let mut record = record();
    record.cells.retain(|c| c.transport != SCRIPT);
    for record in [record, usual().0] {
        for line in terminal::table(&record, false).lines() {
            assert!(line.chars().count() <= terminal::WIDTH, "{line}");
        }
    }
}

#[test]
fn a_policy_that_few_have_is_named_below_the_table() {
    let (mut record, _) = usual();
    for cell in record.cells.iter_mut().filter(|c| c.transport == "transport-3") {
        cell.policy = Policy::OverwriteOldest;
    }
    let table = terminal::table(&record, false);
    assert!(table.contains("stream · 64B · 10kHz · policy block · wait block\n"), "{table}");
    assert!(table.contains("\n  transport-3: policy overwrite-oldest\n"), "{table}");
    // A transport that has two of them could not be told from itself.
    let other = record.cells.iter_mut().find(|c| c.transport == "transport-4").unwrap();
    other.policy = Policy::DropNewest;
    let again = Cell { policy: Policy::Block, ..other.clone() };
    record.cells.push(again);
    let table = terminal::table(&record, false);
    assert!(table.contains("stream · 64B · 10kHz · wait block\n"), "the control: {table}");
}

#[test]
fn shapes_are_drawn_where_there_is_room_for_them() {
    let (record, curves) = whole();
    let shaped = terminal::shaped(&record, &curves, false);
    let rtt: Vec<&str> = shaped.lines().skip_while(|l| !l.starts_with("rtt")).take(6).collect();
    assert!(rtt[2].ends_with("shape") && rtt[3].contains('█'), "{rtt:?}");
    assert!(rtt[5].contains("shape: how often which rtt, from "), "{rtt:?}");
    assert!(rtt.iter().all(|line| line.chars().count() <= terminal::WIDTH), "{rtt:?}");
    assert!(!terminal::table(&record, false).contains('█'), "the control: no histograms");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let plain = terminal::table(&record(), false);
    let colored = terminal::table(&record(), true);
    let sequence = Regex::new("\u{1b}\\[[0-9]+m").unwrap();
    assert_eq!(sequence.replace_all(&colored, ""), plain);
    assert!(!plain.contains('\u{1b}'), "a name moved the cursor");
    let line = |word: &str| colored.lines().find(|l| l.contains(word)).unwrap();
    assert!(line("<script>").starts_with("\u{1b}[31m✗"), "invalid is red");
    assert!(line("n/a: cannot do policy").starts_with("\u{1b}[2m"), "n/a is dim");
    let best = line("*\u{1b}[0m");
    assert!(best.contains("call") && best.contains("\u{1b}[1m"), "the best is bold: {best}");
}

#[test]
fn the_best_is_valid_and_has_rivals_of_equal_terms() {
    let view = View::new(&record());
    let best: Vec<&str> = rows(&view).filter(|r| r.best).map(|r| r.cell.as_str()).collect();
    // Of `stream` the median, since one valid cell has too few samples for a p99.
    assert_eq!(view.sections[0].headings[view.sections[0].main.unwrap()].line(), "response p50");
    assert_eq!(
        best,
        [
            "stream/call/64B/10kHz/block",
            "rtt/thread/64B/spin",
            "max/thread/64B/block",
            "gui60/thread/64B/10kHz/block"
        ]
    );
    let mut faster = record();
    faster.cells[1].size_bytes = 4096;
    let stream = &View::new(&faster).sections[0];
    assert!(!stream.rows[1].best, "alone in its size, it has no rival");
    assert!(stream.rows[0].best);
    faster.cells[0].status = Status::Invalid;
    let stream = &View::new(&faster).sections[0];
    assert!(!stream.rows[0].best, "an invalid cell is never the best");
    assert!(stream.rows[3].best, "but then the next one is");
}

#[test]
fn what_is_missing_says_why() {
    let view = View::new(&record());
    let task = &view.sections[0].rows[3];
    let at = |name: &str| view.sections[0].headings.iter().position(|h| h.line() == name).unwrap();
    assert_eq!(task.figures[at("n")].to_string(), "900");
    assert_eq!(task.figures[at("response p99")], Figure::TooFew);
    assert!(task.figures[at("response p50")].raw().is_some());
    let excluded = &view.sections[0].rows[5];
    assert!(excluded.figures.iter().all(|f| *f == Figure::Absent));
    assert_eq!(excluded.reason.as_deref(), Some("cannot do policy overwrite-oldest"));
    let unknown: Vec<&str> =
        view.environment.iter().filter(|f| f.value == "unknown").map(|f| f.name).collect();
    assert_eq!(unknown, ["governor", "commit"]);
    assert_eq!(view.sentence, "13 cells in 42.3s: 11 valid, 1 invalid, 1 n/a.");
}

#[test]
fn markdown_reads_so() {
    insta::assert_snapshot!("markdown", markdown::document(&record()));
}

#[test]
fn figures_in_markdown_are_the_models() {
    let (record, _) = small();
    let view = View::new(&record);
    let text = markdown::document(&record);
    for row in rows(&view) {
        let line = text
            .lines()
            .find(|l| l.starts_with("| pipe |") && l.contains(&format!("| {} |", row.rate)))
            .unwrap();
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let figures: Vec<String> = row.figures.iter().map(ToString::to_string).collect();
        assert_eq!(cells[6..], figures[..]);
    }
}

#[test]
fn figures_on_the_page_are_the_models() {
    let record = record();
    let page = html::page(&record, &Curves::default(), None);
    let page = &page[page.find("id=\"scenario-0\"").unwrap()..];
    let view = View::new(&record);
    let table_row =
        Regex::new(r#"(?s)<tr class="(?:valid|invalid)"><th scope="row">.*?</tr>"#).unwrap();
    let figure =
        Regex::new(r#"<td class="n[^"]*"[^>]*>(?:<strong class="best">)?([^<*]*)"#).unwrap();
    let shown: Vec<Vec<String>> = table_row
        .find_iter(page)
        .map(|tr| figure.captures_iter(tr.as_str()).map(|c| c[1].to_owned()).collect())
        .collect();
    let wanted: Vec<Vec<String>> = rows(&view)
        .filter(|r| r.status != Status::NotApplicable)
        .map(|r| r.figures.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(wanted.len(), 12);
    assert_eq!(shown, wanted);
}

#[test]
fn the_page_reads_so() {
    let curves = Curves::from_measured(&measured());
    let page = html::page(&record(), &curves, None);
    let svg = Regex::new("(?s)(<svg[^>]*>).*?</svg>").unwrap();
    let style = Regex::new("(?s)<style>.*?</style>").unwrap();
    let bare = style.replace(&page, "<style>…</style>");
    let bare = svg.replace_all(&bare, "$1…</svg>");
    let data = Regex::new("(data:text/csv;charset=utf-8,[^%]*%0A)[^\"]*").unwrap();
    let bare = data.replace_all(&bare, "$1…");
    let script = Regex::new("(?s)<script>.*?</script>").unwrap();
    let bare = script.replace(&bare, "<script>…</script>");
    // One element a line, so that a difference can be read.
    let lines = bare.replace("><", ">\n<");
    insta::assert_snapshot!("page", lines);
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = html::page(&record(), &Curves::from_measured(&measured()), None);
    let references = page.replace("http://www.w3.org/2000/svg", "");
    for scheme in ["http://", "https://", "url(", "@import", " src=", "//fonts"] {
        assert!(!references.contains(scheme), "the page refers to {scheme}");
    }
    let href = Regex::new(r#"href="([^"]*)""#).unwrap();
    for link in href.captures_iter(&page) {
        let within = link[1].starts_with('#') || &link[1] == "data:,";
        assert!(within || link[1].starts_with("data:text/csv;charset=utf-8,"), "{}", &link[1]);
    }
    let policy = Regex::new(r#"http-equiv="Content-Security-Policy" content="([^"]*)""#).unwrap();
    let policy = &policy.captures(&page).unwrap()[1];
    let script = format!("script-src 'sha256-{}'", html::script_hash());
    let wanted = format!(
        "default-src 'none'; style-src 'unsafe-inline'; {script}; img-src data:; base-uri 'none'; form-action 'none'"
    );
    assert_eq!(policy.replace("&#39;", "'"), wanted);
    // Nothing that is pressed or loaded has a script of its own, which the policy would stop.
    let handler = Regex::new(r#"<[a-z][^>]* on[a-z]+="#).unwrap();
    assert!(!handler.is_match(&page), "{:?}", handler.find(&page));
    assert_eq!(page.matches("<script").count(), 1);
}

#[test]
fn hostile_names_are_text_everywhere() {
    let record = record();
    let mut curves = Curves::from_measured(&measured());
    let mut valid = record.clone();
    // So that its name gets into a plot, too.
    valid.cells[4].status = Status::Valid;
    for page in [html::page(&record, &curves, None), html::page(&valid, &curves, None)] {
        let lower = page.to_lowercase();
        let own = lower.matches("<script>(() => {").count();
        assert_eq!((own, lower.matches("<script").count()), (1, 1), "markup came through");
        assert!(!lower.contains("<b>"), "markup came through");
        assert!(lower.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the name is shown");
        assert!(!page.contains('\u{1b}'));
    }
    let run = Run::new(&valid, &curves, None);
    let drawn: Vec<_> = plot::plots(&run, "stream").into_iter().map(Result::unwrap).collect();
    assert!(drawn[0].series.iter().any(|series| series.label == SCRIPT));
    assert!(drawn.iter().any(|one| one.svg.contains("&lt;script&gt;alert(1)&lt;/script")));
    assert!(drawn.iter().all(|one| !one.svg.contains("<script")));
    let markdown = markdown::document(&record);
    assert!(!markdown.contains("<script") && !markdown.contains("<b>"), "{markdown}");
    assert!(markdown.contains("\\[x\\](javascript"), "a link came through: {markdown}");
    assert!(markdown.contains("10kHz \\| &lt;b&gt;"), "a name broke a row: {markdown}");
    let histogram = meter(5, 5).histogram().clone();
    curves.insert("../../etc/passwd", "rtt", histogram);
    for (name, _) in hgrm::files(&curves) {
        assert!(!name.contains('/') && !name.starts_with('.') && !name.contains('<'), "{name}");
    }
}

fn drawings(record: &RunRecord, curves: &Curves, scenario: &str) -> Vec<plot::Drawing> {
    let run = Run::new(record, curves, None);
    plot::plots(&run, scenario).into_iter().map(Result::unwrap).collect()
}

fn labels(drawing: &plot::Drawing) -> Vec<&str> {
    drawing.series.iter().map(|series| series.label.as_str()).collect()
}

#[test]
fn a_plot_reads_so() {
    let (record, curves) = small();
    let plots = drawings(&record, &curves, "stream");
    assert_eq!(plots.len(), 1);
    insta::assert_snapshot!("plot", plots[0].svg);
    insta::assert_snapshot!("plot_data", plots[0].csv);
}

#[test]
fn a_plot_has_a_curve_for_each_valid_transport_and_a_name_for_each_invalid_one() {
    let (record, curves) = (record(), Curves::from_measured(&measured()));
    let stream = &drawings(&record, &curves, "stream")[0];
    assert_eq!(labels(stream), ["call", "pipe", "thread", "task"]);
    assert_eq!(stream.words.left_out, [SCRIPT]);
    let rtt = &drawings(&record, &curves, "rtt")[0];
    assert_eq!(labels(rtt), ["pipe, block", "thread, spin"], "what differs is in the label");
    assert_eq!(rtt.series[1].hue, stream.series[2].hue, "a transport keeps its colour");
    let gui = drawings(&record, &curves, "gui60");
    let titles: Vec<&str> = gui.iter().map(|p| p.words.title.as_str()).collect();
    assert_eq!(titles, ["gui60: frame interval by percentile", "gui60: what became of the frames"]);
    let svg = &stream.svg;
    let line = Regex::new(r#"<polyline[^>]* data-hue="\d+""#).unwrap();
    assert_eq!(line.find_iter(svg).count(), 4, "four curves");
    assert_eq!(svg.matches("<circle").count(), 4);
    for word in ["role=\"img\"", "aria-label=\"stream: response", "<title>stream", "99.9 %", "µs"]
    {
        assert!(svg.contains(word), "{word}");
    }
    for stand_in in ["\"#10", "\"#11", "\"#0200"] {
        assert!(!svg.contains(stand_in), "a colour is not themed");
    }
}

#[test]
fn the_data_of_a_plot_is_what_is_drawn() {
    let (record, curves) = small();
    let drawing = &drawings(&record, &curves, "stream")[0];
    let mut reader = ::csv::Reader::from_reader(drawing.csv.as_bytes());
    assert_eq!(reader.headers().unwrap(), &["series", "percentile_pct", "response_ns"][..]);
    let lines: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let points = Regex::new(r#"<polyline[^>]*data-hue="[^>]*points="([^"]*)""#).unwrap();
    let drawn = points.captures(&drawing.svg).unwrap()[1].split_whitespace().count();
    assert_eq!(lines.len(), drawn);
    let histogram = curves.get("stream/pipe/64B/10kHz/block", "response").unwrap();
    for line in &lines {
        let (percentile, nanos): (f64, u64) = (line[1].parse().unwrap(), line[2].parse().unwrap());
        let found = histogram.value_at_percentile(percentile);
        assert!(histogram.equivalent(found, nanos), "{percentile}: {nanos} and not {found}");
    }
}

#[test]
fn too_few_samples_make_no_plot() {
    let few = [streamed("pipe", 19, 12_000)];
    let record = RunRecord { cells: vec![few[0].cell.clone()], ..record() };
    let curves = Curves::from_measured(&few);
    assert!(drawings(&record, &curves, "stream").is_empty());
    assert!(!html::page(&record, &curves, None).contains("<figure"));
}

#[test]
fn curves_hold_what_was_measured_and_nothing_empty() {
    let curves = Curves::from_measured(&measured());
    let metrics: Vec<&str> =
        curves.histograms["stream/call/64B/10kHz/block"].keys().map(String::as_str).collect();
    assert_eq!(metrics, ["response", "slip", "transit"]);
    assert_eq!(curves.get("stream/call/64B/10kHz/block", "slip").unwrap().len(), 20_000);
    assert!(curves.get("max/pipe/64B/block", "rtt").is_none());
}

#[test]
fn csv_reads_so() {
    let mut out = Vec::new();
    csv::tidy(&small().0, &mut out).unwrap();
    insta::assert_snapshot!("csv", String::from_utf8(out).unwrap());
}

#[test]
fn hgrm_reads_so() {
    insta::assert_snapshot!("hgrm", hgrm::distribution(meter(300, 12_000).histogram()));
}

#[test]
fn an_interrupted_run_says_so_everywhere() {
    let record = RunRecord { partial: true, ..record() };
    let said = "partial: the run was interrupted";
    assert!(terminal::table(&record, false).contains(said));
    assert!(markdown::document(&record).contains(said));
    let page = html::page(&record, &Curves::default(), None);
    assert!(page.contains(said) && page.contains("⚠ Partial."));
    assert!(!html::page(&self::record(), &Curves::default(), None).contains("⚠ Partial."));
}

#[test]
fn a_run_of_nothing_renders() {
    let record = RunRecord { cells: Vec::new(), measuring_ns: 0, partial: true, ..record() };
    let curves = Curves::default();
    assert!(View::new(&record).sentence.starts_with("No cell was measured; partial"));
    assert!(terminal::table(&record, true).contains("No cell was measured"));
    assert!(html::page(&record, &curves, None).contains("No cell was measured"));
    assert!(markdown::document(&record).contains("No cell was measured"));
    let mut out = Vec::new();
    csv::tidy(&record, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1, "the header alone");
    assert_eq!(hgrm::all(&curves), "");
    assert!(hlog::read(&log(&BTreeMap::new()).unwrap()).unwrap().is_empty());
}

#[test]
fn a_cell_without_a_figure_renders_in_every_state() {
    for (status, word) in [
        (Status::Valid, "✓ valid"),
        (Status::Invalid, "✗ invalid"),
        (Status::NotApplicable, "– n/a"),
    ] {
        for scenario in ["stream", "rtt", "max", "gui60", "of their own"] {
            let one = Cell { status, ..cell(scenario, "x") };
            let record = RunRecord { cells: vec![one], ..record() };
            let page = html::page(&record, &Curves::default(), None);
            assert!(page.contains(&format!("{word}</td>")), "{scenario} {word}");
            assert!(markdown::document(&record).contains(word));
            let table = terminal::table(&record, false);
            let why = table.contains("no reason was recorded");
            assert_eq!(why, status != Status::Valid, "{table}");
        }
    }
}
