//! Whether a program is what the sources would give that lie there now: only then is one
//! that is built from them the same program, linked in another order.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why `program` is not, as far as can be told, what a release build of `root` would give
/// now; `None` where it is.
pub(super) fn not_of(program: &Path, root: &Path) -> Option<String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    stale(program, &target.join("release"), root)
}

fn stale(program: &Path, release: &Path, root: &Path) -> Option<String> {
    let (shown, folder) = (program.display(), release.display());
    let is_below = program
        .canonicalize()
        .and_then(|program| release.canonicalize().map(|folder| program.starts_with(folder)));
    if !is_below.unwrap_or(false) {
        return Some(format!("{shown} does not lie below {folder}"));
    }
    let Some(built) = changed(program) else { return Some(format!("{shown} has no age")) };
    let beside = program.with_extension("d");
    let Ok(text) = fs::read_to_string(&beside) else {
        return Some(format!("what it was built from does not stand in {}", beside.display()));
    };
    let mut sources = sources(&text);
    sources.extend(["Cargo.toml", "Cargo.lock"].map(PathBuf::from));
    let newer = sources.iter().map(|source| root.join(source)).find(|source| {
        // One that is gone is a change, too.
        changed(source).is_none_or(|changed| changed > built)
    });
    newer.map(|source| format!("{} changed after it was built", source.display()))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// What a program was built from, as cargo writes it beside it: `program: file file …`, with
/// a backslash before a space that is part of a name.
fn sources(text: &str) -> Vec<PathBuf> {
    let line = text.lines().next().unwrap_or_default();
    let Some((_, files)) = line.split_once(": ") else { return Vec::new() };
    let (mut all, mut name, mut chars) = (Vec::new(), String::new(), files.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&' ') => name.extend(chars.next()),
            ' ' => all.push(std::mem::take(&mut name)),
            c => name.push(c),
        }
    }
    all.push(name);
    all.into_iter().filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn names_are_told_apart() {
        let found = sources("/t/release/p: /s/a.rs /s/b\\ c.rs  /s/d.rs\n");
        assert_eq!(found, ["/s/a.rs", "/s/b c.rs", "/s/d.rs"].map(PathBuf::from));
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_program_is_head_only_where_nothing_is_newer_than_it() {
        let root = tempfile::tempdir().unwrap();
        let release = root.path().join("target/release");
        fs::create_dir_all(&release).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        let put = |name: &str, text: &str, at: SystemTime| {
            let path = root.path().join(name);
            fs::write(&path, text).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
            path
        };
        let source = put("a.rs", "", long_ago);
        put("Cargo.toml", "", long_ago);
        put("Cargo.lock", "", long_ago);
        let built = long_ago + Duration::from_secs(60);
        let program = put("target/release/pipefit", "", built);
        let why = || stale(&program, &release, root.path()).unwrap_or_default();
        assert!(why().contains("pipefit.d"), "{}", why());
        put("target/release/pipefit.d", &format!("x: {}\n", source.display()), built);
        assert_eq!(why(), "");
        let later = built + Duration::from_secs(60);
        put("Cargo.lock", "", later);
        assert!(why().contains("Cargo.lock changed"), "{}", why());
        put("Cargo.lock", "", long_ago);
        put("a.rs", "", later);
        assert!(why().contains("a.rs changed"), "{}", why());
        fs::remove_file(&source).unwrap();
        assert!(why().contains("a.rs changed"), "it is gone: {}", why());
        let elsewhere = put("pipefit", "", later);
        let other = stale(&elsewhere, &release, root.path()).unwrap();
        assert!(other.contains("does not lie below"), "{other}");
    }
}
