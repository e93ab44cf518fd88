//! What `cargo bench -- …` passes to every bench: the flags that criterion reads, which
//! are the same for those that do not use it.

/// Flags that are followed by a value, which is no filter.
const VALUED: [&str; 19] = [
    "-b",
    "-c",
    "-s",
    "--baseline",
    "--baseline-lenient",
    "--color",
    "--confidence-level",
    "--format",
    "--load-baseline",
    "--measurement-time",
    "--noise-threshold",
    "--nresamples",
    "--output-format",
    "--plotting-backend",
    "--profile-time",
    "--sample-size",
    "--save-baseline",
    "--significance-level",
    "--warm-up-time",
];

/// How much of a bench is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The names only.
    List,
    /// Whether it works: `cargo test --benches`.
    Test,
    /// A first look.
    Quick,
    /// All of it.
    Full,
}

/// The flags of this bench.
#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) mode: Mode,
    filters: Vec<String>,
}

impl Flags {
    /// Those of a command line, without the program's name.
    pub(crate) fn of(args: impl Iterator<Item = String>) -> Self {
        let (mut words, mut filters, mut valued) = (Vec::new(), Vec::new(), false);
        for word in args {
            if valued {
                valued = false;
            } else if word.starts_with('-') {
                valued = VALUED.contains(&word.as_str());
                words.push(word);
            } else {
                filters.push(word);
            }
        }
        let has = |flag: &str| words.iter().any(|word| word == flag);
        let mode = if has("--list") {
            Mode::List
        } else if has("--test") || !has("--bench") {
            // `cargo bench` passes --bench, `cargo test` does not.
            Mode::Test
        } else if has("--quick") {
            Mode::Quick
        } else {
            Mode::Full
        };
        Self { mode, filters }
    }

    /// Whether something of this name is wanted.
    pub(crate) fn want(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|part| name.contains(part))
    }
}
