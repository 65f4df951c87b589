//! What admission decides from: one immutable set of rules per snapshot, and the facts of one arrival.

use super::refuse;
use super::rego::Guardrails;
use crate::context::TlsVersion;
use crate::controls::lock::LockTime;
use crate::controls::settings::{AccountSettings, BucketSettings, SettingKind};
use crate::identity::{Account, Caller, Directory, Membership};
use crate::policy::{Mode, Pattern, Policy, PolicySet};
use crate::request::Hosts;
use crate::s3::answer::S3Error;
use crate::s3::names::{AccountId, BucketName, Target};
use crate::s3::operations::{Operation, OperationId};
use crate::s3::profiles::Profile;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Everything decisions are made from. Parts are shared, so that a snapshot with one part changed is cheap to make.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Accounts, callers and keys.
    pub directory: Arc<Directory>,
    /// The upstreams and their buckets.
    pub routes: Arc<Routes>,
    /// What files say of buckets; it goes before what is stored.
    pub files: Arc<HashMap<BucketName, BucketSettings>>,
    /// What files say of accounts, likewise.
    pub account_files: Arc<HashMap<AccountId, AccountSettings>>,
    /// What is stored of accounts.
    pub accounts: Arc<HashMap<AccountId, AccountSettings>>,
    /// Resource-control documents on what belongs to no account that is known here.
    pub guardrails: Arc<PolicySet>,
    /// Guardrails in Rego; `None` without any, and then they cost nothing.
    pub rego: Option<Arc<dyn Guardrails>>,
    /// What the store knows of buckets; `None` without a store.
    pub buckets: Option<Arc<HashMap<BucketName, BucketRecord>>>,
    /// Which policies and identities these are: 12 hexadecimal digits. Empty if they come from no files.
    pub revision: Arc<str>,
    /// What is evaluated beside the policies in force. `None`: nothing is in shadow, and nothing is asked twice. Set by
    /// [`Rules::with_shadow`].
    pub shadow: Option<Arc<Shadow>>,
}

/// What is evaluated beside the policies in force, and decides nothing.
#[derive(Debug, Default)]
pub struct Shadow {
    /// Bucket policies that would take the place of those in force, by bucket.
    pub candidates: HashMap<BucketName, Arc<Policy>>,
    /// Guardrails in Rego.
    pub rego: Option<Arc<dyn Guardrails>>,
}

impl Rules {
    /// The upstream of a target; `None` for the service and an account. No upstream has access points or directory
    /// buckets, and what AWS would take for one must not reach it under a bucket's name.
    pub(super) fn route(&self, target: &Target) -> Result<Option<usize>, S3Error> {
        if target.access_point_arn().is_some() || target.is_reserved() {
            return Err(refuse::no_bucket_of_ours());
        }
        let Some(bucket) = target.bucket_name() else {
            return Ok(None);
        };
        self.routes
            .find(bucket)
            .map(Some)
            .ok_or_else(|| refuse::no_such_bucket(target))
    }

    /// The same rules with these beside them. This is where policies in shadow are looked for: once, so that requests
    /// pay nothing where there are none.
    pub fn with_shadow(mut self, shadow: Shadow) -> Self {
        let some = !shadow.candidates.is_empty() || shadow.rego.is_some();
        let shadowing = some || self.documents().any(is_in_shadow);
        self.shadow = shadowing.then(|| Arc::new(shadow));
        self
    }

    /// Every policy of every layer.
    fn documents(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let directory = &self.directory;
        let accounts = directory.accounts.values().flat_map(|account| {
            let levels = account.service_control.iter();
            levels.chain([&account.resource_control])
        });
        let keys = directory.keys.values().map(|key| &key.caller);
        let callers = directory.callers.values().chain(keys).flat_map(|caller| {
            let caps = caller.boundary.iter().chain(&caller.session_policy);
            caller.policies.documents().iter().chain(caps)
        });
        let sets = accounts.chain([&*self.guardrails]);
        let sets = sets.flat_map(|set| set.documents());
        let files = self.files.values().filter_map(BucketSettings::policy);
        files.chain(sets).chain(callers)
    }

    /// The policy that would take the place of the bucket's.
    pub(super) fn candidate(&self, bucket: &str) -> Option<&Arc<Policy>> {
        self.shadow.as_ref()?.candidates.get(bucket)
    }

    /// The resource-control documents on what an account owns.
    pub fn guardrails_of(&self, owner: AccountId) -> &PolicySet {
        let account = self.directory.accounts.get(&owner);
        account.map_or(&self.guardrails, |account| &account.resource_control)
    }

    /// The place of an account in an organisation, if it is known here and in one.
    pub(super) fn membership_of(&self, account: AccountId) -> Option<&Membership> {
        self.directory.accounts.get(&account)?.membership.as_ref()
    }

    /// The account of the bucket's owner.
    pub(super) fn owner_account(
        &self,
        target: &Target,
        route: Option<usize>,
    ) -> Option<Arc<Account>> {
        let route = route.and_then(|position| self.routes.get(position))?;
        let owner = self.owner_of(target.bucket_name()?, route);
        self.directory.accounts.get(&owner).cloned()
    }

    /// Whether the bucket that an operation creates is its creator's.
    pub(super) fn records_creator(&self, operation: &Operation) -> bool {
        operation.id == OperationId::CreateBucket && self.buckets.is_some()
    }

    /// The account that owns a bucket: as recorded when it was created here, else the upstream's.
    pub fn owner_of(&self, bucket: &str, route: &Route) -> AccountId {
        let recorded = self
            .buckets
            .as_ref()
            .and_then(|buckets| buckets.get(bucket));
        recorded.map_or(route.owner, |record| record.owner)
    }
}

fn is_in_shadow(policy: &Arc<Policy>) -> bool {
    match policy.mode() {
        Mode::Shadow => true,
        Mode::Enforce => false,
    }
}

impl Routes {
    /// The upstream that holds this bucket, by the first pattern that matches, else the default one; its position
    /// names it in a [`super::Permit`].
    pub fn find(&self, bucket: &str) -> Option<usize> {
        let named = self
            .0
            .iter()
            .position(|route| route.buckets.iter().any(|pattern| pattern.matches(bucket)));
        named.or_else(|| self.0.iter().position(|route| route.default))
    }

    /// The regions that a signature for this bucket may name, the expected one first; of every upstream for the service
    /// and for a bucket that none holds.
    pub(super) fn regions(&self, bucket: Option<&str>) -> Vec<&str> {
        match bucket
            .and_then(|bucket| self.find(bucket))
            .and_then(|position| self.get(position))
        {
            Some(route) => vec![&route.region],
            None => self.0.iter().map(|route| &*route.region).collect(),
        }
    }

    /// The upstream at a position.
    pub fn get(&self, position: usize) -> Option<&Route> {
        self.0.get(position)
    }
}

/// What the store knows of one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRecord {
    /// The account that created it.
    pub owner: AccountId,
    /// Grows with every creation of a bucket of this name; settings and object records belong to one incarnation.
    pub incarnation: u64,
    /// When.
    pub created: jiff::Timestamp,
    /// The name of the upstream that holds it.
    pub upstream: Arc<str>,
    /// What was set on it since.
    pub settings: Arc<BucketSettings>,
}

/// Which upstream holds which bucket.
#[derive(Debug, Default)]
pub struct Routes(pub Vec<Route>);

/// One upstream as admission sees it; its position in [`Routes`] names it in a [`super::Permit`].
#[derive(Debug)]
pub struct Route {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// The account that owns its buckets, but for those that others created through the gateway.
    pub owner: AccountId,
    /// The region that clients sign for.
    pub region: Box<str>,
    /// What it may be sent.
    pub profile: &'static Profile,
    /// Which buckets it holds.
    pub buckets: Vec<Pattern>,
    /// Takes the buckets that match no pattern.
    pub default: bool,
    /// How bodies go there.
    pub chunks: Chunks,
    /// Settings of its buckets that are the store's own: calls on them are authorised and sent on, and the gateway has none.
    pub theirs: Vec<SettingKind>,
    /// Whether the store is told of locks.
    pub locks: Locks,
}

/// Who keeps locks on the objects of an upstream. The gateway always does; it decides by its own records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Locks {
    /// The gateway alone.
    #[default]
    Here,
    /// The store as well: it gets every lock, and so keeps it against those who come around the gateway, too.
    Passed,
}

/// How the bytes of objects and parts go to an upstream whose SHA-256 the client did not say beforehand: those that came in
/// chunks, signed or not, and `UNSIGNED-PAYLOAD`. Whichever it is, they have been verified as far as the client's word goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chunks {
    /// Plain; where the client put a checksum behind them, in chunks with that behind them if the store takes it there.
    #[default]
    Passed,
    /// Plain.
    Plain,
    /// In chunks with a checksum behind them: the client's, or one of the gateway's own behind a whole object that came
    /// without any.
    Trailer,
    /// In chunks that are signed with the upstream's key.
    Signed,
}

/// What admission must know of the listener a request came through.
#[derive(Debug, Default)]
pub struct ListenerRules {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// Under which names it is reached.
    pub hosts: Hosts,
    /// Set: every request is this caller's, and presented credentials are ignored.
    pub principal: Option<Arc<Caller>>,
    /// What becomes of a request that nothing allows.
    pub decision: DecisionMode,
}

/// What becomes of a request of an authenticated caller that nothing denies, and nothing allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum DecisionMode {
    /// It is refused.
    #[default]
    Enforce,
    /// It passes, and its record says what enforcement would have answered.
    Observe,
}

impl DecisionMode {
    /// As in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// The facts of one arrival, beside its head.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Where it came in.
    pub listener: &'a ListenerRules,
    /// The decision id, which is also `x-amz-request-id`.
    pub id: &'a str,
    /// When it came.
    pub now: jiff::Timestamp,
    /// The same as locks of objects see it.
    pub lock_time: LockTime,
    /// The socket's peer; loopback for a Unix socket.
    pub peer: IpAddr,
    /// `None` on a plain connection.
    pub tls: Option<TlsVersion>,
}

/// How a request was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    /// No credentials were presented.
    Anonymous,
    /// `Authorization` header.
    Header,
    /// Query parameters.
    Presigned,
    /// The fields of a form.
    Form,
    /// By the listener's fixed principal.
    Listener,
}
