//! A file of budgets, from its text to cases: what cannot be meant is refused here, with
//! the line it stands on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use pipefit::ground::{Hertz, Nanos};
use pipefit::role::Extent;
use pipefit::role::screen::ScreenSpec;
use pipefit::run::session::not_applicable;
use pipefit::run::{Case, Entry, Program, Registry, Scenario, scenario};
use serde::Deserialize;
use toml::Spanned;

use super::plan::Overrides;
use super::sense::cannot;
use super::{Budget, Budgets, Complaint, Kind, Profile};
use crate::quantity;
use crate::verdict::Assertion;
use crate::verdict::judge::LEAST_TO_FAIL;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    budget: Vec<Spanned<Entered>>,
    #[serde(default)]
    profile: BTreeMap<Spanned<String>, ProfileEntered>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileEntered {
    duration: Option<Spanned<String>>,
    repeats: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entered {
    name: Spanned<String>,
    why: Spanned<String>,
    scenario: Spanned<String>,
    transport: Option<Spanned<String>>,
    exec: Option<Spanned<String>>,
    wire: Option<Spanned<String>>,
    size: Option<Spanned<String>>,
    rate: Option<Spanned<String>>,
    duration: Option<Spanned<String>>,
    messages: Option<Spanned<u64>>,
    warmup: Option<Spanned<String>>,
    wait: Option<Spanned<String>>,
    policy: Option<Spanned<String>>,
    capacity: Option<Spanned<String>>,
    burst: Option<Spanned<u64>>,
    draw_cost: Option<Spanned<String>>,
    #[serde(default)]
    must_fail: bool,
    assert: Spanned<Vec<Spanned<String>>>,
}

/// Reads budgets for the transports there are.
///
/// # Errors
/// [`Complaint`] about the first thing that cannot be read, cannot be meant or cannot be
/// measured.
pub fn read(
    path: &Path,
    text: &str,
    registry: &Registry,
    profile: Profile,
) -> Result<Budgets, Complaint> {
    let reader = Reader { path, text, registry };
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        reader.wrong(at, error.message().trim().to_owned())
    })?;
    let overrides = reader.overrides(&file.profile, profile)?;
    let mut all: Vec<Budget> = Vec::new();
    for entered in &file.budget {
        let budget = reader.budget(entered, overrides, profile)?;
        if let Some(twin) = all.iter().find(|other| other.name == budget.name) {
            let why = format!("the budget of line {} has the same name", twin.line);
            return Err(reader.wrong(entered.get_ref().name.span(), why));
        }
        all.push(budget);
    }
    if all.is_empty() {
        return Err(reader.wrong(0..0, "it holds no budget: write [[budget]]".to_owned()));
    }
    Ok(Budgets { file: path.to_owned(), all })
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    registry: &'a Registry,
}

impl Reader<'_> {
    fn wrong(&self, at: Range<usize>, why: String) -> Complaint {
        Complaint::new(self.path.to_owned(), self.text, at, Kind::Wrong, why)
    }

    /// A value that is read by `read`, where it was entered.
    fn value<T>(
        &self,
        entered: Option<&Spanned<String>>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Complaint> {
        let Some(text) = entered else { return Ok(None) };
        read(text.get_ref()).map(Some).map_err(|why| self.wrong(text.span(), why))
    }

    fn overrides(
        &self,
        profiles: &BTreeMap<Spanned<String>, ProfileEntered>,
        asked: Profile,
    ) -> Result<Overrides, Complaint> {
        let mut overrides = Overrides::default();
        for (name, entered) in profiles {
            let profile: Profile =
                name.get_ref().parse().map_err(|why| self.wrong(name.span(), why))?;
            let duration = self.value(entered.duration.as_ref(), quantity::span)?;
            let is_few = |n: &&Spanned<u32>| (*n.get_ref() as usize) < LEAST_TO_FAIL;
            if let Some(repeats) = entered.repeats.as_ref().filter(is_few) {
                let why = format!(
                    "fewer than {LEAST_TO_FAIL} repeats cannot be judged: they fail nothing that \
                     depends on time"
                );
                return Err(self.wrong(repeats.span(), why));
            }
            if profile == asked {
                let trials = entered.repeats.as_ref().map(|n| *n.get_ref());
                overrides = Overrides { duration, trials };
            }
        }
        Ok(overrides)
    }

    fn budget(
        &self,
        entered: &Spanned<Entered>,
        overrides: Overrides,
        profile: Profile,
    ) -> Result<Budget, Complaint> {
        let said = entered.get_ref();
        for (text, what) in [(&said.name, "name"), (&said.why, "reason")] {
            if text.get_ref().trim().is_empty() {
                return Err(self.wrong(text.span(), format!("a budget has a {what}")));
            }
        }
        let case = self.case(entered, overrides)?;
        if said.assert.get_ref().is_empty() {
            let why = "nothing is asserted: a budget without a limit holds always".to_owned();
            return Err(self.wrong(said.assert.span(), why));
        }
        let mut asserts = Vec::new();
        let mut rivals = BTreeMap::new();
        for text in said.assert.get_ref() {
            let assertion = self.assertion(text, &case)?;
            if let Some(name) = assertion.rival() {
                let rival = self.rival(text, name, &case)?;
                rivals.insert(name.to_owned(), rival);
            }
            asserts.push((assertion, self.line(&text.span())));
        }
        Ok(Budget {
            name: said.name.get_ref().trim().to_owned(),
            why: said.why.get_ref().trim().to_owned(),
            line: self.line(&said.name.span()),
            case,
            rivals,
            must_fail: said.must_fail,
            trials: overrides.trials.unwrap_or(profile.trials()),
            asserts,
        })
    }

    fn line(&self, at: &Range<usize>) -> usize {
        self.text[..at.start.min(self.text.len())].matches('\n').count() + 1
    }

    fn case(&self, entered: &Spanned<Entered>, overrides: Overrides) -> Result<Case, Complaint> {
        let said = entered.get_ref();
        let scenario = self.scenario(&said.scenario)?;
        let (entry, at) = self.entry(said)?;
        let usual = Case::of(scenario, entry.name);
        let rate = self.rate(said, scenario)?;
        let policy = self.value(said.policy.as_ref(), |t| t.parse().map_err(text_of))?;
        let draw_cost = self.value(said.draw_cost.as_ref(), quantity::draw_cost)?;
        let case = Case {
            program: self.program(said)?,
            size: self.value(said.size.as_ref(), quantity::size)?.unwrap_or(usual.size),
            // A program has a rate of its own.
            rate: if said.exec.is_some() { rate } else { rate.or(usual.rate) },
            warmup: self.warmup(said, scenario)?,
            extent: self.extent(said, overrides)?.unwrap_or(usual.extent),
            wait: self
                .value(said.wait.as_ref(), |t| t.parse().map_err(text_of))?
                .unwrap_or(usual.wait),
            policy: policy.unwrap_or_else(|| entry.caps.usual_policy()),
            capacity: self
                .value(said.capacity.as_ref(), quantity::capacity)?
                .unwrap_or(usual.capacity),
            burst: self.burst(said)?,
            screen: ScreenSpec {
                cost: draw_cost.unwrap_or(ScreenSpec::GUI60.cost),
                ..ScreenSpec::GUI60
            },
            ..usual
        };
        self.applicable(entry, &case, at)?;
        Ok(case)
    }

    fn scenario(&self, said: &Spanned<String>) -> Result<&'static Scenario, Complaint> {
        scenario::find(said.get_ref()).ok_or_else(|| {
            let names: Vec<&str> = scenario::ALL.iter().map(|s| s.name).collect();
            let why = format!("there is no scenario '{}': {}", said.get_ref(), names.join(", "));
            self.wrong(said.span(), why)
        })
    }

    fn entry(&self, said: &Entered) -> Result<(&Entry, Range<usize>), Complaint> {
        let (name, at) = match (&said.transport, &said.exec) {
            (Some(name), _) => (&name.get_ref()[..], name.span()),
            (None, Some(command)) => ("exec", command.span()),
            (None, None) => {
                let why = "a budget has a transport, or a program to run as in exec = \"…\"";
                return Err(self.wrong(said.scenario.span(), why.to_owned()));
            }
        };
        match self.registry.get(name) {
            Some(entry) => Ok((entry, at)),
            None => Err(self.wrong(at, format!("there is no transport '{name}' in this program"))),
        }
    }

    fn program(&self, said: &Entered) -> Result<Option<Program>, Complaint> {
        let dialect = self.value(said.wire.as_ref(), |t| t.parse().map_err(text_of))?;
        match (&said.exec, &said.wire) {
            (Some(command), _) => Ok(Some(Program {
                command: command.get_ref().trim().to_owned(),
                dialect: dialect.unwrap_or_default(),
            })),
            (None, Some(wire)) => {
                Err(self
                    .wrong(wire.span(), "wire is what a program writes: name it by exec".into()))
            }
            (None, None) => Ok(None),
        }
    }

    fn rate(&self, said: &Entered, scenario: &Scenario) -> Result<Option<Hertz>, Complaint> {
        let Some(entered) = &said.rate else { return Ok(None) };
        if scenario.rate.is_none() {
            let why = format!("{} has no schedule, and so no rate", scenario.name);
            return Err(self.wrong(entered.span(), why));
        }
        self.value(Some(entered), |t| t.parse::<Hertz>().map_err(text_of))
    }

    fn warmup(&self, said: &Entered, scenario: &Scenario) -> Result<Nanos, Complaint> {
        let usual = if said.exec.is_some() { Nanos(0) } else { scenario.usual_warmup() };
        Ok(self.value(said.warmup.as_ref(), quantity::span_or_none)?.unwrap_or(usual))
    }

    fn extent(&self, said: &Entered, overrides: Overrides) -> Result<Option<Extent>, Complaint> {
        if let (Some(_), Some(messages)) = (&said.duration, &said.messages) {
            let why = "either a duration or so many messages".to_owned();
            return Err(self.wrong(messages.span(), why));
        }
        if let Some(messages) = &said.messages {
            let n = quantity::messages(&messages.get_ref().to_string());
            return n.map(|n| Some(Extent::Frames(n))).map_err(|w| self.wrong(messages.span(), w));
        }
        let own = self.value(said.duration.as_ref(), quantity::span)?;
        Ok(overrides.duration.or(own).map(Extent::For))
    }

    fn burst(&self, said: &Entered) -> Result<u64, Complaint> {
        let Some(entered) = &said.burst else { return Ok(1) };
        quantity::burst(&entered.get_ref().to_string())
            .map_err(|why| self.wrong(entered.span(), why))
    }

    fn applicable(&self, entry: &Entry, case: &Case, at: Range<usize>) -> Result<(), Complaint> {
        let Some(why) = not_applicable(entry, case) else { return Ok(()) };
        let why = format!("{} cannot be measured: {why}", case.id());
        Err(Complaint { kind: Kind::NotApplicable, ..self.wrong(at, why) })
    }

    fn assertion(&self, text: &Spanned<String>, case: &Case) -> Result<Assertion, Complaint> {
        let span = text.span();
        // Where the text stands as it is meant, without escapes, a part can be shown.
        let plain = self.text.get(span.start + 1..span.end.saturating_sub(1));
        let is_plain = plain == Some(&text.get_ref()[..]);
        let assertion = Assertion::read(text.get_ref()).map_err(|wrong| {
            let part = span.start + 1 + wrong.at.start..span.start + 1 + wrong.at.end;
            self.wrong(if is_plain { part } else { span.clone() }, wrong.why)
        })?;
        match cannot(&assertion, case) {
            Some(why) => Err(self.wrong(span, why)),
            None => Ok(assertion),
        }
    }

    fn rival(&self, at: &Spanned<String>, name: &str, case: &Case) -> Result<Case, Complaint> {
        if name == case.transport {
            let why = format!("{name} is what is measured: it cannot be held against itself");
            return Err(self.wrong(at.span(), why));
        }
        let Some(entry) = self.registry.get(name) else {
            let why = format!("there is no transport '{name}' to hold it against");
            return Err(self.wrong(at.span(), why));
        };
        let rival = Case { transport: entry.name, program: None, ..case.clone() };
        self.applicable(entry, &rival, at.span())?;
        Ok(rival)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made to be passed to map_err")]
fn text_of(error: impl ToString) -> String {
    error.to_string()
}
