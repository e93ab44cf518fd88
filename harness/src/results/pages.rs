//! Pages that are of no single run: several side by side, and all of them over time.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{FileError, Opened, Store, StoreError, make, put};
use crate::report::hgrm::file_name;

/// Where runs are laid beside each other, in the results folder.
const COMPARISONS: &str = "comparisons";

/// So much of a run's id is in the name of such a folder.
const LONGEST: usize = 60;

/// More runs than this are only counted there.
const NAMED: usize = 3;

/// Why a page is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It cannot be written there.
    #[error("{0}; with --export-html FILE the page goes elsewhere")]
    File(#[from] FileError),
    /// There is no folder for it, and none can be made.
    #[error("{0}, or have the page elsewhere with --export-html FILE")]
    Folder(#[from] StoreError),
}

fn page(path: &Path, text: &str) -> Result<(), PageError> {
    Ok(put(path, text.as_bytes())?)
}

impl Opened {
    /// Puts a run's page where it belongs; gives that place.
    ///
    /// # Errors
    /// [`PageError`] where it cannot be written.
    pub fn draw(&self, text: &str) -> Result<&Path, PageError> {
        page(&self.page, text)?;
        Ok(&self.page)
    }
}

impl Store {
    /// Keeps a page about runs with those ids; gives its place. The same runs have the same
    /// one.
    ///
    /// # Errors
    /// [`PageError`] where it cannot be kept.
    pub fn draw_comparison(&self, ids: &[&str], text: &str) -> Result<PathBuf, PageError> {
        let folder = self.root().join(COMPARISONS);
        let place = folder.join(together(ids));
        self.make_root()?;
        make(&folder)?;
        make(&place)?;
        let path = place.join("report.html");
        page(&path, text)?;
        Ok(path)
    }

    /// Keeps the page about all runs; gives its place.
    ///
    /// # Errors
    /// [`PageError`] where it cannot be kept.
    pub fn draw_history(&self, text: &str) -> Result<PathBuf, PageError> {
        self.make_root()?;
        let path = self.root().join("index.html");
        page(&path, text)?;
        Ok(path)
    }
}

/// `a..b`. Ids may hold anything: what comes of them stays in its folder.
fn together(ids: &[&str]) -> String {
    let plain = |id: &&str| -> String { file_name(id).chars().take(LONGEST).collect() };
    let mut names: Vec<String> = ids.iter().take(NAMED).map(plain).collect();
    if ids.len() > NAMED {
        // Those that are not named are told apart, too.
        let mut hash = Sha256::new();
        for id in ids {
            hash.update((id.len() as u64).to_be_bytes());
            hash.update(id.as_bytes());
        }
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        names.push(format!("and-{}-more-{a:02x}{b:02x}{c:02x}{d:02x}", ids.len() - NAMED));
    }
    names.join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_stays_in_its_folder() {
        assert_eq!(together(&["20261121T231500Z-ab12", "x"]), "20261121T231500Z-ab12..x");
        let five = together(&["a", "b", "c", "d", "e"]);
        assert!(five.starts_with("a..b..c..and-2-more-"), "{five}");
        assert_eq!(five, together(&["a", "b", "c", "d", "e"]), "the same runs have one page");
        assert_ne!(five, together(&["a", "b", "c", "d", "f"]), "others have another");
        let long = "x".repeat(500);
        for ids in [
            ["", ""],
            ["..", ".."],
            ["../../etc", "/x"],
            ["a\u{1b}b", "\0"],
            [&long[..], &long[..]],
        ] {
            let name = together(&ids);
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            assert!(name.chars().all(plain) && !name.starts_with('.'), "{name}");
            assert!(name.len() < 200, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_kept_says_how_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::find(Some(folder.path()));
        let path = store.draw_comparison(&["a", "b"], "page").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "page");
        std::fs::create_dir(folder.path().join("index.html")).unwrap();
        let why = store.draw_history("page").unwrap_err().to_string();
        assert!(why.contains("index.html") && why.contains("--export-html"), "{why}");
        let nowhere = Store::find(Some(&folder.path().join("none/results")));
        let why = nowhere.draw_history("page").unwrap_err().to_string();
        assert!(why.contains("does not exist") && why.contains("--export-html"), "{why}");
    }
}
