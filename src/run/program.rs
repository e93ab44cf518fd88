//! A program that is a sensor: how it is started, and what it is called.
//!
//! It is run by the shell, in a process group of its own, and reads nothing. It has the
//! environment of whoever started pipefit, without `PYTHONUNBUFFERED`: how a program
//! buffers its output is what is measured, and must not depend on what happens to be
//! set. To set it, or any other variable, write it in front of the command.
//!
//! A program cannot ask to die with its parent without knowing of it. So pipefit starts
//! itself, asks for that, and becomes the shell. What the shell starts in turn, where it
//! does not become the program, is ended with the group, or by its broken pipe.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};

use super::control::PROTOCOL;
use super::endpoint::{EXIT_NOT_MINE, die_with_parent};
use crate::ground::host::pin_thread;
use crate::role::guest::Dialect;

/// Makes a process of ours become a program: protocol, then parent's pid. Its arguments
/// are a CPU, or nothing, and the command.
pub(super) const PROGRAM_VAR: &str = "PIPEFIT_PROGRAM";

/// Decides how Python buffers; not to be inherited by chance.
const UNBUFFERED: &str = "PYTHONUNBUFFERED";

/// What the shell says of a command that cannot be run.
const EXIT_CANNOT_RUN: i32 = 126;

/// The longest label, in characters.
const LABEL: usize = 48;

/// A program, and what it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// For the shell.
    pub command: String,
    /// What it writes to its standard output.
    pub dialect: Dialect,
}

impl Program {
    /// The command in short, for the ids of cells: without folders, and with nothing but
    /// letters, digits, dots and dashes.
    #[must_use]
    pub fn label(&self) -> String {
        let words = self.command.split_whitespace();
        let short: Vec<&str> = words.map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
        let mut label = String::new();
        for c in short.join("-").chars() {
            let c = if c.is_alphanumeric() || "._=".contains(c) { c } else { '-' };
            if c != '-' || !label.ends_with('-') {
                label.push(c);
            }
        }
        let label: String = label.trim_matches('-').chars().take(LABEL).collect();
        label.trim_end_matches('-').to_owned()
    }

    /// Starts it, on the CPU if one is given.
    pub(super) fn start(&self, cpu: Option<usize>, stdout: OwnedFd) -> io::Result<Child> {
        Command::new("/proc/self/exe")
            .arg0("pipefit-child")
            .arg(cpu.map_or_else(String::new, |cpu| cpu.to_string()))
            .arg(&self.command)
            .env(PROGRAM_VAR, format!("{PROTOCOL}:{}", process::id()))
            .env_remove(UNBUFFERED)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
    }
}

/// Becomes a program if this process was started to be one. Comes back, with an exit
/// code, only where it cannot.
#[expect(clippy::print_stderr, reason = "what a program complains to is read by its parent")]
pub(super) fn become_program() -> Option<i32> {
    let mark = env::var_os(PROGRAM_VAR)?;
    let mut args = env::args_os().skip(1);
    let (cpu, command) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
    if let Err(why) = die_with_parent(&mark.to_string_lossy()) {
        eprintln!("{PROGRAM_VAR}={}: {why}", mark.to_string_lossy());
        return Some(EXIT_NOT_MINE);
    }
    let why = settle(&cpu).unwrap_or_else(|| {
        Command::new("/bin/sh")
            .args([OsStr::new("-c"), &command])
            .env_remove(PROGRAM_VAR)
            .exec()
            .to_string()
    });
    eprintln!("cannot run {}: {why}", command.to_string_lossy());
    Some(EXIT_CANNOT_RUN)
}

/// Goes to its CPU, if it has one; says why it cannot.
fn settle(cpu: &OsString) -> Option<String> {
    let cpu = cpu.to_str().filter(|cpu| !cpu.is_empty())?;
    match cpu.parse() {
        Ok(cpu) => pin_thread(cpu).err().map(|e| e.to_string()),
        Err(_) => Some(format!("'{cpu}' is no CPU")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_short_and_plain() {
        for (command, label) in [
            ("python3 examples/python/sensor.py --rate 10kHz", "python3-sensor.py-rate-10kHz"),
            ("LEVEL=1 ./a.out | tee 'x y'", "LEVEL=1-a.out-tee-x-y"),
            ("//", ""),
        ] {
            let program = Program { command: command.into(), dialect: Dialect::default() };
            assert_eq!(program.label(), label, "{command}");
        }
        let long = Program { command: "x".repeat(500), dialect: Dialect::default() };
        assert_eq!(long.label().len(), LABEL);
    }
}
