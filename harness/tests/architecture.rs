//! A fitness function for structure: the sources are read as text and held to the
//! rules of ARCHITECTURE.md.
//!
//! Each rule is a function from a path and a text to complaints, and has a control
//! beside it: a text that breaks the rule, which must be caught.
//!
//! It reads tokens, not types. A path that a macro puts together is not seen.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

// ---- the tables ----------------------------------------------------------

/// Where a module stands. One may use its own floor and those with lower numbers; two
/// of the same number stand side by side and do not know each other.
const FLOORS: &[(&str, &str, u32)] = &[
    ("src", "ground", 0),
    ("src", "memory", 1),
    ("src", "link", 2),
    ("src", "transport", 3),
    ("src", "role", 3),
    ("src", "run", 4),
    // In a package of its own, all of it above the measuring side.
    ("harness/src", "metric", 5),
    ("harness/src", "quantity", 5),
    ("harness/src", "stat", 5),
    ("harness/src", "verdict", 6),
    ("harness/src", "report", 7),
    ("harness/src", "results", 8),
    ("harness/src", "check", 9),
    ("harness/src", "gate", 9),
    ("harness/src", "cli", 10),
];

/// Files that stand above all floors of their package.
const ROOFS: &[&str] = &["src/lib.rs", "harness/src/lib.rs", "harness/src/main.rs"];

/// The only floor with `unsafe`.
const UNSAFE_FLOOR: &str = "src/memory/";

/// The only file that names the standard library's (or loom's) atomics.
const ATOMICS: &str = "src/memory/sync.rs";

/// The only files that wait for time to pass.
/// And the one that measures how long being woken takes.
const WAITERS: &[&str] = &["src/link/driver.rs", "src/ground/pace.rs", "src/run/limits/wakes.rs"];

/// A file longer than this wants another look for the meaning at which it splits.
const LONG: usize = 400;

/// Files that are longer, and why that is right.
const LONG_FILES: &[(&str, &str)] = &[
    (
        "src/ground/frame.rs",
        "encoding, decoding and resuming share one layout; half of it is tests",
    ),
    ("src/link/conformance/exchanges.rs", "one promise after the other, each read on its own"),
    ("src/link/driver.rs", "three ways to poll the same loop, to be compared side by side"),
    ("src/run/measure/mod.rs", "one book: everything that makes a cell, and what makes it invalid"),
];

/// Name endings of types that do not say what they are.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Util", "Utils", "Handler"];

/// File names that say even less.
const EMPTY_FILES: &[&str] = &["util", "utils", "helper", "helpers", "misc", "common"];

// ---- reading -------------------------------------------------------------

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every source of both packages: its path from the root, and its text.
fn sources() -> io::Result<BTreeMap<String, String>> {
    let root = root();
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join("src"), root.join("harness/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).unwrap_or(&path);
                found.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

/// A word, `::`, or one other character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// The tokens of a Rust text. Comments are left out, and so is what stands in string
/// and character literals.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut out, mut at, mut line) = (Vec::new(), 0, 1);
    while at < text.len() {
        let rest = &text[at..];
        let len = skipped(rest).unwrap_or_else(|| {
            let len = token_len(rest);
            if !rest.starts_with(char::is_whitespace) {
                out.push(Token { text: &rest[..len], line });
            }
            len
        });
        line += rest[..len].matches('\n').count();
        at += len;
    }
    out
}

fn word_len(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

fn token_len(rest: &str) -> usize {
    match rest.chars().next() {
        Some(c) if c.is_alphanumeric() || c == '_' => word_len(rest),
        Some(':') if rest.starts_with("::") => 2,
        Some(c) => c.len_utf8(),
        None => 0,
    }
}

/// The length of the comment or literal that `rest` begins with, if it does.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let prefix = word_len(rest);
    let (before, literal) = rest.split_at(prefix);
    if !matches!(before, "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    let hashes = literal.len() - literal.trim_start_matches('#').len();
    if before.ends_with('r') && literal[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &literal[hashes + 1..];
        let len = body.find(&end).map_or(body.len(), |i| i + end.len());
        return Some(prefix + hashes + 1 + len);
    }
    if literal.starts_with('"') {
        return Some(prefix + quoted(literal, '"'));
    }
    // 'x' and '\n' are characters, 'x alone is a lifetime.
    let mut chars = literal.strip_prefix('\'')?.chars();
    let escaped = chars.next()? == '\\';
    (escaped || chars.next()? == '\'').then(|| prefix + quoted(literal, '\''))
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of a literal in quotes, both quotes included.
fn quoted(literal: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in literal.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return i + quote.len_utf8(),
            _ => {}
        }
    }
    literal.len()
}

// ---- the floors ----------------------------------------------------------

/// A path as it is written, `crate::…` or `super::…`, in full: groups are taken apart.
#[derive(Debug)]
struct Reference {
    segments: Vec<String>,
    /// Inline modules that it stands in, from the outermost.
    inside: Vec<String>,
    line: usize,
}

fn references(text: &str) -> Vec<Reference> {
    let tokens = tokens(text);
    let word = |i: usize| tokens.get(i).map_or("", |t| t.text);
    let (mut out, mut depth, mut modules) = (Vec::new(), 0_usize, Vec::new());
    for i in 0..tokens.len() {
        match word(i) {
            "{" => {
                depth += 1;
                if i >= 2 && word(i - 2) == "mod" {
                    modules.push((depth, word(i - 1).to_owned()));
                }
            }
            "}" => {
                modules.retain(|(opened, _)| *opened < depth);
                depth = depth.saturating_sub(1);
            }
            "crate" | "super" | "pipefit" | "pipefit_harness"
                if word(i + 1) == "::" && (i == 0 || word(i - 1) != "::") =>
            {
                let mut paths = Vec::new();
                expand(&tokens, i, &[], &mut paths);
                let inside: Vec<String> = modules.iter().map(|(_, name)| name.clone()).collect();
                let line = tokens[i].line;
                out.extend(paths.into_iter().map(|segments| Reference {
                    segments,
                    inside: inside.clone(),
                    line,
                }));
            }
            _ => {}
        }
    }
    out
}

/// Walks the path or tree of paths at token `i`; gives the token behind it.
fn expand(tokens: &[Token<'_>], i: usize, before: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text);
    match text(i) {
        "{" => {
            let mut i = i + 1;
            while !matches!(text(i), "}" | "") {
                // Whatever is not a path (`as name`, a comma) is passed over.
                let is_path = text(i - 1) != "as" && token_len(text(i)) == word_len(text(i));
                i = if is_path && text(i) != "as" { expand(tokens, i, before, out) } else { i + 1 };
            }
            i + 1
        }
        name if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
            let here = [before, &[name.to_owned()]].concat();
            if text(i + 1) == "::" {
                expand(tokens, i + 2, &here, out)
            } else {
                out.push(here);
                i + 1
            }
        }
        _ => {
            out.push(before.to_vec());
            i + 1
        }
    }
}

/// The package's folder, and the path of the module that a file is.
fn module_of(path: &str) -> Option<(&'static str, Vec<String>)> {
    let package = if path.starts_with("harness/src/") { "harness/src" } else { "src" };
    let inside = path.strip_prefix(package)?.strip_prefix('/')?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    Some((package, inside.split('/').map(str::to_owned).collect()))
}

fn floor(package: &str, name: &str) -> Option<u32> {
    FLOORS.iter().find(|(p, n, _)| *p == package && *n == name).map(|(_, _, floor)| *floor)
}

/// A file uses only its own floor and those below.
fn floors(path: &str, text: &str) -> Vec<String> {
    if ROOFS.contains(&path) {
        return Vec::new();
    }
    let Some((package, module)) = module_of(path) else {
        return vec![format!("{path} belongs to no package")];
    };
    let Some(own) = floor(package, &module[0]) else {
        return vec![format!("{path} stands on no floor: {} is not in the table", module[0])];
    };
    let mut complaints = Vec::new();
    for reference in references(text) {
        let segments = &reference.segments;
        let ups = segments.iter().take_while(|s| *s == "super").count();
        let target = match segments[0].as_str() {
            "pipefit_harness" => Some("the harness from outside".to_owned()),
            // The measuring side is below all of the harness, and has no other name
            // for itself than `crate`.
            "pipefit" => (package == "src").then(|| "itself from outside".to_owned()),
            root => {
                let from = [&module[..], &reference.inside].concat();
                let base = if root == "super" { from.len().saturating_sub(ups) } else { 0 };
                let rest = if root == "super" { &segments[ups..] } else { &segments[1..] };
                let full = [&from[..base], rest].concat();
                match full.first() {
                    Some(name) if *name == module[0] => None,
                    Some(name) => match floor(package, name) {
                        Some(other) if other < own => None,
                        Some(_) => Some(format!("{name}, which is not below {}", module[0])),
                        None => Some(format!("{name}, which is no floor")),
                    },
                    None => Some("the whole package".to_owned()),
                }
            }
        };
        if let Some(target) = target {
            let written = segments.join("::");
            complaints.push(format!("{path}:{}: {written} uses {target}", reference.line));
        }
    }
    complaints
}

// ---- words and places ----------------------------------------------------

fn complain(path: &str, text: &str, words: &[&str], why: &str) -> Vec<String> {
    let found = tokens(text).into_iter().filter(|t| words.contains(&t.text));
    found.map(|t| format!("{path}:{}: `{}` {why}", t.line, t.text)).collect()
}

/// `unsafe` stands only where memory is shared.
fn unsafe_floor(path: &str, text: &str) -> Vec<String> {
    if path.starts_with(UNSAFE_FLOOR) {
        return Vec::new();
    }
    complain(path, text, &["unsafe"], "outside src/memory")
}

/// Atomics go through one door, so that loom can stand behind it.
fn atomics(path: &str, text: &str) -> Vec<String> {
    if path == ATOMICS {
        return Vec::new();
    }
    complain(path, text, &["atomic"], "is named elsewhere than in src/memory/sync.rs")
}

/// Time is waited for by the drivers and the pacer, and by nobody else.
fn sleeps(path: &str, text: &str) -> Vec<String> {
    if WAITERS.contains(&path) {
        return Vec::new();
    }
    complain(path, text, &["sleep", "sleep_ms", "park_timeout"], "is waiting that nobody drives")
}

/// Lints are expected with a reason, never allowed.
fn allows(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let found = tokens.windows(2).filter(|w| w[0].text == "allow" && w[1].text == "(");
    let in_attribute = |line: usize| {
        let line = text.lines().nth(line - 1).unwrap_or_default();
        line.contains("#[") || line.contains("#![") || line.contains("cfg_attr")
    };
    found
        .filter(|w| in_attribute(w[0].line))
        .map(|w| format!("{path}:{}: `allow` where `expect` with a reason belongs", w[0].line))
        .collect()
}

/// Names say what a thing is.
fn names(path: &str, text: &str) -> Vec<String> {
    let file = Path::new(path).file_stem().map(|s| s.to_string_lossy().into_owned());
    let mut complaints: Vec<String> = file
        .filter(|stem| EMPTY_FILES.contains(&stem.as_str()))
        .map(|stem| format!("{path}: a file named {stem} says nothing"))
        .into_iter()
        .collect();
    let tokens = tokens(text);
    for pair in tokens.windows(2) {
        let is_type = matches!(pair[0].text, "struct" | "enum" | "trait" | "type" | "union");
        if is_type && EMPTY_NAMES.iter().any(|end| pair[1].text.ends_with(end)) {
            let (line, name) = (pair[1].line, pair[1].text);
            complaints.push(format!("{path}:{line}: a type named {name} says nothing"));
        }
    }
    complaints
}

/// Long files are listed, with the reason why they are.
fn lengths(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= LONG || LONG_FILES.iter().any(|(listed, _)| *listed == path) {
        return Vec::new();
    }
    vec![format!("{path} has {lines} lines: split it by meaning, or list it with the reason")]
}

// ---- registries ----------------------------------------------------------

/// A file of `folder` is declared in the registry, and what it offers is called out
/// there: `offers` finds that in its text, `called` says how the registry names it.
fn registered(
    files: &BTreeMap<String, String>,
    folder: &str,
    offers: fn(&str) -> Vec<String>,
    called: fn(&str, &str) -> Vec<String>,
) -> Vec<String> {
    let registry_path = format!("{folder}/mod.rs");
    let Some(registry) = files.get(&registry_path) else {
        return vec![format!("{registry_path} is not there")];
    };
    // Without spaces, so that a line break in the registry changes nothing.
    let registry: Vec<&str> = tokens(registry).into_iter().map(|t| t.text).collect();
    let registry = format!(" {} ", registry.join(" "));
    let mut complaints = Vec::new();
    for (path, text) in files {
        let stem = path.strip_prefix(folder).and_then(|p| p.strip_prefix('/'));
        let Some(stem) = stem.and_then(|p| p.strip_suffix(".rs")) else { continue };
        if stem == "mod" || stem.contains('/') {
            continue;
        }
        if !registry.contains(&format!(" mod {stem} ;")) {
            complaints.push(format!("{path} is not declared in {registry_path}"));
        }
        let offered = offers(text);
        if offered.is_empty() {
            complaints.push(format!("{path} offers nothing that could be registered"));
        }
        for name in offered {
            let ways = called(stem, &name);
            if !ways.iter().any(|way| registry.contains(way.as_str())) {
                complaints.push(format!("{name} of {path} is not called out in {registry_path}"));
            }
        }
    }
    complaints
}

/// The types that a file implements `Transport` for.
fn transports(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let texts: Vec<&str> = tokens.iter().map(|t| t.text).collect();
    let found = texts.windows(4).filter(|w| w[..3] == ["impl", "Transport", "for"]);
    found.map(|w| w[3].to_owned()).collect()
}

fn transport_called(_file: &str, name: &str) -> Vec<String> {
    vec![format!(":: < {name} > ( )")]
}

/// The constants of type `Scenario` in a file.
fn scenarios(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let texts: Vec<&str> = tokens.iter().map(|t| t.text).collect();
    let found = texts.windows(4).filter(|w| w[0] == "const" && w[2] == ":" && w[3] == "Scenario");
    found.map(|w| w[1].to_owned()).collect()
}

fn scenario_called(file: &str, name: &str) -> Vec<String> {
    vec![format!("& {file} :: {name} ")]
}

// ---- the fitness functions -----------------------------------------------

/// Holds every source to a rule.
fn hold(rule: fn(&str, &str) -> Vec<String>) -> Result<(), String> {
    let sources = sources().map_err(|e| e.to_string())?;
    if sources.len() < 40 {
        return Err(format!("only {} sources were found: are these all?", sources.len()));
    }
    judge(sources.iter().flat_map(|(path, text)| rule(path, text)).collect())
}

fn judge(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(format!("\n{}\n", complaints.join("\n"))) }
}

/// Prints what was found as it is, not as a quoted string.
macro_rules! holds {
    ($found:expr) => {
        if let Err(complaints) = $found {
            panic!("{complaints}");
        }
    };
}

#[test]
fn every_file_uses_only_floors_below_its_own() {
    holds!(hold(floors));
}

#[test]
fn unsafe_stands_only_where_memory_is_shared() {
    holds!(hold(unsafe_floor));
}

#[test]
fn atomics_go_through_one_door() {
    holds!(hold(atomics));
}

#[test]
fn only_drivers_and_the_pacer_wait_for_time() {
    holds!(hold(sleeps));
}

#[test]
fn no_lint_is_allowed() {
    holds!(hold(allows));
}

#[test]
fn names_say_what_a_thing_is() {
    holds!(hold(names));
}

#[test]
fn long_files_are_listed_with_a_reason() {
    holds!(hold(lengths));
}

#[test]
fn listed_files_exist() {
    let sources = sources().unwrap();
    let listed = LONG_FILES.iter().map(|(path, _)| *path);
    let named = listed.chain(WAITERS.iter().copied()).chain([ATOMICS]);
    let gone: Vec<&str> = named.filter(|path| !sources.contains_key(*path)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn every_transport_is_called_out() {
    let mut sources = sources().unwrap();
    // It has no sending half, so it is no `Transport`, and is called out by hand.
    assert!(sources.remove("src/transport/exec.rs").is_some());
    assert!(sources["src/run/registry.rs"].contains("name: exec::NAME"));
    holds!(judge(registered(&sources, "src/transport", transports, transport_called)));
}

#[test]
fn every_scenario_is_called_out() {
    let sources = sources().unwrap();
    holds!(judge(registered(&sources, "src/run/scenario", scenarios, scenario_called)));
}

// ---- the controls --------------------------------------------------------

/// Asserts that a rule finds `wrong` wrong, and so many times.
fn caught(rule: fn(&str, &str) -> Vec<String>, path: &str, wrong: &str, times: usize) {
    let found = rule(path, wrong);
    assert_eq!(found.len(), times, "{path}: {wrong:?} gave {found:?}");
}

#[test]
fn control_floors() {
    let role = "src/role/viewer.rs";
    caught(floors, role, "use crate::transport::Pipe;", 1);
    caught(floors, role, "use crate::{ground::Nanos, run::Case};", 1);
    caught(floors, role, "use crate::{ground::{Nanos, Bytes}, transport::{self as t, Pipe}};", 2);
    caught(floors, role, "use super::super::transport::Pipe;", 1);
    caught(floors, role, "use super::super::{link, run::Case};", 1);
    caught(floors, role, "fn f() { crate::run::session::go(); }", 1);
    caught(floors, role, "mod tests { use super::super::super::run::Case; }", 1);
    caught(floors, role, "use crate::init;", 1);
    caught(floors, role, "use crate::*;", 1);
    caught(floors, role, "fn f() -> pipefit::link::Sent {}", 1);
    caught(floors, "src/transport/pipe.rs", "use crate::role::SensorSpec;", 1);
    caught(floors, "src/ground/time.rs", "use crate::link::Timer;", 1);
    caught(floors, "src/attic/box.rs", "", 1);
    caught(floors, "harness/src/report/html.rs", "use crate::cli::Out;", 1);
    caught(floors, "harness/src/report/html.rs", "use pipefit_harness::cli::Out;", 1);

    caught(floors, role, "use super::{End, Extent}; use crate::role::age::Age;", 0);
    caught(floors, role, "use crate::{ground::{Nanos, Bytes}, link::Rx as Reader};", 0);
    caught(floors, role, "mod tests { use super::*; use super::super::End; }", 0);
    caught(floors, role, "pub(crate) fn f() {} pub(super) fn g() {}", 0);
    caught(floors, role, "// use crate::transport::Pipe;\nconst S: &str = \"crate::run::X\";", 0);
    caught(floors, "src/run/launch/mod.rs", "use crate::role::echo::{echo, ping};", 0);
    caught(floors, "harness/src/report/html.rs", "use pipefit::run::record::Cell;", 0);
}

#[test]
fn control_unsafe() {
    caught(unsafe_floor, "src/role/plot.rs", "fn f() { unsafe { g() } }", 1);
    caught(unsafe_floor, "src/link/mod.rs", "unsafe impl Send for X {}", 1);
    caught(unsafe_floor, "src/memory/ring.rs", "unsafe { g() }", 0);
    caught(unsafe_floor, "src/role/plot.rs", "#![deny(unsafe_code)] // unsafe\n", 0);
}

#[test]
fn control_atomics() {
    caught(atomics, "src/link/stop.rs", "use std::sync::atomic::AtomicBool;", 1);
    caught(atomics, "harness/src/cli/out.rs", "use std::sync::{Arc, atomic::Ordering};", 1);
    caught(atomics, "src/link/stop.rs", "use crate::memory::sync::AtomicBool;", 0);
}

#[test]
fn control_sleeps() {
    caught(sleeps, "src/run/session.rs", "std::thread::sleep(d);", 1);
    caught(sleeps, "src/role/viewer.rs", "tokio::time::sleep(d).await", 1);
    caught(sleeps, "harness/src/cli/run.rs", "use std::thread::sleep as nap;", 1);
    caught(sleeps, "src/run/session.rs", "thread::park_timeout(d)", 1);
    caught(sleeps, "src/role/viewer.rs", "timer.sleep_until(at).await", 0);
    caught(sleeps, "src/ground/pace.rs", "std::thread::sleep(d)", 0);
}

#[test]
fn control_allows() {
    caught(allows, "src/lib.rs", "#[allow(dead_code)]\nfn f() {}", 1);
    caught(allows, "src/lib.rs", "#![allow(missing_docs)]", 1);
    caught(allows, "src/lib.rs", "#[cfg_attr(test, allow(unused))]", 1);
    caught(allows, "src/lib.rs", "#[expect(dead_code, reason = \"#[allow(x)]\")]", 0);
    caught(allows, "src/lib.rs", "fn allow(x: u8) {}", 0);
}

#[test]
fn control_names() {
    caught(names, "src/run/utils.rs", "", 1);
    caught(names, "src/run/mod.rs", "pub struct LinkManager;", 1);
    caught(names, "src/run/mod.rs", "enum FrameHandler<T> {} trait PathHelper {}", 2);
    caught(names, "src/run/mod.rs", "struct Utility; fn handler() {}", 0);
}

#[test]
fn control_lengths() {
    caught(lengths, "src/run/mod.rs", &"\n".repeat(LONG + 1), 1);
    caught(lengths, "src/run/mod.rs", &"\n".repeat(LONG), 0);
}

#[test]
fn control_registries() {
    let folder = |pipe: &str, registry: &str| {
        BTreeMap::from([
            ("src/transport/pipe.rs".to_owned(), pipe.to_owned()),
            ("src/transport/mod.rs".to_owned(), registry.to_owned()),
        ])
    };
    let check = |pipe: &str, registry: &str| {
        registered(&folder(pipe, registry), "src/transport", transports, transport_called).len()
    };
    let pipe = "impl Transport for Pipe {}";
    assert_eq!(check(pipe, "mod pipe; fn enrol() { roll.on_processes::<Pipe>(); }"), 0);
    assert_eq!(check(pipe, "mod pipe; fn enrol() { roll.on_processes::<PipeTwo>(); }"), 1);
    assert_eq!(check(pipe, "mod pipes; fn enrol() { roll.on_processes::<Pipe>(); }"), 1);
    assert_eq!(check(pipe, "// mod pipe; ::<Pipe>()"), 2);
    assert_eq!(check("fn nothing() {}", "mod pipe;"), 1);

    let files = |registry: &str| {
        BTreeMap::from([
            ("s/rtt.rs".to_owned(), "pub(super) const RTT: Scenario = X;".to_owned()),
            ("s/mod.rs".to_owned(), registry.to_owned()),
        ])
    };
    let check =
        |registry: &str| registered(&files(registry), "s", scenarios, scenario_called).len();
    assert_eq!(check("mod rtt; const ALL: &[&Scenario] = &[&rtt::RTT];"), 0);
    assert_eq!(check("mod rtt; const ALL: &[&Scenario] = &[];"), 1);
}

#[test]
fn control_reading() {
    let text = r##"
        let a = "crate::x \" still"; // crate::x
        let b = r#"crate::x " still"#; /* crate::x /* nested */ crate::x */
        let c = '"'; let d: &'static str = b"crate::x"; let e = '\'';
        use crate::y;
    "##;
    let found = references(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].segments.join("::").as_str(), found[0].line), ("crate::y", 5));
}
