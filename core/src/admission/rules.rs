//! What admission decides from: one immutable set of rules per snapshot, and the facts of one arrival.

use crate::identity::{Caller, Directory};
use crate::policy::Policy;
use crate::request::Hosts;
use crate::s3::names::{AccountId, BucketName};
use crate::s3::profiles::Profile;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Everything decisions are made from. Built once per snapshot.
#[derive(Debug)]
pub struct Rules {
    pub directory: Directory,
    pub routes: Routes,
    /// Bucket policies by bucket.
    pub policies: HashMap<BucketName, Arc<Policy>>,
    /// Documents that only narrow, for every request.
    pub guardrails: Vec<Arc<Policy>>,
    /// What the store knows of buckets; empty without a store.
    pub buckets: Arc<HashMap<BucketName, BucketRecord>>,
}

/// What the store knows of one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRecord {
    pub owner: AccountId,
    /// Grows with every creation of a bucket of this name; settings and object records belong to one incarnation.
    pub incarnation: u64,
    pub created: jiff::Timestamp,
    /// The name of the upstream that holds it.
    pub upstream: Box<str>,
}

/// Which upstream holds which bucket.
#[derive(Debug, Default)]
pub struct Routes(pub Vec<Route>);

/// One upstream as admission sees it; its position in [`Routes`] names it in a [`super::Permit`].
#[derive(Debug)]
pub struct Route {
    pub name: Box<str>,
    pub owner: AccountId,
    pub region: Box<str>,
    pub profile: &'static Profile,
    /// Bucket patterns: `*` any run, `?` one character.
    pub buckets: Vec<Box<str>>,
    /// Takes the buckets that match no pattern.
    pub default: bool,
}

/// What admission must know of the listener a request came through.
#[derive(Debug, Default)]
pub struct ListenerRules {
    pub name: Box<str>,
    pub hosts: Hosts,
    /// Set: every request is this caller's, and presented credentials are ignored.
    pub principal: Option<Arc<Caller>>,
}

/// The facts of one arrival, beside its head.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub listener: &'a ListenerRules,
    /// The decision id, which is also `x-amz-request-id`.
    pub id: &'a str,
    pub now: jiff::Timestamp,
    /// The socket's peer; loopback for a Unix socket.
    pub peer: IpAddr,
    /// `None` on a plain connection.
    pub tls: Option<TlsVersion>,
}

/// The TLS version of the client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

/// How a request was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    Anonymous,
    /// `Authorization` header.
    Header,
    /// Query parameters.
    Presigned,
    /// By the listener's fixed principal.
    Listener,
}
