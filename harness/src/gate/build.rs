//! The base, built from its commit.
//!
//! A commit is built once: its program is kept in `target/gate`, under the commit's name.
//! Sources come from git into a worktree of their own, and the build has a folder of its
//! own, so that nothing of the head's is touched; both are used again for the next base,
//! whose dependencies are then mostly built already.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

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
}

impl Builder {
    /// For the repository that `folder` is in.
    ///
    /// # Errors
    /// [`BuildError`] where there is none.
    pub fn find(folder: &Path, bin: &str, features: &[String]) -> Result<Self, BuildError> {
        let root = git(folder, &["rev-parse", "--show-toplevel"])?;
        Ok(Self { root: root.into(), bin: bin.to_owned(), features: features.to_vec() })
    }

    /// The commit that a name means.
    ///
    /// # Errors
    /// [`BuildError::Unknown`] where it means none.
    pub fn commit(&self, name: &str) -> Result<String, BuildError> {
        let what = format!("{name}^{{commit}}");
        git(&self.root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &what]).map_err(
            |_| {
                let hint =
                    "git knows no such commit (a shallow clone has only the newest: fetch more)";
                BuildError::Unknown(name.to_owned(), hint.to_owned())
            },
        )
    }

    /// The program of a commit; built, unless it is there already. `tell` is told what
    /// takes long.
    ///
    /// # Errors
    /// [`BuildError`] where it cannot be built.
    pub fn base(&self, commit: &str, tell: &dyn Fn(&str)) -> Result<Built, BuildError> {
        let cache = self.root.join("target/gate");
        let mut name = format!("{commit}-{}", self.bin);
        if !self.features.is_empty() {
            name += &format!("-{}", self.features.join("-").replace('/', "."));
        }
        let program = cache.join(name);
        if program.is_file() {
            return Ok(Built { program, commit: commit.to_owned(), cached: true });
        }
        let source = cache.join("source");
        fs::create_dir_all(&cache).map_err(|e| file(&cache, e))?;
        self.check_out(commit, &source)?;
        tell(&format!("building {} of {}", self.bin, &commit[..12.min(commit.len())]));
        let built = self.cargo(&source, &cache.join("build"), &[])?;
        // Renamed into its place, so that a build that was cut short is none.
        let new = program.with_extension("new");
        fs::copy(&built, &new)
            .and_then(|_| fs::rename(&new, &program))
            .map_err(|e| file(&program, e))?;
        Ok(Built { program, commit: commit.to_owned(), cached: false })
    }

    /// Head once more, from the sources as they lie there, with its sections in another
    /// order.
    ///
    /// # Errors
    /// [`BuildError`] where it cannot be built: a linker may not know how.
    pub fn relinked(&self, tell: &dyn Fn(&str)) -> Result<PathBuf, BuildError> {
        tell("building head once more, linked in another order");
        let cache = self.root.join("target/gate");
        let built = self.cargo(
            &self.root,
            &cache.join("relinked"),
            &["-Clink-arg=-Wl,--shuffle-sections=*=7"],
        )?;
        let program = cache.join(format!("relinked-{}", self.bin));
        fs::copy(&built, &program).map_err(|e| file(&program, e))?;
        Ok(program)
    }

    fn check_out(&self, commit: &str, source: &Path) -> Result<(), BuildError> {
        if source.join(".git").exists() {
            let detached = git(source, &["checkout", "--quiet", "--force", "--detach", commit]);
            if detached.is_ok() {
                git(source, &["clean", "--quiet", "-fdx"])?;
                return Ok(());
            }
            fs::remove_dir_all(source).map_err(|e| file(source, e))?;
        }
        // One that was removed by hand is still on the list.
        git(&self.root, &["worktree", "prune"])?;
        let place = source.to_string_lossy().into_owned();
        git(&self.root, &["worktree", "add", "--quiet", "--force", "--detach", &place, commit])?;
        Ok(())
    }

    /// The package that the program belongs to.
    fn package(&self, source: &Path) -> Result<String, BuildError> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(source);
        let said = run(command, "cargo metadata")?;
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
        run(command, "cargo build")?;
        Ok(target.join("release").join(&self.bin))
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn file(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), source }
}

fn git(folder: &Path, words: &[&str]) -> Result<String, BuildError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(words);
    run(command, &format!("git {}", words.join(" ")))
}

/// Runs it, and gives what it wrote.
fn run(mut command: Command, what: &str) -> Result<String, BuildError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| BuildError::Run { what: what.to_owned(), source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let end: Vec<&str> = said.trim().lines().rev().take(12).collect();
        let said = end.into_iter().rev().collect::<Vec<_>>().join("\n");
        return Err(BuildError::Failed { what: what.to_owned(), said });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether two programs are the same, byte for byte.
///
/// # Errors
/// [`BuildError::File`] where one cannot be read.
pub fn same(a: &Path, b: &Path) -> Result<bool, BuildError> {
    let read = |path: &Path| fs::read(path).map_err(|e| file(path, e));
    Ok(read(a)? == read(b)?)
}
