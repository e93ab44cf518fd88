//! The base, built from its commit.
//!
//! A commit is built once: its program is kept in `target/gate`, under the commit's name
//! and that of the compiler. Sources are written there from git, into a plain folder, and
//! the build has a folder of its own, so that nothing of the head's is touched; the build's
//! is used again for the next base, whose dependencies are then mostly built already.

mod command;
mod head;
mod lock;

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipefit::ground::Nanos;
use pipefit::link::Stop;
use serde_json::Value;

use command::{cargo, git, git_in, run};
use lock::Hold;

/// The program of this package.
const OURS: &str = "pipefit";

/// A program, and the commit it was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The program.
    pub program: PathBuf,
    /// The commit, in full.
    pub commit: String,
    /// Whether it was there already.
    pub cached: bool,
}

/// Why there is no base.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Neither a program nor a commit.
    #[error("{0} is neither a program nor a commit here: {1}")]
    Unknown(String, String),
    /// A command could not be run.
    #[error("cannot run {what}: {source}")]
    Run {
        /// The command.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A command failed.
    #[error("{what} failed: {said}")]
    Failed {
        /// The command.
        what: String,
        /// The end of what it said.
        said: String,
    },
    /// Another gate builds, and does not come to an end.
    #[error(
        "another gate builds here for more than {patience}: end it, and see who holds {path}",
        path = .path.display()
    )]
    Busy {
        /// What it holds.
        path: PathBuf,
        /// How long it was waited for.
        patience: Nanos,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Stopped,
    /// A file could not be made.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Builds, in the repository of a folder.
#[derive(Clone, Debug)]
pub struct Builder {
    root: PathBuf,
    /// The program's name.
    bin: String,
    /// Features to build it with.
    features: Vec<String>,
    stop: Stop,
}

impl Builder {
    /// For the repository that `folder` is in, and the program that `head` is: by its
    /// name, where a package there has such a program, and else our own, which was named
    /// anew.
    ///
    /// # Errors
    /// [`BuildError`] where there is no repository.
    pub fn find(
        folder: &Path,
        head: &Path,
        features: &[String],
        stop: &Stop,
    ) -> Result<Self, BuildError> {
        let root = git(folder, &["rev-parse", "--show-toplevel"], stop)?.into();
        let name = head.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let (features, stop) = (features.to_vec(), stop.clone());
        let mut found = Self { root, bin: name, features, stop };
        if found.bin != OURS && found.package(&found.root).is_err() {
            found.bin = OURS.to_owned();
        }
        Ok(found)
    }

    /// The commit that a name means.
    ///
    /// # Errors
    /// [`BuildError::Unknown`] where it means none.
    pub fn commit(&self, name: &str) -> Result<String, BuildError> {
        commit_of(&self.root, name, &self.stop).map_err(|why| match why {
            BuildError::Failed { .. } => {
                let hint =
                    "git knows no such commit (a shallow clone has only the newest: fetch more)";
                BuildError::Unknown(name.to_owned(), hint.to_owned())
            }
            other => other,
        })
    }

    /// The program of a commit; built, unless it is there already. `tell` is told what
    /// takes long.
    ///
    /// # Errors
    /// [`BuildError`] where it cannot be built.
    pub fn base(&self, commit: &str, tell: &dyn Fn(&str)) -> Result<Built, BuildError> {
        let cache = self.cache();
        let mut name = format!("{commit}-{}", self.bin);
        if !self.features.is_empty() {
            name += &format!("-{}", self.features.join("-").replace('/', "."));
        }
        name += &format!("-{}", self.compiler()?);
        let program = cache.join(name);
        let _hold = Hold::take(&cache, tell, &self.stop)?;
        if program.is_file() {
            return Ok(Built { program, commit: commit.to_owned(), cached: true });
        }
        let source = cache.join("source");
        self.write_out(commit, &source)?;
        tell(&format!("building {} of {}", self.bin, &commit[..12.min(commit.len())]));
        let built = self.cargo(&source, &cache.join("build"), &[])?;
        put_in_place(&built, &program)?;
        Ok(Built { program, commit: commit.to_owned(), cached: false })
    }

    /// Why a program is not what a release build of the sources as they lie there would
    /// give, as far as can be told; `None` where it is.
    #[must_use]
    pub fn not_of_the_sources(&self, program: &Path) -> Option<String> {
        head::not_of(program, &self.root)
    }

    /// Head once more, from the sources as they lie there, with its sections in another
    /// order. The program is this process's own, and to be removed when it is over.
    ///
    /// # Errors
    /// [`BuildError`] where it cannot be built: a linker may not know how.
    pub fn relinked(&self, tell: &dyn Fn(&str)) -> Result<PathBuf, BuildError> {
        let cache = self.cache();
        let _hold = Hold::take(&cache, tell, &self.stop)?;
        tell("building head once more, linked in another order");
        let built = self.cargo(
            &self.root,
            &cache.join("relinked"),
            &["-Clink-arg=-Wl,--shuffle-sections=*=7"],
        )?;
        let program = cache.join(format!("relinked-{}-{}", self.bin, std::process::id()));
        put_in_place(&built, &program)?;
        Ok(program)
    }

    fn cache(&self) -> PathBuf {
        self.root.join("target/gate")
    }

    /// What else a build depends on: the compiler and its flags, as a few digits.
    fn compiler(&self) -> Result<String, BuildError> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.arg("-vV").current_dir(&self.root);
        let mut hasher = DefaultHasher::new();
        run(command, "rustc -vV", &self.stop)?.hash(&mut hasher);
        for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            std::env::var_os(flags).hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }

    /// Writes the files of a commit into a folder, and nothing else: by an index of its
    /// own, so that the repository learns nothing of it.
    fn write_out(&self, commit: &str, source: &Path) -> Result<(), BuildError> {
        let was_worktree = source.join(".git").exists();
        if let Err(error) = fs::remove_dir_all(source)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(file(source, error));
        }
        if was_worktree {
            // As it was made before: it would stay on the list.
            git(&self.root, &["worktree", "prune"], &self.stop)?;
        }
        fs::create_dir_all(source).map_err(|e| file(source, e))?;
        let index = source.with_extension("index");
        let indexed = || {
            let mut command = git_in(&self.root);
            command.env("GIT_INDEX_FILE", &index);
            command
        };
        let mut reads = indexed();
        reads.args(["read-tree", commit]);
        run(reads, "git read-tree", &self.stop)?;
        // It is put before each name as it is: it ends with a slash.
        let mut prefix = OsString::from("--prefix=");
        prefix.push(source.join(""));
        let mut writes = indexed();
        writes.args(["checkout-index", "--all", "--force"]).arg(prefix);
        run(writes, "git checkout-index", &self.stop)?;
        fs::remove_file(&index).map_err(|e| file(&index, e))
    }

    /// The package that the program belongs to.
    fn package(&self, source: &Path) -> Result<String, BuildError> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(source);
        let said = run(command, "cargo metadata", &self.stop)?;
        let unknown = || BuildError::Failed {
            what: "cargo metadata".to_owned(),
            said: format!("no package has a program {}", self.bin),
        };
        let metadata: Value = serde_json::from_str(&said).map_err(|_| unknown())?;
        let is_it = |target: &Value| {
            target["name"] == self.bin.as_str() && target["kind"][0].as_str() == Some("bin")
        };
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let found = packages
            .filter(|p| p["targets"].as_array().is_some_and(|targets| targets.iter().any(is_it)))
            .find_map(|p| p["name"].as_str());
        found.map(str::to_owned).ok_or_else(unknown)
    }

    fn cargo(&self, source: &Path, target: &Path, rustc: &[&str]) -> Result<PathBuf, BuildError> {
        let mut command = cargo();
        command.arg(if rustc.is_empty() { "build" } else { "rustc" });
        command.args(["--release", "--locked", "--bin", &self.bin]);
        command.arg("--target-dir").arg(target).current_dir(source);
        if !self.features.is_empty() {
            command.arg("--features").arg(self.features.join(","));
        }
        if !rustc.is_empty() {
            command.args(["--package", &self.package(source)?]).arg("--").args(rustc);
        }
        run(command, "cargo build", &self.stop)?;
        Ok(target.join("release").join(&self.bin))
    }
}

fn file(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), source }
}

/// Copied beside its place and renamed, so that a copy that was cut short is none.
fn put_in_place(built: &Path, program: &Path) -> Result<(), BuildError> {
    let mut new = program.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let put = fs::copy(built, &new).and_then(|_| fs::rename(&new, program));
    put.map_err(|e| {
        let _ = fs::remove_file(&new);
        file(program, e)
    })
}

/// Whether a name means a commit of the repository that `folder` is in.
#[must_use]
pub fn is_commit(folder: &Path, name: &str, stop: &Stop) -> bool {
    commit_of(folder, name, stop).is_ok()
}

/// The commit that git takes a name for.
fn commit_of(folder: &Path, name: &str, stop: &Stop) -> Result<String, BuildError> {
    let what = format!("{name}^{{commit}}");
    git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &what], stop)
}

/// Whether two programs are the same, byte for byte.
///
/// # Errors
/// [`BuildError::File`] where one cannot be read.
pub fn same(a: &Path, b: &Path) -> Result<bool, BuildError> {
    let read = |path: &Path| fs::read(path).map_err(|e| file(path, e));
    Ok(read(a)? == read(b)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository of two commits, without anything that could be built.
    fn repository() -> (tempfile::TempDir, Builder) {
        let folder = tempfile::tempdir().unwrap();
        let stop = Stop::default();
        let git = |words: &[&str]| git(folder.path(), words, &stop).unwrap();
        git(&["init", "--quiet"]);
        for (name, text) in [("a b.txt", "one"), ("c.txt", "two")] {
            fs::create_dir_all(folder.path().join("d")).unwrap();
            fs::write(folder.path().join("d").join(name), text).unwrap();
            git(&["add", "."]);
            let who = ["-c", "user.name=n", "-c", "user.email=e"];
            let what = ["-c", "commit.gpgsign=false", "commit", "--quiet", "-m", name];
            git(&[&who[..], &what[..]].concat());
        }
        let head = Path::new("/bin/pipefit");
        let builder = Builder::find(folder.path(), head, &[], &stop).unwrap();
        (folder, builder)
    }

    #[test]
    fn the_files_of_a_commit_are_written_and_the_repository_learns_nothing() {
        let (folder, builder) = repository();
        let first = builder.commit("HEAD~1").unwrap();
        let source = folder.path().join("target/gate/source");
        builder.write_out(&builder.commit("HEAD").unwrap(), &source).unwrap();
        assert!(source.join("d/c.txt").is_file());
        builder.write_out(&first, &source).unwrap();
        assert_eq!(fs::read_to_string(source.join("d/a b.txt")).unwrap(), "one");
        assert!(!source.join("d/c.txt").exists(), "it is of another commit");
        assert!(!source.join(".git").exists());
        let trees = git(folder.path(), &["worktree", "list"], &builder.stop).unwrap();
        assert_eq!(trees.lines().count(), 1, "{trees}");
        let state = git(folder.path(), &["status", "--porcelain", "d"], &builder.stop).unwrap();
        assert_eq!(state, "", "the index is as it was");
        assert!(matches!(builder.commit("no-such"), Err(BuildError::Unknown(..))));
    }

    #[test]
    fn a_program_that_was_named_anew_is_still_ours() {
        let (folder, builder) = repository();
        assert_eq!(builder.bin, OURS);
        let renamed = Path::new("/bin/pipefit-of-today");
        let other = Builder::find(folder.path(), renamed, &[], &builder.stop).unwrap();
        assert_eq!(other.bin, OURS);
    }

    #[test]
    fn what_is_in_its_place_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let [built, program] = ["built", "a.b/program"].map(|name| folder.path().join(name));
        fs::write(&built, "new").unwrap();
        assert!(put_in_place(&built, &program).is_err(), "there is no such folder");
        fs::create_dir(folder.path().join("a.b")).unwrap();
        put_in_place(&built, &program).unwrap();
        assert_eq!(fs::read_to_string(&program).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path().join("a.b")).unwrap().count(), 1);
    }
}
