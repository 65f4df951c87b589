//! Organisations, their units, and what each level attaches to the accounts below it.

use super::super::check::Check;
use super::super::fill::did_you_mean;
use super::super::place::At;
use super::super::raw;
use super::documents::Documents;
use portcullis_core::document::Value;
use portcullis_core::identity::Membership;
use portcullis_core::policy::{Policy, PolicyKind};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Every organisation of the files that were read.
pub(super) struct Organizations {
    all: BTreeMap<String, Organization>,
    scope: Scope,
}

/// Whether what is not in these files is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// These are all the files.
    Whole,
    /// One file is checked by itself: others may hold the organisation.
    OneFile,
}

struct Organization {
    id: Box<str>,
    root: Option<Box<str>>,
    level: Level,
    units: BTreeMap<String, Unit>,
}

struct Unit {
    id: Box<str>,
    parent: Option<String>,
    level: Level,
}

/// What one level attaches: service control if it says so, and resource control.
#[derive(Default, Clone)]
pub(super) struct Level {
    pub(super) service: Option<Vec<Arc<Policy>>>,
    pub(super) resource: Vec<Arc<Policy>>,
}

/// What an account has from its place in an organisation.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) membership: Option<Membership>,
    /// From the organisation down.
    pub(super) levels: Vec<Level>,
}

impl Organizations {
    /// None yet.
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            all: BTreeMap::new(),
            scope,
        }
    }

    /// Adds those of one file.
    pub(super) fn add(
        &mut self,
        mut written: BTreeMap<String, raw::Organization>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) {
        for name in at.names() {
            let (Some(raw), at) = (written.remove(&name), at.field(&name)) else {
                continue;
            };
            let organization = organization(raw, &at, check);
            match (self.all.entry(name), organization) {
                (Entry::Occupied(entry), _) => {
                    let name = entry.key();
                    let message = format!("organization `{name}` stands in another file already");
                    check.push(at.error_at_name(message));
                }
                (Entry::Vacant(entry), Some(organization)) => {
                    entry.insert(organization);
                }
                (Entry::Vacant(_), None) => (),
            }
        }
    }

    /// What an account has that names an organisation and a unit of it at `at`.
    pub(super) fn place(
        &self,
        organization: Option<&str>,
        unit: Option<&str>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) -> Placed {
        let unit_at = at.field("unit");
        let Some(name) = organization else {
            if unit.is_some() {
                let message = "a unit is one of an organization: name `organization` too";
                check.push(unit_at.error_at_name(message));
            }
            return Placed::default();
        };
        let Some(organization) = self.all.get(name) else {
            if self.scope == Scope::Whole {
                let hint = did_you_mean(name, &names(&self.all));
                let at = at.field("organization");
                check.push(at.error(format!("no organization is named `{name}`{hint}")));
            }
            return Placed::default();
        };
        if let Some(unit) = unit
            && !organization.units.contains_key(unit)
        {
            let hint = did_you_mean(unit, &names(&organization.units));
            let message = format!("no unit of organization `{name}` is named `{unit}`{hint}");
            check.push(unit_at.error(message));
        }
        organization.placed(unit)
    }
}

impl Organization {
    fn placed(&self, unit: Option<&str>) -> Placed {
        let units = self.down_to(unit);
        let ids = units.iter().map(|unit| &unit.id);
        let path = self.root.as_ref().map(|root| {
            let steps = [&self.id, root].into_iter().chain(ids);
            steps.map(|id| format!("{id}/")).collect::<String>().into()
        });
        let levels = units.iter().map(|unit| &unit.level);
        Placed {
            membership: Some(Membership {
                organization: self.id.clone(),
                path,
            }),
            levels: std::iter::once(&self.level)
                .chain(levels)
                .cloned()
                .collect(),
        }
    }

    /// The units from the topmost down to this one. As many as there are: a circle, which was reported, ends.
    fn down_to(&self, unit: Option<&str>) -> Vec<&Unit> {
        let start = unit.and_then(|name| self.units.get(name));
        let above = |unit: &&Unit| self.units.get(unit.parent.as_deref()?);
        let upward = std::iter::successors(start, above);
        let mut units: Vec<_> = upward.take(self.units.len()).collect();
        units.reverse();
        units
    }

    /// Every parent is a unit, and none is its own.
    fn check_parents(&self, at: &At<'_>, check: &mut Check<'_>) {
        for (name, unit) in &self.units {
            let Some(parent) = unit.parent.as_deref() else {
                continue;
            };
            let at = at.field(name).field("parent");
            if !self.units.contains_key(parent) {
                let hint = did_you_mean(parent, &names(&self.units));
                let message = format!("no unit of this organization is named `{parent}`{hint}");
                check.push(at.error(message));
            } else if self
                .down_to(Some(parent))
                .iter()
                .any(|above| std::ptr::eq(*above, unit))
            {
                check.push(at.error(format!("`{name}` is above `{parent}` already")));
            }
        }
    }
}

fn organization(
    raw: raw::Organization,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Organization> {
    let mut documents = Documents::new("organization", &at.field("policies"), check);
    let level = level(&mut documents, at, check);
    let units_at = at.field("units");
    let mut units = BTreeMap::new();
    for (name, raw) in raw.units.unwrap_or_default() {
        if let Some(unit) = unit(raw, &mut documents, &units_at.field(&name), check) {
            units.insert(name, unit);
        }
    }
    documents.check_unused(PolicyKind::ServiceControl, check);
    let organization = Organization {
        id: ORGANIZATION.check(raw.id, &at.field("id"), check)?,
        root: raw
            .root
            .and_then(|root| ROOT.check(Some(root), &at.field("root"), check)),
        level,
        units,
    };
    organization.check_parents(&units_at, check);
    Some(organization)
}

fn unit(
    raw: raw::Unit,
    documents: &mut Documents<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Unit> {
    let level = level(documents, at, check);
    Some(Unit {
        id: UNIT.check(raw.id, &at.field("id"), check)?,
        parent: raw.parent,
        level,
    })
}

/// What an organisation, a unit or an account attaches.
pub(super) fn level(documents: &mut Documents<'_>, at: &At<'_>, check: &mut Check<'_>) -> Level {
    Level {
        service: service_control(documents, &at.field("service_control"), check),
        resource: documents.list(&at.field("resource_control"), PolicyKind::Guardrail, check),
    }
}

fn service_control(
    documents: &mut Documents<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Vec<Arc<Policy>>> {
    let Value::List(list) = &at.node()?.value else {
        return None;
    };
    if list.is_empty() {
        check.push(at.error("no document; leave the list out, or name `FullAWSAccess`"));
    }
    let found = documents.list(at, PolicyKind::ServiceControl, check);
    if !found.is_empty() && !found.iter().any(|policy| allows_anything(policy)) {
        let message = "nothing is allowed here, so nobody below may do anything; add `FullAWSAccess`, as AWS does";
        check.push(at.error(message).softened());
    }
    Some(found)
}

/// Whether a document has an Allow at all.
fn allows_anything(policy: &Policy) -> bool {
    let Some(statement) = policy.document().get("Statement") else {
        return false;
    };
    let statements = match &statement.value {
        Value::List(statements) => statements.as_slice(),
        _ => std::slice::from_ref(statement),
    };
    let mut effects = statements.iter().filter_map(|one| one.get("Effect"));
    effects.any(|effect| effect.text() == Some("Allow"))
}

/// The form of an id of AWS Organizations: a prefix, then parts of at least so many lower-case letters and digits.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>
struct IdForm {
    prefix: &'static str,
    parts: &'static [usize],
    example: &'static str,
}

const ORGANIZATION: IdForm = IdForm {
    prefix: "o",
    parts: &[10],
    example: "o-a1b2c3d4e5",
};

const ROOT: IdForm = IdForm {
    prefix: "r",
    parts: &[4],
    example: "r-ab12",
};

const UNIT: IdForm = IdForm {
    prefix: "ou",
    parts: &[4, 8],
    example: "ou-ab12-11112222",
};

impl IdForm {
    fn check(
        &self,
        written: Option<String>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) -> Option<Box<str>> {
        let text = check.required(at, written)?;
        let message = format!("`{text}` is not an id such as `{}`", self.example);
        check.take(at, self.fits(&text).then(|| text.into()).ok_or(message))
    }

    fn fits(&self, text: &str) -> bool {
        let (prefix, parts) = text.split_once('-').unwrap_or_default();
        let parts: Vec<&str> = parts.split('-').collect();
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = |(part, least): (&&str, &usize)| {
            (*least..=32).contains(&part.len()) && part.bytes().all(good)
        };
        prefix == self.prefix
            && parts.len() == self.parts.len()
            && parts.iter().zip(self.parts).all(fits)
    }
}

fn names<T>(all: &BTreeMap<String, T>) -> Vec<String> {
    all.keys().cloned().collect()
}
