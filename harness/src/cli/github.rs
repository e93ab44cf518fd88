//! Under GitHub Actions: annotations on standard error, where its runner looks for them
//! too, and a summary appended to the file it names.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::out::tell;

/// A path as it is from the root of the repository, where that is known.
pub(super) fn from_root(path: &Path) -> PathBuf {
    let root = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let whole = path.canonicalize().ok();
    let rooted = root.and_then(|root| root.canonicalize().ok()).zip(whole);
    rooted
        .and_then(|(root, whole)| whole.strip_prefix(root).ok().map(Path::to_owned))
        .unwrap_or_else(|| path.to_owned())
}

/// Tells GitHub, if it listens. What cannot be told is a warning: the verdict stands.
pub(super) fn report(annotations: impl FnOnce() -> String, summary: impl FnOnce() -> String) {
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|on| on == "true") {
        tell(&annotations());
    }
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|f| !f.is_empty()) else {
        return;
    };
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut to| to.write_all(summary().as_bytes()));
    if let Err(error) = written {
        tell(&format!("warning: {}: {error}: no summary\n", Path::new(&file).display()));
    }
}
