//! What conditions in trust policies and in policies on `sts:` actions can ask about a call.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>

use super::session::Vouched;
use crate::context::{
    AuthType, Context, Facts, Key, Listing, Lookup, RequestContext, Stored, TlsVersion, Value,
};
use crate::identity::{Principal, Role};
use crate::request::Query;
use http::HeaderMap;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What is known of a call's request but for what it asks.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The client: the connection's peer, or what trusted proxies say.
    pub peer: IpAddr,
    /// Of the client's connection; `None` on plain HTTP.
    pub tls: Option<TlsVersion>,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// How it was signed, if it was.
    pub auth: Option<AuthType>,
    /// The region the gateway answers for.
    pub region: &'a str,
    /// When the request came.
    pub now: Timestamp,
}

/// What is asked for, as far as conditions can see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) session: &'a str,
    pub(super) external_id: Option<&'a str>,
    pub(super) source_identity: Option<&'a str>,
    pub(super) tags: &'a BTreeMap<Box<str>, Box<str>>,
    pub(super) transitive: &'a BTreeSet<Box<str>>,
    pub(super) vouched: Option<&'a Vouched>,
}

/// The context of one call about one role.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssumeContext<'a> {
    pub(super) request: RequestContext<'a>,
    pub(super) asked: Asked<'a>,
    pub(super) role: &'a Role,
}

impl<'a> Surroundings<'a> {
    pub(super) fn facts(
        &self,
        principal: &'a Principal,
        role: &'a Role,
        query: &'a Query,
    ) -> Facts<'a> {
        Facts {
            peer: self.peer,
            tls: self.tls,
            now: self.now,
            auth: self.auth,
            signature_age_ms: None,
            content_sha256: None,
            headers: self.headers,
            query,
            listing: Listing::No,
            version_id: None,
            copy_source: None,
            principal,
            owner: role.account.id,
            owner_membership: role.account.membership.as_ref(),
            region: self.region,
            creates_object: None,
            object_tags: Stored::None,
            body: Stored::None,
        }
    }
}

impl Context for AssumeContext<'_> {
    fn lookup(&self, key: &Key) -> Lookup<'_> {
        let asked = &self.asked;
        match key {
            Key::StsRoleSessionName => Lookup::text(asked.session),
            Key::StsExternalId => Lookup::optional(asked.external_id),
            Key::StsSourceIdentity => Lookup::optional(asked.source_identity),
            Key::StsTransitiveTagKeys => many(asked.transitive.iter()),
            Key::TagKeys => many(asked.tags.keys()),
            Key::RequestTag(name) => tag(asked.tags, name),
            Key::ResourceTag(name) => tag(&self.role.tags, name),
            Key::Claim(name) => match asked.vouched {
                Some(vouched) => claim(vouched, name),
                None => self.request.lookup(key),
            },
            _ => self.request.lookup(key),
        }
    }
}

fn many<'t>(texts: impl Iterator<Item = &'t Box<str>>) -> Lookup<'t> {
    let values: Vec<_> = texts.map(|text| Value::Text((&**text).into())).collect();
    match values.is_empty() {
        true => Lookup::Absent,
        false => Lookup::Many(values),
    }
}

/// Keys of tags ignore case here, as AWS's do.
fn tag<'t>(tags: &'t BTreeMap<Box<str>, Box<str>>, name: &str) -> Lookup<'t> {
    let mut all = tags.iter();
    let found = all.find(|(key, _)| key.to_lowercase() == name.to_lowercase());
    Lookup::optional(found.map(|(_, value)| &**value))
}

fn claim<'t>(vouched: &'t Vouched, name: &str) -> Lookup<'t> {
    let mut all = vouched.claims.iter();
    let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
    match found.map(|(_, values)| values.as_slice()) {
        None | Some([]) => Lookup::Absent,
        Some([one]) => Lookup::text(&**one),
        Some(several) => many(several.iter()),
    }
}
