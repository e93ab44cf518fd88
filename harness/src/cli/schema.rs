//! `schema`, `completions` and `man`: what the tool says about itself.

use clap_complete::Shell;
use clap_mangen::Man;
use pipefit::run::record::RunRecord;

use super::exit::Exit;
use super::failure::Failure;
use super::out::Out;

pub(super) fn schema(out: &Out) -> Result<Exit, Failure> {
    let schema = serde_json::to_string_pretty(&RunRecord::json_schema())
        .map_err(|e| Failure::Form { what: "the schema", why: e.to_string() })?;
    out.print(&(schema + "\n"))?;
    Ok(Exit::Done)
}

pub(super) fn completions(
    shell: Shell,
    grammar: &mut clap::Command,
    out: &Out,
) -> Result<Exit, Failure> {
    let name = grammar.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, grammar, name, &mut script);
    out.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub(super) fn man(
    grammar: &mut clap::Command,
    command: Option<&str>,
    out: &Out,
) -> Result<Exit, Failure> {
    grammar.build();
    let page = match command {
        None => grammar.clone(),
        Some(name) => match grammar.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let why = format!("there is no command {name}");
                return Err(grammar.error(clap::error::ErrorKind::InvalidValue, why).into());
            }
        },
    };
    let mut text = Vec::new();
    Man::new(page)
        .render(&mut text)
        .map_err(|e| Failure::Form { what: "the manual page", why: e.to_string() })?;
    out.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}
