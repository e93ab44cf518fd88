//! How near the ring comes to what this machine can do at all, and how far it is ahead
//! of what else there is.
//!
//! `cargo bench --bench limits`, with `--features iceoryx2` for that peer. An argument
//! picks rows by a part of their name; `--quick` measures a few pairs only. With
//! `PIPEFIT_STRICT=1`, a row that does not meet its target fails the bench; one of which
//! no trial worked, and not for want of time, always does.
//!
//! Every figure comes from a trial: two fresh, pinned processes (threads, for rtrb) that
//! move bytes and do nothing else. A subject's trial stands between two of its
//! reference, and rows take turns, so that a machine that changes does so for both. A
//! pair whose references differ by over 20 % is dropped. Shown is the median of the
//! ratios with its 95 % interval (bootstrap over trials). A yardstick that a subject
//! beats by over 5 % is none, and is marked.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod arm;
#[path = "../flags/mod.rs"]
mod flags;
mod latest;
mod peers;
mod rows;
#[path = "../targets/mod.rs"]
mod targets;

use std::process::ExitCode;

use pipefit::run::Registry;
use pipefit_harness::stat::{Bracket, Paired, median};

use arm::Arm;
use flags::{Flags, Mode};
use rows::{Bound, Row};

/// What has been measured of a row.
#[derive(Default)]
struct Sheet {
    brackets: Vec<Bracket>,
    /// Processor time of a trip: the subject's, the reference's.
    cpu: Vec<(f64, f64)>,
    /// Why trials failed.
    faults: Vec<String>,
}

impl Sheet {
    /// Whether no trial worked, and not for want of time.
    fn is_broken(&self) -> bool {
        let broken = |why: &String| !why.ends_with(arm::NOTHING);
        self.brackets.is_empty() && self.faults.iter().any(broken)
    }
}

fn main() -> ExitCode {
    let mut registry = Registry::builtin();
    peers::enrol(&mut registry);
    pipefit::init(&registry);
    let flags = Flags::of(std::env::args().skip(1));
    let name = |row: &Row| format!("limits/{}", row.name);
    let all = rows::all();
    let every = all.len();
    let rows: Vec<Row> = all.into_iter().filter(|row| flags.want(&name(row))).collect();
    if flags.mode == Mode::List {
        rows.iter().for_each(|row| println!("{}: benchmark", name(row)));
        return ExitCode::SUCCESS;
    }
    let rounds = if flags.mode == Mode::Full { 25 } else { 6 };
    println!("{} rows, {rounds} pairs each; ratios of subject to reference\n", rows.len());
    if rows.is_empty() {
        return ExitCode::SUCCESS;
    }
    let sheets = take_turns(&registry, &rows, rounds);
    println!(
        "{:<58} {:>10} {:>10} {:>7} {:^16} {:>8} {:>7}",
        "row", "subject", "reference", "ratio", "95 %", "target", "n"
    );
    let missed = rows.iter().zip(&sheets).filter(|(row, sheet)| !show(row, sheet)).count();
    let tried = rows.len() == every && !show_tries();
    if sheets.iter().any(Sheet::is_broken) {
        return ExitCode::FAILURE;
    }
    targets::verdict(missed + usize::from(tried))
}

fn take_turns(registry: &Registry, rows: &[Row], rounds: usize) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = rows.iter().map(|_| Sheet::default()).collect();
    for _ in 0..rounds {
        for (row, sheet) in rows.iter().zip(&mut sheets) {
            measure(registry, row, sheet);
        }
    }
    sheets
}

fn measure(registry: &Registry, row: &Row, sheet: &mut Sheet) {
    let read = |arm: &Arm| arm.read(registry);
    let readings = read(&row.reference)
        .and_then(|before| Ok((before, read(&row.subject)?, read(&row.reference)?)));
    match readings {
        Ok((before, subject, after)) => {
            sheet.cpu.extend(subject.cpu.zip(after.cpu));
            let [before, subject, after] = [before, subject, after].map(|r| r.figure);
            sheet.brackets.push(Bracket { before, subject, after });
        }
        Err(why) => sheet.faults.push(why),
    }
}

/// Prints how often a reader of `shm-latest` had to try; says whether once was enough.
fn show_tries() -> bool {
    match latest::tries() {
        Ok((read, tries)) => {
            let again = tries - read;
            println!(
                "shm-latest: {read} frames read beside a saturating sender, {again} tries again"
            );
            again == 0 && read > 0
        }
        Err(why) => {
            println!("shm-latest: {why}");
            false
        }
    }
}

/// Prints what waiting cost the processors.
fn show_cpu(row: &Row, sheet: &Sheet) {
    let (subject, reference): (Vec<f64>, Vec<f64>) = sheet.cpu.iter().copied().unzip();
    if let (Some(subject), Some(reference)) = (median(&subject), median(&reference)) {
        println!(
            "    processor time of a trip, both sides: {}, against {}",
            row.subject.show(subject),
            row.reference.show(reference)
        );
    }
}

/// Prints a row; says whether its target may be met.
fn show(row: &Row, sheet: &Sheet) -> bool {
    let of =
        |part: fn(&Bracket) -> f64| median(&sheet.brackets.iter().map(part).collect::<Vec<_>>());
    let subject = of(|b| b.subject).map_or_else(|| "-".into(), |x| row.subject.show(x));
    let reference = of(|b| (b.before * b.after).sqrt());
    let reference = reference.map_or_else(|| "-".into(), |x| row.reference.show(x));
    let paired = Paired::of(&sheet.brackets);
    let n = format!("{}-{}", paired.n, paired.dropped);
    print!("{:<58} {subject:>10} {reference:>10} ", row.name);
    let Some(ratio) = paired.ratio else {
        println!("{:>7} {:^16} {:>8} {n:>7}   too few pairs agree", "-", "-", row.bound);
        sheet.faults.first().inspect(|why| println!("    {why}"));
        return false;
    };
    let (met, clear, beaten) = match row.bound {
        Bound::AtMost(x) => (ratio.low <= x, ratio.high <= x, ratio.high < 0.95),
        Bound::AtLeast(x) => (ratio.high >= x, ratio.low >= x, ratio.low > 1.05),
    };
    let verdict = match (met, clear) {
        (_, true) => "met",
        (true, false) => "not clear",
        (false, false) => "NOT MET",
    };
    let note = if row.is_yardstick && beaten { "; the yardstick is none" } else { "" };
    println!(
        "{:>7.3} [{:>6.3}, {:>6.3}] {:>8} {n:>7}   {verdict}{note}",
        ratio.value, ratio.low, ratio.high, row.bound
    );
    if !row.subject.spin {
        show_cpu(row, sheet);
    }
    if let Some(why) = sheet.faults.first() {
        println!("    {} trials failed, the first: {why}", sheet.faults.len());
    }
    met
}
