//! `--export-…`: files beside the run, or one of them on standard output.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::args::{ExportArgs, MessageFormat};
use super::failure::Failure;
use super::out::Out;
use super::written::{Form, Source};
use crate::results::{FileError, put};

/// What is to be exported, and where to; `F` says in which form.
#[derive(Debug)]
pub(super) struct Exports<F = Form>(Vec<(F, PathBuf)>);

impl Exports {
    /// Those of a run; `format` is what standard output has besides.
    ///
    /// # Errors
    /// As [`Exports::asked`].
    pub(super) fn plan(keep: &ExportArgs, format: MessageFormat) -> Result<Self, Failure> {
        let asked = [
            (Form::Json, &keep.export_json),
            (Form::Csv, &keep.export_csv),
            (Form::Markdown, &keep.export_markdown),
            (Form::Html, &keep.export_html),
            (Form::Hgrm, &keep.export_hgrm),
            (Form::Hlog, &keep.export_hlog),
            (Form::Trace, &keep.export_trace),
            (Form::Junit, &keep.export_junit),
            (Form::Gha, &keep.export_gha),
            (Form::Bmf, &keep.export_bmf),
        ];
        Self::asked(asked, usize::from(format == MessageFormat::Json))
    }

    /// Where one of the forms goes, if it was asked for.
    pub(super) fn of(&self, form: Form) -> Option<&Path> {
        self.0.iter().find(|(other, _)| *other == form).map(|(_, to)| to.as_path())
    }

    /// Refuses what is not one of `forms`: `what` has no other.
    ///
    /// # Errors
    /// [`Failure::Usage`] where another one was asked for.
    pub(super) fn only(&self, forms: &[Form], what: &str) -> Result<(), Failure> {
        match self.0.iter().find(|(form, _)| !forms.contains(form)) {
            None => Ok(()),
            Some((form, _)) => {
                let why = format!("{what} is not exported as {}: one run is\n", form.word());
                Err(clap::Error::raw(ErrorKind::ArgumentConflict, why).into())
            }
        }
    }

    /// Writes a text as one of the forms, if that was asked for.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn put(&self, form: Form, text: &str, out: &Out) -> Result<(), Failure> {
        match self.of(form) {
            None => {}
            Some(to) if is_stdout(to) => out.print(text)?,
            Some(to) => put(to, text.as_bytes())?,
        }
        Ok(())
    }

    /// Writes them.
    ///
    /// # Errors
    /// At the first that cannot be written.
    pub(super) fn write(&self, source: Source<'_>, out: &Out) -> Result<(), Failure> {
        self.each(|form| form.write(source), out)
    }
}

impl<F: Copy> Exports<F> {
    /// Takes what was asked for, and makes sure that it can be written: better to learn it
    /// before measuring than after. So many others write to standard output.
    ///
    /// # Errors
    /// [`Failure::Usage`] where two would mix on standard output, [`Failure::File`] where a
    /// file cannot be written.
    pub(super) fn asked<'a>(
        asked: impl IntoIterator<Item = (F, &'a Option<PathBuf>)>,
        others: usize,
    ) -> Result<Self, Failure> {
        let all: Vec<(F, PathBuf)> =
            asked.into_iter().filter_map(|(form, to)| Some((form, to.clone()?))).collect();
        if all.iter().filter(|(_, to)| is_stdout(to)).count() + others > 1 {
            let what = "standard output can have one export, or --message-format json, not both\n";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, what).into());
        }
        for (_, to) in all.iter().filter(|(_, to)| !is_stdout(to)) {
            check(to).map_err(|source| FileError { path: to.clone(), source })?;
        }
        Ok(Self(all))
    }

    /// Whether one of them has standard output, where nothing else may appear then.
    pub(super) fn take_stdout(&self) -> bool {
        self.0.iter().any(|(_, to)| is_stdout(to))
    }

    /// Writes each, as `text` gives it. All forms are texts.
    ///
    /// # Errors
    /// At the first that cannot be written.
    pub(super) fn each(
        &self,
        text: impl Fn(F) -> Result<Vec<u8>, Failure>,
        out: &Out,
    ) -> Result<(), Failure> {
        for (form, to) in &self.0 {
            let text = text(*form)?;
            if is_stdout(to) {
                out.print(&String::from_utf8_lossy(&text))?;
            } else {
                put(to, &text)?;
            }
        }
        Ok(())
    }
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn check(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        // Opening a device or a pipe may do something, or wait.
        Ok(there) if !there.is_file() && !there.is_dir() => Ok(()),
        Ok(_) => fs::OpenOptions::new().write(true).open(path).map(drop),
        Err(_) => {
            fs::OpenOptions::new().write(true).create_new(true).open(path)?;
            fs::remove_file(path)
        }
    }
}
