//! `doctor`: what about this machine spoils measurements, and what helps.

use std::fmt::Write;

use super::args::DoctorArgs;
use super::checks::Look;
use super::exit::Exit;
use super::failure::Failure;
use super::leftovers;
use super::out::Out;
use crate::results::Store;

pub(super) fn doctor(args: &DoctorArgs, out: &Out) -> Result<Exit, Failure> {
    let store = Store::find(args.results.as_deref());
    let swept = args.fix.then(|| leftovers::sweep(&store));
    let look = Look::take();
    let mut checks = look.checks();
    checks.extend(look.steal());
    checks.extend(leftovers::checks(&store));
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
    text += &swept.unwrap_or_default();
    out.print(&text)?;
    Ok(Exit::Done)
}
