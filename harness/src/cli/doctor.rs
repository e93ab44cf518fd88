//! `doctor`: what about this machine spoils measurements, and what helps.

use std::fmt::Write;
use std::fs;

use super::args::DoctorArgs;
use super::checks::Look;
use super::exit::Exit;
use super::failure::Failure;
use super::out::Out;

/// Where names of shared memory are, and how ours begin.
const SHM: &str = "/dev/shm";
const OURS: &str = "pipefit-";

pub(super) fn doctor(args: &DoctorArgs, out: &Out) -> Result<Exit, Failure> {
    let look = Look::take();
    let mut checks = look.checks();
    checks.extend(look.steal());
    let mut text = String::new();
    for check in &checks {
        let mark = if check.remedy.is_some() { "!" } else { "✓" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {}", check.what);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "    remedy: {remedy}");
        }
    }
    let bad = checks.iter().filter(|c| c.remedy.is_some()).count();
    let _ = writeln!(text, "\n{bad} of {} findings may spoil figures", checks.len());
    if args.fix {
        text += &sweep();
    }
    out.print(&text)?;
    Ok(Exit::Done)
}

/// No transport leaves names yet, so none is known to be stale: what is not known to
/// be ours and dead is left alone.
fn sweep() -> String {
    let names: Vec<String> = fs::read_dir(SHM)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(OURS))
        .collect();
    match &names[..] {
        [] => format!("nothing to sweep: no {OURS}* in {SHM}\n"),
        names => format!(
            "nothing swept: this version makes no {OURS}* in {SHM}, so it cannot tell whether \
             these are in use: {}\n",
            names.join(", ")
        ),
    }
}
