//! The condition keys of a request, each with its value, as policy documents would see them.

use crate::context::keys::Found;
use crate::context::{Context, Facts, Key, Lookup, RequestContext, Stored, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Every key that has a value; one whose value nobody has looked up is absent.
pub(super) struct Values<'a>(pub(super) &'a Facts<'a>);

/// The keys that can have a value, but for families.
static KEYS: LazyLock<Vec<(&'static str, Key)>> = LazyLock::new(|| {
    let names = Key::NAMES.iter().copied();
    let found = |key: &Key| matches!(key.info().map(|info| &info.found), Some(Found::By(_)));
    names
        .filter_map(|name| Some((name, Key::parse(name)?)))
        .filter(|(_, key)| found(key))
        .collect()
});

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let context = RequestContext { facts: self.0 };
        let mut map = to.serialize_map(None)?;
        for (name, key) in KEYS.iter() {
            if let Some(value) = Shown::of(key, context.lookup(key)) {
                map.serialize_entry(name, &value)?;
            }
        }
        for key in self.tags(&context) {
            if let Some(value) = Shown::of(&key, context.lookup(&key)) {
                map.serialize_entry(&key.to_string(), &value)?;
            }
        }
        map.end()
    }
}

impl Values<'_> {
    /// The members of families: the tags of the caller, of the object, and those that the request sets.
    fn tags(&self, context: &RequestContext<'_>) -> Vec<Key> {
        let caller = match self.0.principal {
            crate::identity::Principal::Known(caller) => Some(&caller.tags),
            crate::identity::Principal::Anonymous | crate::identity::Principal::Service(_) => None,
        };
        let caller = caller.into_iter().flat_map(|tags| tags.keys().cloned());
        let stored = match self.0.object_tags {
            Stored::Known(tags) => tags,
            Stored::NotAsked | Stored::None => &[],
        };
        let stored = stored.iter().map(|tag| Box::from(&*tag.key));
        let object = named_in(context.lookup(&Key::RequestObjectTagKeys));
        let bucket = named_in(context.lookup(&Key::TagKeys));
        caller
            .map(Key::PrincipalTag)
            .chain(stored.map(Key::ExistingObjectTag))
            .chain(object.into_iter().map(Key::RequestObjectTag))
            .chain(bucket.into_iter().map(Key::RequestTag))
            .collect()
    }
}

fn named_in(keys: Lookup<'_>) -> Vec<Box<str>> {
    match keys {
        Lookup::Many(values) => values
            .into_iter()
            .map(|value| value.into_text().into_owned().into())
            .collect(),
        Lookup::One(_) | Lookup::Absent | Lookup::Unknown => Vec::new(),
    }
}

/// A value in JSON.
enum Shown<'a> {
    One(Value<'a>),
    Many(Vec<Value<'a>>),
}

impl<'a> Shown<'a> {
    fn of(key: &Key, found: Lookup<'a>) -> Option<Self> {
        match found {
            Lookup::One(value) if *key == Key::Referer => Some(Self::One(without_query(value))),
            // One of several would be enough to hide a secret.
            Lookup::Many(_) if *key == Key::Referer => None,
            Lookup::One(value) => Some(Self::One(value)),
            Lookup::Many(values) => Some(Self::Many(values)),
            Lookup::Absent | Lookup::Unknown => None,
        }
    }
}

/// A page may have been reached by a presigned URL, or with a password in it.
fn without_query(referer: Value<'_>) -> Value<'_> {
    let text = referer.into_text();
    let page = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = page.split_once("://").unwrap_or(("", page));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let kept = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}/{path}"),
        None => page.to_owned(),
    };
    Value::Text(Cow::Owned(kept))
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => Plain(value).serialize(to),
            Self::Many(values) => to.collect_seq(values.iter().map(Plain)),
        }
    }
}

struct Plain<'a, 'v>(&'a Value<'v>);

impl Serialize for Plain<'_, '_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Number(value) => to.serialize_i64(*value),
            Value::Text(_) | Value::Ip(_) | Value::Time(_) => to.serialize_str(&self.0.to_text()),
        }
    }
}
