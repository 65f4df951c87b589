//! The facts of one request, as the pipeline before has established them, and the context over them.

use super::keys::{Found, Key};
use super::tags::{self, Tag};
use super::{Context, Lookup, Value};
use crate::identity::{Membership, Principal};
use crate::request::Query;
use crate::s3::names::AccountId;
use http::HeaderMap;
use jiff::Timestamp;
use std::net::IpAddr;

/// What is known of a request when it is decided. Nothing here is taken from the client unchecked except headers,
/// query and body, and only the rows of [`super::keys`] read those.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The client: the connection's peer, or what trusted proxies say.
    pub peer: IpAddr,
    /// Of the client's connection; `None` on plain HTTP.
    pub tls: Option<TlsVersion>,
    /// When the request came.
    pub now: Timestamp,
    /// How the request was signed; `None` for anonymous requests and fixed-principal listeners.
    pub auth: Option<AuthType>,
    /// Milliseconds since the time the signature names.
    pub signature_age_ms: Option<i64>,
    /// The payload hash that was signed over: `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD` for presigned URLs and
    /// signed forms.
    pub content_sha256: Option<&'a str>,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's decoded query.
    pub query: &'a Query,
    /// Whether `s3:prefix`, `s3:delimiter` and `s3:max-keys` exist.
    pub listing: Listing<'a>,
    /// The version asked for; on the source side of a copy the source's.
    pub version_id: Option<&'a str>,
    /// The decoded value of `x-amz-copy-source`.
    pub copy_source: Option<&'a str>,
    /// Who asks.
    pub principal: &'a Principal,
    /// The account that owns the resource.
    pub owner: AccountId,
    /// That account's place in an organisation, if it is in one.
    pub owner_membership: Option<&'a Membership>,
    /// The region the gateway answers for.
    pub region: &'a str,
    /// For s3:PutObject: whether this request makes an object appear (CreateMultipartUpload and UploadPart do not).
    pub creates_object: Option<bool>,
    /// The tags stored with the addressed object.
    pub object_tags: Stored<&'a [Tag]>,
    /// What the request's body says.
    pub body: Stored<Body<'a>>,
}

/// A fact that takes a look-up or a body that must be read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stored<T> {
    /// Not looked up yet: what depends on it is undecided.
    NotAsked,
    /// There is none for this request.
    #[default]
    None,
    /// Looked up.
    Known(T),
}

/// What conditions may ask about the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Body<'a> {
    /// `Mode` of a Retention document.
    pub retention_mode: Option<&'a str>,
    /// `RetainUntilDate` of a Retention document.
    pub retain_until: Option<&'a str>,
    /// `EventHold` of a Retention document.
    pub event_hold: Option<&'a str>,
    /// `Days` of its EventHoldDuration.
    pub event_hold_days: Option<&'a str>,
    /// `ETag` of the key in question in the document of DeleteObjects.
    pub etag: Option<&'a str>,
    /// `Status` of a LegalHold document.
    pub legal_hold: Option<&'a str>,
    /// `LocationConstraint` of CreateBucket.
    pub location: Option<&'a str>,
    /// The tags that a Tagging document sets on an object.
    pub tags: Option<&'a [Tag]>,
    /// The tags that the document sets on a bucket.
    pub bucket_tags: Option<&'a [Tag]>,
    /// `OptionalFields` of an InventoryConfiguration.
    pub inventory_fields: Option<&'a [Box<str>]>,
}

/// What the keys about listings see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing<'a> {
    /// Not a listing: the keys are absent.
    No,
    /// A listing: the query's parameters.
    Query,
    /// As if a listing with this prefix and nothing else were asked.
    Prefix(&'a str),
}

/// The TLS version of the client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2
    V1_2,
    /// TLS 1.3
    V1_3,
}

/// How a request was signed: `s3:authType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// In the Authorization header.
    Header,
    /// In the query of a presigned URL.
    Query,
    /// In the fields of a POST form.
    Post,
}

/// The context of a real request.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'a> {
    /// What the values are computed from.
    pub facts: &'a Facts<'a>,
}

impl Context for RequestContext<'_> {
    fn lookup(&self, key: &Key) -> Lookup<'_> {
        if let Key::Claim(name) = key {
            return self.facts.claim(name);
        }
        match key.info().map(|info| &info.found) {
            Some(Found::By(find)) => find(self.facts),
            Some(Found::ByTag(find)) => find(self.facts, key.tag().unwrap_or_default()),
            Some(Found::Assuming | Found::Never(_)) | None => Lookup::Absent,
        }
    }
}

impl<'a> Facts<'a> {
    /// A header as sent. Sent more than once it has several values, which no condition without a set operator
    /// accepts and every Deny does.
    pub(super) fn header(&'a self, name: &str) -> Lookup<'a> {
        let text =
            |value: &'a http::HeaderValue| Value::Text(String::from_utf8_lossy(value.as_bytes()));
        one_or_many(self.headers.get_all(name).iter().map(text))
    }

    /// A query parameter; `?name` and `?name=` are both present and empty.
    pub(super) fn parameter(&'a self, name: &str) -> Lookup<'a> {
        let named = self.query.0.iter().filter(|each| &*each.name == name);
        one_or_many(named.map(|each| Value::Text(each.value.as_deref().unwrap_or_default().into())))
    }

    /// A parameter of a listing.
    pub(super) fn listed(&'a self, name: &str) -> Lookup<'a> {
        match self.listing {
            Listing::No => Lookup::Absent,
            Listing::Query => self.parameter(name),
            Listing::Prefix(prefix) if name == "prefix" => Lookup::text(prefix),
            Listing::Prefix(_) => Lookup::Absent,
        }
    }

    /// A header, or else a part of the body that says the same.
    pub(super) fn header_or_body(
        &'a self,
        name: &str,
        part: fn(&Body<'a>) -> Option<&'a str>,
    ) -> Lookup<'a> {
        match self.header(name) {
            Lookup::Absent => self.in_body(part),
            found @ (Lookup::One(_) | Lookup::Many(_) | Lookup::Unknown) => found,
        }
    }

    /// A part of the body.
    pub(super) fn in_body(&'a self, part: fn(&Body<'a>) -> Option<&'a str>) -> Lookup<'a> {
        match &self.body {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(body) => Lookup::optional(part(body)),
        }
    }

    /// The fields that an inventory configuration asks for.
    pub(super) fn inventory_fields(&'a self) -> Lookup<'a> {
        match self.body {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(body) => body.inventory_fields.map_or(Lookup::Absent, |fields| {
                Lookup::Many(
                    fields
                        .iter()
                        .map(|each| Value::Text((&**each).into()))
                        .collect(),
                )
            }),
        }
    }

    /// Whole days from now until the date to which the request would retain the object, rounded up.
    pub(super) fn retention_days(&'a self) -> Lookup<'a> {
        let date = self.header_or_body("x-amz-object-lock-retain-until-date", |body| {
            body.retain_until
        });
        let Lookup::One(date) = date else { return date };
        let Ok(until) = date.to_text().parse::<Timestamp>() else {
            return Lookup::Unknown;
        };
        let seconds = until.as_second().saturating_sub(self.now.as_second());
        let days = seconds.div_euclid(86_400) + i64::from(seconds.rem_euclid(86_400) > 0);
        Lookup::One(Value::Number(days))
    }

    /// A tag that the request would set on an object.
    pub(super) fn request_tag(&'a self, key: &str) -> Lookup<'a> {
        match self.request_tags() {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(tags) => {
                let pairs = || tags.iter().map(|tag| (&*tag.key, &*tag.value));
                named(pairs, key).map_or(Lookup::Absent, |value| Lookup::text(value.to_owned()))
            }
        }
    }

    /// The keys of the tags that the request would set on an object.
    pub(super) fn request_tag_keys(&'a self) -> Lookup<'a> {
        match self.request_tags() {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(tags) => Lookup::Many(
                tags.into_iter()
                    .map(|tag| Value::Text(tag.key.into_string().into()))
                    .collect(),
            ),
        }
    }

    /// From the header or a Tagging document. Tags that cannot be read stay unknown, so nothing is decided on them.
    fn request_tags(&'a self) -> Stored<Vec<Tag>> {
        match self.header("x-amz-tagging") {
            Lookup::One(header) => {
                tags::parse(&header.to_text()).map_or(Stored::NotAsked, Stored::Known)
            }
            Lookup::Many(_) | Lookup::Unknown => Stored::NotAsked,
            Lookup::Absent => match self.body {
                Stored::NotAsked => Stored::NotAsked,
                Stored::None => Stored::None,
                Stored::Known(body) => body
                    .tags
                    .map_or(Stored::None, |tags| Stored::Known(tags.to_vec())),
            },
        }
    }

    /// A tag that the request would set on a bucket.
    pub(super) fn bucket_tag(&'a self, key: &str) -> Lookup<'a> {
        self.bucket_tags(|tags| {
            let pairs = || tags.iter().map(|tag| (&*tag.key, &*tag.value));
            Lookup::optional(named(pairs, key))
        })
    }

    /// The keys of the tags that the request would set on a bucket.
    pub(super) fn bucket_tag_keys(&'a self) -> Lookup<'a> {
        let key = |tag: &'a Tag| Value::Text((&*tag.key).into());
        self.bucket_tags(|tags| Lookup::Many(tags.iter().map(key).collect()))
    }

    fn bucket_tags(&'a self, found: impl FnOnce(&'a [Tag]) -> Lookup<'a>) -> Lookup<'a> {
        match &self.body {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(body) => body.bucket_tags.map_or(Lookup::Absent, found),
        }
    }

    /// A tag stored with the object before this request.
    pub(super) fn existing_tag(&'a self, key: &str) -> Lookup<'a> {
        match self.object_tags {
            Stored::NotAsked => Lookup::Unknown,
            Stored::None => Lookup::Absent,
            Stored::Known(tags) => {
                let pairs = || tags.iter().map(|tag| (&*tag.key, &*tag.value));
                Lookup::optional(named(pairs, key))
            }
        }
    }
}

impl TlsVersion {
    /// As `s3:TlsVersion` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

impl AuthType {
    /// As `s3:authType` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "REST-HEADER",
            Self::Query => "REST-QUERY-STRING",
            Self::Post => "POST",
        }
    }
}

pub(super) fn one_or_many<'a>(mut values: impl Iterator<Item = Value<'a>>) -> Lookup<'a> {
    match (values.next(), values.next()) {
        (None, _) => Lookup::Absent,
        (Some(value), None) => Lookup::One(value),
        (Some(first), Some(second)) => {
            Lookup::Many([first, second].into_iter().chain(values).collect())
        }
    }
}

/// The tag of this name. Names in policies ignore case, those of objects do not: the exact name wins.
pub(super) fn named<'t, I: Iterator<Item = (&'t str, &'t str)>>(
    pairs: impl Fn() -> I,
    name: &str,
) -> Option<&'t str> {
    let exact = pairs().find(|(key, _)| *key == name);
    exact
        .or_else(|| pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}
