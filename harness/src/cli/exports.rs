//! `--export-…`: files beside the run, or one of them on standard output.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::args::{Keep, MessageFormat};
use super::failure::Failure;
use super::out::Out;
use super::written::{Form, Source};
use crate::results::{FileError, put};

/// What is to be exported, and where to.
#[derive(Debug)]
pub(super) struct Exports(Vec<(Form, PathBuf)>);

impl Exports {
    /// Takes what was asked for, and makes sure that it can be written: better to
    /// learn it before measuring than after.
    ///
    /// # Errors
    /// [`Failure::Usage`] where two would mix on standard output, [`Failure::File`]
    /// where a file cannot be written.
    pub(super) fn plan(keep: &Keep) -> Result<Self, Failure> {
        let asked = [
            (Form::Json, &keep.export_json),
            (Form::Csv, &keep.export_csv),
            (Form::Markdown, &keep.export_markdown),
            (Form::Html, &keep.export_html),
            (Form::Hgrm, &keep.export_hgrm),
            (Form::Hlog, &keep.export_hlog),
            (Form::Junit, &keep.export_junit),
            (Form::Gha, &keep.export_gha),
            (Form::Bmf, &keep.export_bmf),
        ];
        let exports: Vec<(Form, PathBuf)> =
            asked.into_iter().filter_map(|(form, to)| Some((form, to.clone()?))).collect();
        let events = usize::from(keep.message_format == MessageFormat::Json);
        possible(exports.iter().map(|(_, to)| to.as_path()), events)?;
        Ok(Self(exports))
    }

    /// Whether one of them has standard output, where nothing else may appear then.
    pub(super) fn take_stdout(&self) -> bool {
        self.0.iter().any(|(_, to)| is_stdout(to))
    }

    /// Writes them.
    ///
    /// # Errors
    /// At the first that cannot be written.
    pub(super) fn write(&self, source: Source<'_>, out: &Out) -> Result<(), Failure> {
        for (form, to) in &self.0 {
            let text = form.write(source)?;
            if is_stdout(to) {
                // All forms are texts.
                out.print(&String::from_utf8_lossy(&text))?;
            } else {
                put(to, &text)?;
            }
        }
        Ok(())
    }
}

/// Makes sure that files can be written, and that no two of them mix on standard output,
/// where so many others write.
///
/// # Errors
/// [`Failure::Usage`] where they would mix, [`Failure::File`] where one cannot be written.
pub(super) fn possible<'a>(
    files: impl Iterator<Item = &'a Path> + Clone,
    others: usize,
) -> Result<(), Failure> {
    if files.clone().filter(|to| is_stdout(to)).count() + others > 1 {
        let what = "standard output can have one export, or --message-format json, not both\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, what).into());
    }
    for to in files.filter(|to| !is_stdout(to)) {
        check(to).map_err(|source| FileError { path: to.to_owned(), source })?;
    }
    Ok(())
}

pub(super) fn is_stdout(path: &Path) -> bool {
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
