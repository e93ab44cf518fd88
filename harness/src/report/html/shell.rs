//! What all pages have in common.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::report::plot::custom_properties;

const STYLE: &str = include_str!("../page.css");
const WIDGETS: &str = include_str!("../widgets.css");

/// The only script of a page, as it is written: what its parts declare stays among them.
const SOURCE: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("../script/elements.js"),
    include_str!("../script/tables.js"),
    include_str!("../script/points.js"),
    include_str!("../script/plots.js"),
    "})();\n"
);

/// The script as a page has it: without what is there for its readers.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = SOURCE.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.filter(|line| !line.is_empty()).fold(String::new(), |all, line| all + line + "\n")
});

/// A part of a page that can be gone to.
pub(super) struct Part {
    id: String,
    name: String,
    body: Markup,
}

impl Part {
    pub(super) fn new(id: &str, name: &str, body: Markup) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), body }
    }
}

/// A page: how it came out comes first, then its parts.
pub(super) fn shell(title: &str, verdict: &Markup, parts: &[Part]) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        script_hash()
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(style())) }
            }
            body {
                a.skip href="#main" { "Skip to the figures" }
                header {
                    h1 { (title) }
                    (verdict)
                    @if parts.len() > 2 {
                        nav aria-label="Parts of this page" {
                            ul { @for part in parts { li { a href={ "#" (part.id) } { (part.name) } } } }
                        }
                    }
                }
                main id="main" {
                    @for part in parts {
                        section aria-labelledby=(part.id) { (part.body) }
                    }
                }
                script { (PreEscaped(SCRIPT.as_str())) }
            }
        }
    }
    .into_string()
}

/// The style of pages, with the colours of plots.
#[must_use]
pub fn style() -> String {
    format!(
        "{STYLE}{WIDGETS}:root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}",
        custom_properties(false),
        custom_properties(true)
    )
}

/// The SHA-256 of the only script that a page may run, in base64.
#[must_use]
pub fn script_hash() -> String {
    STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()))
}
