//! The report as a page of at most a hundred columns.

use super::groups::{Group, Groups, Key, Section};

/// The widest line, in characters.
const WIDTH: usize = 100;
/// What stands under a count begins here.
const INDENT: &str = "           ";

pub(super) fn page(groups: &Groups) -> String {
    let mut page = String::new();
    for section in groups.sections() {
        let (found, others) = groups.of(*section);
        let all = others + found.iter().map(|(_, group)| group.count).sum::<u64>();
        page += &format!("{}: {all}\n", title(*section));
        if all > 0 {
            page += &format!("    COUNT  {:<30}  BUCKET\n", "ACTION");
        }
        for (key, group) in found {
            page += &entry(key, group);
        }
        if others > 0 {
            page += &format!("{others:>9}  others, in more groups than are told apart\n");
        }
        page.push('\n');
    }
    page + &closing(groups)
}

fn title(section: Section) -> &'static str {
    match section {
        Section::WouldDeny => "would have been denied",
        Section::WouldAllow => "would have been allowed",
        Section::Unknown => "would depend on facts that were not looked up",
        Section::Denied => "denied",
    }
}

fn entry(key: &Key, group: &Group) -> String {
    let head = format!("{:>9}  {:<30}  {}", group.count, key.action, key.bucket);
    let example = group
        .key
        .as_ref()
        .map_or(String::new(), |key| format!(" {key}"));
    let lines = [
        head,
        format!("{INDENT}{}", key.principal),
        format!("{INDENT}{}", by(key)),
        format!("{INDENT}{} to {}", group.first, group.last),
        format!("{INDENT}e.g. {}{example}", group.id),
    ];
    lines.iter().map(|line| fitted(line) + "\n").collect()
}

/// By which word, or silence.
fn by(key: &Key) -> String {
    let mode = match key.mode {
        "shadow" => "in shadow: ",
        "observe" => "observed: ",
        _ => "",
    };
    match (&key.statement, &*key.layer) {
        (Some(statement), layer) => {
            let sid = statement
                .sid
                .as_deref()
                .unwrap_or("a statement without Sid");
            let place = format!(":{}", statement.line);
            let said = format!("{mode}{layer}, {sid}, ");
            // Of a long path the end tells more.
            let room =
                WIDTH.saturating_sub(INDENT.len() + shown(&said).chars().count() + place.len());
            said + &ending(&statement.file, room) + &place
        }
        (None, "") => format!("{mode}not known by what"),
        (None, layer) => format!("{mode}no allow in the layer `{layer}`"),
    }
}

fn ending(text: &str, room: usize) -> String {
    let length = text.chars().count();
    match length <= room {
        true => text.to_owned(),
        false => {
            let kept = room.saturating_sub(1);
            let rest: String = text.chars().skip(length.saturating_sub(kept)).collect();
            format!("…{rest}")
        }
    }
}

fn closing(groups: &Groups) -> String {
    let mut line = format!("{} records read", groups.records);
    for (count, what) in [
        (groups.skipped, "other lines skipped"),
        (groups.broken, "broken lines"),
        (groups.unlisted, "differences that records do not list"),
    ] {
        if count > 0 {
            line += &format!(", {count} {what}");
        }
    }
    line + "\n"
}

/// Cut to the width.
fn fitted(line: &str) -> String {
    let line = shown(line);
    match line.chars().count() <= WIDTH {
        true => line,
        false => line.chars().take(WIDTH - 1).chain(['…']).collect(),
    }
}

/// Keys are the clients' words: nothing in them may act on a terminal.
fn shown(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match acts(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}
