//! The words of a file of Rego, without texts and comments: enough to see what is named and what is not.

use portcullis_core::document::Place;

/// Every word, `a.b.c` as one, and where it stands.
#[derive(Debug)]
pub(super) struct Words(Vec<(String, Place)>);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = Vec::new();
        let mut raw = false;
        for (number, line) in (1..).zip(text.lines()) {
            raw = of_line(line, number, raw, &mut words);
        }
        Self(words)
    }

    /// The first of these words, written in full.
    pub(super) fn find(&self, names: &[&str]) -> Option<(&str, Place)> {
        let mut words = self.0.iter();
        let found = words.find(|(word, _)| names.contains(&&**word))?;
        Some((&found.0, found.1))
    }

    /// How often a word or a part of one is this.
    pub(super) fn count(&self, name: &str) -> usize {
        let parts = self.0.iter().flat_map(|(word, _)| word.split('.'));
        parts.filter(|part| *part == name).count()
    }
}

/// Whether the line ends within a text in backquotes, which `raw` says of the line before.
fn of_line(line: &str, number: u32, mut raw: bool, words: &mut Vec<(String, Place)>) -> bool {
    let mut word = String::new();
    let mut quoted = false;
    let mut escaped = false;
    for (column, one) in (1..).zip(line.chars().chain(['\n'])) {
        let part = !raw && !quoted && (one.is_alphanumeric() || matches!(one, '_' | '.'));
        if part {
            word.push(one);
            continue;
        }
        if !word.is_empty() {
            let begin = column - u32::try_from(word.chars().count()).unwrap_or_default();
            let place = Place {
                line: number,
                column: begin,
            };
            words.push((std::mem::take(&mut word), place));
        }
        match one {
            '`' if !quoted => raw = !raw,
            '"' if !raw && !escaped => quoted = !quoted,
            '#' if !raw && !quoted => return raw,
            _ => {}
        }
        escaped = quoted && one == '\\' && !escaped;
    }
    raw
}
