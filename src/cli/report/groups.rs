//! What records have in common: who would have been refused what, by which statement.

use super::super::Report;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// So many groups are told apart; what is in no group is counted together.
const MOST_GROUPS: usize = 10_000;
/// No name of a principal, bucket, file or key is kept longer, in characters.
const LONGEST_NAME: usize = 256;

/// What became, or would have become, of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Section {
    /// It passed because a listener observes or a policy is in shadow.
    WouldDeny,
    /// It was refused, and policies in shadow allow it.
    WouldAllow,
    /// Policies in shadow would look at what was not looked up.
    Unknown,
    /// It was refused.
    Denied,
}

impl Section {
    pub(super) const ALL: [Self; 4] = [
        Self::WouldDeny,
        Self::WouldAllow,
        Self::Unknown,
        Self::Denied,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WouldDeny => "would_deny",
            Self::WouldAllow => "would_allow",
            Self::Unknown => "unknown",
            Self::Denied => "denied",
        }
    }
}

/// What a group has in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) section: Section,
    /// `observe`, `shadow` or `enforce`: in which mode it was decided so.
    pub(super) mode: &'static str,
    /// A role's sessions are one.
    pub(super) principal: String,
    pub(super) action: String,
    /// Empty for what is no bucket's.
    pub(super) bucket: String,
    /// Of the deciding statement, or the layer whose allow is missing.
    pub(super) layer: String,
    pub(super) statement: Option<Statement>,
}

/// The deciding statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    pub(super) file: String,
    pub(super) line: u64,
}

/// How often, when, and one of them.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) count: u64,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) id: String,
    /// The example's key.
    pub(super) key: Option<String>,
}

/// Everything counted.
#[derive(Debug)]
pub(super) struct Groups {
    sections: Vec<Section>,
    groups: HashMap<Key, Group>,
    /// What found no group, by section.
    others: HashMap<Section, u64>,
    pub(super) records: u64,
    /// Lines that are no records of this gateway.
    pub(super) skipped: u64,
    /// Lines that cannot be read.
    pub(super) broken: u64,
    /// Differences that their records count and do not list.
    pub(super) unlisted: u64,
}

/// What all permissions of one record share.
struct Record<'a> {
    id: &'a str,
    time: &'a str,
    principal: String,
}

impl Groups {
    pub(super) fn new(arguments: &Report) -> Self {
        let asked = |section: &Section| arguments.all || *section != Section::Denied;
        Self {
            sections: Section::ALL.into_iter().filter(asked).collect(),
            groups: HashMap::new(),
            others: HashMap::new(),
            records: 0,
            skipped: 0,
            broken: 0,
            unlisted: 0,
        }
    }

    /// Takes in a record.
    pub(super) fn add(&mut self, record: &Value) {
        self.records += 1;
        let decision = &record["decision"];
        let of = Record {
            id: text(&record["request_id"]),
            time: text(&record["request_time"]),
            principal: principal(record),
        };
        let (observed, shadow) = (&decision["observed"], &decision["shadow"]);
        if observed.is_object() {
            let count = observed["count"].as_u64().unwrap_or(1);
            self.count(
                Section::WouldDeny,
                "observe",
                &of,
                observed,
                observed,
                count,
            );
        }
        let differences = shadow["differences"].as_array();
        for difference in differences.into_iter().flatten() {
            let section = match text(&difference["kind"]) {
                "would_deny" => Section::WouldDeny,
                "would_allow" => Section::WouldAllow,
                "unknown" => Section::Unknown,
                _ => continue,
            };
            let by = &difference["shadow"];
            self.count(section, "shadow", &of, difference, by, 1);
        }
        let more = &shadow["more_differences"];
        self.unlisted += more.as_u64().unwrap_or_default();
        let verdict = text(&decision["verdict"]);
        if matches!(verdict, "explicit_deny" | "implicit_deny" | "unknown") {
            self.count(Section::Denied, "enforce", &of, decision, decision, 1);
        }
    }

    /// Counts a permission: `asked` says on what, `by` who decides.
    fn count(
        &mut self,
        section: Section,
        mode: &'static str,
        of: &Record<'_>,
        asked: &Value,
        by: &Value,
        count: u64,
    ) {
        if !self.sections.contains(&section) {
            return;
        }
        let (bucket, key) = bucket_and_key(text(&asked["resource"]));
        let group = Key {
            section,
            mode,
            principal: of.principal.clone(),
            action: cut(text(&asked["action"])),
            bucket: cut(bucket),
            layer: cut(by["layer"].as_str().unwrap_or(text(&by["missing"]))),
            statement: statement(by),
        };
        if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&group) {
            *self.others.entry(section).or_default() += count;
            return;
        }
        let found = self.groups.entry(group).or_insert_with(|| Group {
            count: 0,
            first: cut(of.time),
            last: cut(of.time),
            id: cut(of.id),
            key: key.map(cut),
        });
        found.count += count;
        // Texts of one form: they sort as the times do.
        if *of.time < *found.first {
            found.first = cut(of.time);
        }
        if *of.time > *found.last {
            found.last = cut(of.time);
        }
    }

    /// The sections asked for.
    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The groups of a section, those that count most first; and how much is in none.
    pub(super) fn of(&self, section: Section) -> (Vec<(&Key, &Group)>, u64) {
        let groups = self.groups.iter();
        let mut groups: Vec<_> = groups.filter(|(key, _)| key.section == section).collect();
        groups.sort_by(|(key, group), (other_key, other)| {
            other.count.cmp(&group.count).then(key.cmp(other_key))
        });
        let others = self.others.get(&section).copied().unwrap_or_default();
        (groups, others)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut all = Map::new();
        all.insert("records".into(), json!(self.records));
        all.insert("skipped_lines".into(), json!(self.skipped));
        all.insert("broken_lines".into(), json!(self.broken));
        all.insert("unlisted_differences".into(), json!(self.unlisted));
        for section in &self.sections {
            let (groups, others) = self.of(*section);
            let groups: Vec<_> = groups.into_iter().map(group_as_json).collect();
            let section = section.name().to_owned();
            all.insert(section, json!({ "groups": groups, "others": others }));
        }
        Value::Object(all)
    }
}

fn group_as_json((key, group): (&Key, &Group)) -> Value {
    let statement = key.statement.as_ref();
    json!({
        "count": group.count,
        "mode": key.mode,
        "principal": key.principal,
        "action": key.action,
        "bucket": key.bucket,
        "layer": key.layer,
        "sid": statement.and_then(|statement| statement.sid.as_deref()),
        "file": statement.map(|statement| &statement.file),
        "line": statement.map(|statement| statement.line),
        "first": group.first,
        "last": group.last,
        "example": { "request_id": group.id, "key": group.key },
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

/// Who asked; the sessions of a role go by the role, for their names may be as many as requests.
fn principal(record: &Value) -> String {
    let arn = match record["principal"].as_str() {
        Some(arn) => arn,
        None => return "anonymous".to_owned(),
    };
    match (arn.contains(":assumed-role/"), arn.rsplit_once('/')) {
        (true, Some((role, _))) => cut(role) + "/*",
        _ => cut(arn),
    }
}

/// Of `arn:aws:s3:::bucket/key`; what is no such ARN counts as a bucket.
fn bucket_and_key(resource: &str) -> (&str, Option<&str>) {
    let Some(path) = resource.strip_prefix("arn:aws:s3:::") else {
        return (resource, None);
    };
    match path.split_once('/') {
        Some((bucket, key)) => (bucket, Some(key)),
        None => (path, None),
    }
}

fn statement(by: &Value) -> Option<Statement> {
    Some(Statement {
        file: cut(by["file"].as_str()?),
        line: by["line"].as_u64().unwrap_or_default(),
        sid: by["sid"].as_str().map(cut),
    })
}
