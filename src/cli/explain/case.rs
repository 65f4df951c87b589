//! Explains a decision case.

use super::{Explained, said, value};
use crate::config::{self, Host};
use anyhow::{Context as _, bail};
use portcullis_core::cases::Case;
use std::path::Path;

/// What each layer says to the case at `FILE` or `FILE:LINE`. Block Public Access counts for the exit code.
pub(super) fn explained(written: &str) -> anyhow::Result<Explained> {
    let (file, line) = place(written);
    let (files, findings) = config::cases(Path::new(file), &Host);
    if !findings.is_empty() {
        let lines = findings.iter().map(ToString::to_string);
        bail!("{}", lines.collect::<Vec<_>>().join("\n"));
    }
    let cases: Vec<&Case> = files.iter().flat_map(|file| &file.cases).collect();
    let case = chosen(&cases, file, line)?;
    let scene = case.scene().map_err(|refused| {
        let lines = refused.iter().map(ToString::to_string);
        anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
    })?;
    let explanation = scene.explain();
    let outcome = scene.decide().outcome.name();
    let text = explanation.to_text() + "\n";
    Ok((said(Some(outcome)), text, value(&explanation)))
}

fn chosen<'c>(cases: &[&'c Case], file: &str, line: Option<u32>) -> anyhow::Result<&'c Case> {
    let Some(line) = line else {
        return match cases {
            [case] => Ok(case),
            cases => bail!(
                "`{file}` has {} cases: name one by the line on which it begins, `{file}:LINE`",
                cases.len()
            ),
        };
    };
    let found = cases.iter().find(|case| case.line == line);
    found
        .copied()
        .with_context(|| format!("no case begins on line {line} of `{file}`"))
}

/// A file may have a colon in its name.
fn place(written: &str) -> (&str, Option<u32>) {
    let numbered = written
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)));
    match numbered.filter(|_| !Path::new(written).exists()) {
        Some((file, line)) => (file, Some(line)),
        None => (written, None),
    }
}
