//! What kind of machine figures belong to, and names that are safe as names of files.
//!
//! Whoever reads a record or a folder does not know who wrote it. So whatever becomes a
//! part of a path is a [`Name`]: letters, digits, `.`, `-` and `_`, and not too many.

use std::fmt;
use std::str::FromStr;

use pipefit::ground::host::Host;

/// The longest name.
const LONGEST: usize = 96;

/// The longest that the processor's part of a machine class becomes.
const LONGEST_CPU: usize = 40;

/// The same for the hypervisor's part.
const LONGEST_HYPERVISOR: usize = 20;

/// What says nothing about a processor.
const FILLERS: [&str; 2] = ["cpu", "processor"];

/// What is said of a part that could not be probed.
const UNKNOWN: &str = "unknown";

/// A name that can stand in a path: it neither leaves its folder nor hides in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// Why something is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing, or too much.
    #[error("a name has 1 to {LONGEST} characters: choose another one")]
    Length,
    /// Such a file would be hidden, or taken for a flag.
    #[error("a name begins with a letter, a digit or _: choose another one")]
    Start,
    /// A character that may mean something to a shell or a file system.
    #[error("a name has letters, digits, '.', '-' and '_', and not {0:?}: leave it out")]
    Character(char),
}

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if let Some(other) = text.chars().find(|c| !plain(c)) {
            return Err(NameError::Character(other));
        }
        if text.is_empty() || text.len() > LONGEST {
            return Err(NameError::Length);
        }
        if text.starts_with(['.', '-']) {
            return Err(NameError::Start);
        }
        Ok(Self(text.to_owned()))
    }
}

/// The class of a machine: its processor, how many of them, and whether it is virtual, as
/// in `intel-xeon-platinum-8481c-2-kvm`. Figures of one class may be laid beside each
/// other; those of two may not.
///
/// A machine that does not say it is virtual is `bare`, unless it says nothing of its
/// processor either.
#[must_use]
pub fn machine_class(host: &Host) -> Name {
    let cpu = host.cpu.as_deref().and_then(processor);
    let cores = host.cores.map_or_else(|| UNKNOWN.to_owned(), |n| n.to_string());
    let hypervisor = match host.virtualised.as_deref() {
        Some(name) => slug(name, LONGEST_HYPERVISOR, &[]),
        None => cpu.is_some().then(|| "bare".to_owned()),
    };
    let part = |part: Option<String>| part.unwrap_or_else(|| UNKNOWN.to_owned());
    Name(format!("{}-{cores}-{}", part(cpu), part(hypervisor)))
}

/// A processor's name without its trade marks, and without the clock that is printed on it.
fn processor(name: &str) -> Option<String> {
    let name = name.split('@').next()?.to_ascii_lowercase();
    let name = ["(r)", "(tm)", "(c)"].iter().fold(name, |name, mark| name.replace(mark, " "));
    slug(&name, LONGEST_CPU, &FILLERS)
}

/// Small letters and digits, words joined by `-`; nothing where there are none.
fn slug(text: &str, longest: usize, without: &[&str]) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && !without.contains(word));
    let mut slug = words.collect::<Vec<_>>().join("-");
    // All of it is ASCII by now.
    slug.truncate(longest);
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(cpu: Option<&str>, cores: Option<usize>, hypervisor: Option<&str>) -> String {
        let host = Host {
            cpu: cpu.map(str::to_owned),
            cores,
            virtualised: hypervisor.map(str::to_owned),
            kernel: "changes with every update".to_owned(),
            ..Host::default()
        };
        machine_class(&host).to_string()
    }

    #[test]
    fn a_class_is_made_of_what_stays() {
        let xeon = Some("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz");
        assert_eq!(class(xeon, Some(2), Some("KVM")), "intel-xeon-platinum-8481c-2-kvm");
        let epyc = Some("AMD EPYC 7B13 64-Core Processor");
        assert_eq!(class(epyc, Some(64), None), "amd-epyc-7b13-64-core-64-bare");
        let plain = Some("Intel(R) Xeon(R) Processor");
        let unnamed = Some("hypervisor (unnamed)");
        assert_eq!(class(plain, Some(2), unnamed), "intel-xeon-2-hypervisor-unnamed");
    }

    #[test]
    fn what_is_not_known_says_so() {
        assert_eq!(class(None, None, None), "unknown-unknown-unknown");
        assert_eq!(class(None, Some(4), Some("KVM")), "unknown-4-kvm");
        assert_eq!(class(Some("Cortex-A76"), None, Some("")), "cortex-a76-unknown-unknown");
    }

    #[test]
    fn hostile_names_become_harmless_ones() {
        let (long, longer) = ("x-".repeat(100), "x".repeat(100));
        let hostile = [
            "",
            "/",
            "..",
            "../../etc/passwd",
            "a/../b",
            "\u{1b}[2Jx\n\0",
            "@",
            ".",
            "-rf",
            "größer — µs",
            "(R)(TM)",
            "CPU Processor",
            "日本",
            &long,
            &longer,
            "\\..\\",
            "~root",
            "$(id)",
        ];
        for cpu in hostile {
            for hypervisor in hostile {
                for cores in [None, Some(0), Some(usize::MAX)] {
                    let class = class(Some(cpu), cores, Some(hypervisor));
                    assert!(
                        class.parse::<Name>().is_ok(),
                        "{cpu:.40?}, {hypervisor:.40?}: {class}"
                    );
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                    assert!(class.chars().all(plain), "{class}");
                    assert!(!class.contains("--") && !class.ends_with('-'), "{class}");
                }
            }
        }
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        let longest = "n".repeat(LONGEST);
        for good in ["main", "v1.2.3", "before_ring-2", "20261121T231500Z-ab12", "_", &longest] {
            assert_eq!(good.parse::<Name>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        let too_long = "n".repeat(LONGEST + 1);
        for (bad, why) in [
            ("", NameError::Length),
            (&too_long, NameError::Length),
            (".", NameError::Start),
            ("..", NameError::Start),
            (".hidden", NameError::Start),
            ("-f", NameError::Start),
            ("../x", NameError::Character('/')),
            ("a b", NameError::Character(' ')),
            ("a\0", NameError::Character('\0')),
            ("é", NameError::Character('é')),
        ] {
            assert_eq!(bad.parse::<Name>(), Err(why), "{bad:?}");
        }
    }
}
