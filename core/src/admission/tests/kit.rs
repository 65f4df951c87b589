//! A small world to ask in: two accounts, two stores, every kind of caller; and a client that signs.

use super::portcullis::admission::rego::Guardrails;
use super::portcullis::admission::{
    Admission, Arrival, BucketRecord, Chunks, DecisionMode, Found, Hold, Labels, ListenerRules,
    Locks, Missing, Outcome, Permit, RecordOf, Route, Routes, Rules, Shadow, admit, refuse_form,
};
use super::portcullis::controls::lock::LockTime;
use super::portcullis::controls::objects::ObjectRecord;
use super::portcullis::controls::settings::{
    AccountSettings, BucketSettings, Setting, SettingKind,
};
use super::portcullis::document;
use super::portcullis::form::{Boundary, FormError, FormReader, Progress};
use super::portcullis::identity::{
    AccessKey, AccessKeyId, Account, Caller, CallerKind, Directory, SecretKey,
};
use super::portcullis::policy::{Mode, Origin, Pattern, Policy, PolicyKind};
use super::portcullis::request::{Head, Hosts, Query, encode_query_component};
use super::portcullis::s3::answer::{Answer, S3Error};
use super::portcullis::s3::names::{AccountId, BucketName};
use super::portcullis::s3::operations::{
    Level, Mark, OPERATIONS, Operation, OperationId, PayloadKind,
};
use super::portcullis::s3::profiles::Profile;
use super::portcullis::sigv4::{Scope, SigningKey, presented, string_to_sign};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use md5::{Digest, Md5};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

/// When everything happens.
pub(crate) const NOW: &str = "2026-03-04T05:06:07Z";
/// Owns the buckets `acme-*` and `demo-*`, which lie on a store of profile `aws` in eu-central-1.
pub(crate) const ACME: &str = "111111111111";
/// Owns the buckets `partner-*`, which lie on a store of profile `s3s` in us-east-1.
pub(crate) const PARTNER: &str = "222222222222";

const ALL: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
/// And what some settings of buckets take beside S3's own actions.
const ADMIN: &str =
    r#"{"Effect":"Allow","Action":["s3:*","iam:PassRole","s3tables:*"],"Resource":"*"}"#;
const READ: &str = r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}"#;
/// One's own folder, as the IAM manual writes it.
const HOME: &str = r#"
    {"Effect":"Allow","Action":["s3:*Object","s3:*ObjectVersion","s3:*Multipart*"],
     "Resource":"arn:aws:s3:::*/home/${aws:username}/*"},
    {"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",
     "Condition":{"StringLike":{"s3:prefix":"home/${aws:username}/*"}}}"#;

/// Name, account, kind, statements of the identity policy, of the boundary, of the session policy.
#[rustfmt::skip]
const CALLERS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("root", ACME, "root", "", "", ""),
    ("admin", ACME, "user", ADMIN, "", ""),
    ("reader", ACME, "user", READ, "", ""),
    ("home", ACME, "user", HOME, "", ""),
    ("nobody", ACME, "user", "", "", ""),
    ("careful", ACME, "user", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},
        {"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#, "", ""),
    ("bounded", ACME, "user", ALL, r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
        {"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#, ""),
    ("run", ACME, "role", ALL, "", r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
        {"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#),
    ("inactive", ACME, "user", ALL, "", ""),
    ("app", ACME, "role", r#"{"Effect":"Allow","Resource":"*","Action":
        ["s3:GetObject","s3:PutObject","s3:ListBucket","s3:DeleteObject"]}"#, "", ""),
    ("copier", ACME, "user", r#"{"Effect":"Allow","Action":"s3:PutReplicationConfiguration","Resource":"*"},
        {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/copy-*"}"#, "", ""),
    ("partner", PARTNER, "user", ALL, "", ""),
    ("partner-root", PARTNER, "root", "", "", ""),
    ("partner-nobody", PARTNER, "user", "", "", ""),
];

/// Bucket and the statements of its policy.
#[rustfmt::skip]
const POLICIES: &[(&str, &str)] = &[
    ("acme-public", r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:GetObjectVersion"],
            "Resource":"arn:aws:s3:::acme-public/*"},
        {"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-public",
            "Condition":{"StringLike":{"s3:prefix":"shown/*"}}}"#),
    ("acme-open", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::acme-open","arn:aws:s3:::acme-open/*"]}"#),
    ("acme-shared", r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:*",
        "Resource":["arn:aws:s3:::acme-shared","arn:aws:s3:::acme-shared/*"]}"#),
    ("acme-guarded", r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject",
        "Resource":"arn:aws:s3:::acme-guarded/*"}"#),
    ("partner-open", r#"{"Effect":"Allow","Principal":"*","Action":"s3:*",
        "Resource":["arn:aws:s3:::partner-open","arn:aws:s3:::partner-open/*"]}"#),
];

/// Nobody deletes this bucket.
const GUARDRAIL: &str = r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket",
    "Resource":"arn:aws:s3:::acme-kept"}"#;

/// The rules, and two listeners: an ordinary one, and one on which everybody is the role session `app`.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) ordinary: ListenerRules,
    pub(crate) fixed: ListenerRules,
    /// What is stored with objects, by bucket, key and query of the look-up.
    tags: BTreeMap<String, Vec<(String, String)>>,
    /// What may be on record of objects, by bucket, key and version.
    records: BTreeMap<String, Vec<Option<ObjectRecord>>>,
    /// The look-ups so far.
    looked_up: Mutex<Vec<String>>,
    held: Mutex<Vec<Hold>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = directory();
        let hosts = Hosts(vec!["s3.example.com".into()]);
        let app = &directory.keys["AKIAAPP"].caller;
        let fixed = ListenerRules {
            name: "sidecar".into(),
            hosts: hosts.clone(),
            principal: Some(app.clone()),
            decision: DecisionMode::Enforce,
        };
        Self {
            rules: Rules {
                directory: Arc::new(directory),
                routes: Arc::new(Routes(routes())),
                files: Arc::new(
                    POLICIES
                        .iter()
                        .map(|(name, text)| bucket(name, text))
                        .collect(),
                ),
                account_files: Arc::default(),
                accounts: Arc::default(),
                guardrails: Arc::default(),
                rego: None,
                buckets: Some(Arc::default()),
                shadow: None,
                revision: Arc::default(),
            },
            ordinary: ListenerRules {
                name: "main".into(),
                hosts,
                principal: None,
                decision: DecisionMode::Enforce,
            },
            fixed,
            tags: BTreeMap::new(),
            records: BTreeMap::new(),
            looked_up: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// The same world, in which the store knows this bucket's owner.
    pub(crate) fn recording(self, bucket: &str, owner: &str) -> Self {
        self.keeping(bucket, owner, BucketSettings::default())
    }

    /// The same world, in which the store keeps this bucket with its settings.
    pub(crate) fn keeping(mut self, bucket: &str, owner: &str, settings: BucketSettings) -> Self {
        let record = BucketRecord {
            owner: account(owner),
            incarnation: 1,
            created: now(),
            upstream: "one".into(),
            settings: Arc::new(settings),
        };
        let name = BucketName::parse(bucket).unwrap();
        self.rules.buckets = Some(Arc::new(HashMap::from([(name, record)])));
        self
    }

    /// The same world, in which the store keeps settings of an account.
    pub(crate) fn with_account(mut self, id: &str, settings: AccountSettings) -> Self {
        Arc::make_mut(&mut self.rules.accounts).insert(account(id), settings);
        self
    }

    /// The same world, in which files have settings of an account.
    pub(crate) fn with_account_file(mut self, id: &str, settings: AccountSettings) -> Self {
        Arc::make_mut(&mut self.rules.account_files).insert(account(id), settings);
        self
    }

    /// The same world, in which the upstream of this account's buckets keeps such settings itself.
    pub(crate) fn leaving(mut self, upstream: &str, kinds: &[SettingKind]) -> Self {
        let mut all = routes();
        let at = usize::from(upstream == "partner");
        all[at].theirs = kinds.to_vec();
        self.rules.routes = Arc::new(Routes(all));
        self
    }

    /// The same world, in which the stores are told of locks.
    pub(crate) fn passing_locks(mut self) -> Self {
        let mut all = routes();
        for route in &mut all {
            route.locks = Locks::Passed;
        }
        self.rules.routes = Arc::new(Routes(all));
        self
    }

    /// The same world, guarded by Rego.
    pub(crate) fn with_rego(mut self, rego: Arc<dyn Guardrails>) -> Self {
        self.rules.rego = Some(rego);
        self
    }

    /// The same world, in which a bucket has this policy.
    pub(crate) fn with_policy(mut self, name: &str, statements: &str) -> Self {
        let (name, settings) = bucket(name, statements);
        Arc::make_mut(&mut self.rules.files).insert(name, settings);
        self
    }

    /// The same world, in which a bucket's policy is in shadow.
    pub(crate) fn with_policy_in_shadow(mut self, name: &str, statements: &str) -> Self {
        let name = BucketName::parse(name).unwrap();
        let policy = in_shadow(statements, PolicyKind::Bucket(&name));
        let settings = BucketSettings::default().with(Setting::Policy(policy.into()));
        Arc::make_mut(&mut self.rules.files).insert(name, settings);
        self.rules = self.rules.with_shadow(Shadow::default());
        self
    }

    /// The same world, in which a policy waits to take the place of a bucket's.
    pub(crate) fn with_candidate(mut self, name: &str, statements: &str) -> Self {
        let (name, settings) = bucket(name, statements);
        let candidates = HashMap::from([(name, settings.policy().unwrap().clone())]);
        self.rules = self.rules.with_shadow(Shadow {
            candidates,
            ..Shadow::default()
        });
        self
    }

    /// The same world, in which a caller's policies are changed.
    pub(crate) fn with_caller(mut self, name: &str, change: impl FnOnce(&mut Caller)) -> Self {
        let directory = Arc::get_mut(&mut self.rules.directory).unwrap();
        let key = directory.keys.get_mut(&*access_key(name)).unwrap();
        change(Arc::get_mut(&mut key.caller).unwrap());
        self.rules = self.rules.with_shadow(Shadow::default());
        self
    }

    /// The same world, in which this is a guardrail of the first account that decides nothing yet.
    pub(crate) fn with_guardrail_in_shadow(mut self, statements: &str) -> Self {
        let directory = Arc::get_mut(&mut self.rules.directory).unwrap();
        let mut acme = Account::new(account(ACME), ACME, "acme");
        let policy = in_shadow(statements, PolicyKind::Guardrail);
        acme.resource_control = vec![policy].into();
        directory.accounts.insert(acme.id, Arc::new(acme));
        self.rules = self.rules.with_shadow(Shadow::default());
        self
    }

    /// The same world, whose listeners observe.
    pub(crate) fn observing(mut self) -> Self {
        self.ordinary.decision = DecisionMode::Observe;
        self.fixed.decision = DecisionMode::Observe;
        self
    }

    /// The same world with one tag on an object, named as the look-up asks for it: `bucket/key?tagging=`.
    pub(crate) fn with_tag(mut self, object: &str, key: &str, value: &str) -> Self {
        let tag = (key.to_owned(), value.to_owned());
        self.tags.entry(object.to_owned()).or_default().push(tag);
        self
    }

    /// The same world with what may be on record of an object, named as `bucket/key` or `bucket/key?version`.
    pub(crate) fn with_record(mut self, object: &str, possible: &[Option<ObjectRecord>]) -> Self {
        self.records.insert(object.to_owned(), possible.to_vec());
        self
    }

    /// What may be on record of an object, named as in [`World::with_record`].
    pub(crate) fn on_record(&self, name: &str) -> Vec<Option<ObjectRecord>> {
        let found = self.records.get(name).cloned();
        found.unwrap_or_else(|| vec![None])
    }

    /// How the records were held that were looked up since this was last asked.
    pub(crate) fn held(&self) -> Vec<Hold> {
        std::mem::take(&mut self.held.lock().unwrap())
    }

    fn find_record(&self, of: &RecordOf) -> Found {
        self.held.lock().unwrap().push(of.hold);
        let version = of.version.as_ref().map(|version| format!("?{version}"));
        let name = format!(
            "{}/{}{}",
            of.bucket.as_str(),
            of.key,
            version.unwrap_or_default()
        );
        self.looked_up
            .lock()
            .unwrap()
            .push(format!("record of {name}"));
        Found::Record(self.on_record(&name))
    }

    /// What was looked up since this was last asked.
    pub(crate) fn looked_up(&self) -> Vec<String> {
        std::mem::take(&mut self.looked_up.lock().unwrap())
    }

    fn look_up(&self, permit: &Permit) -> Found {
        let (bucket, key, query) = (permit.bucket(), permit.key(), permit.query());
        let asked = format!("{bucket}/{key}?{query}");
        let tags = self.tags.get(&asked).cloned().unwrap_or_default();
        self.looked_up.lock().unwrap().push(asked);
        Found::Tags(tags)
    }

    /// The same world without a store.
    pub(crate) fn without_store(mut self) -> Self {
        self.rules.buckets = None;
        self
    }

    /// Asks through the ordinary listener, at [`NOW`], and brings the body if it is needed.
    pub(crate) fn ask(&self, ask: &Ask) -> Admission {
        self.ask_through(&self.ordinary, now(), ask)
    }

    /// Asks through the listener with the fixed principal.
    pub(crate) fn ask_fixed(&self, ask: &Ask) -> Admission {
        self.ask_through(&self.fixed, now(), ask)
    }

    pub(crate) fn ask_at(&self, at: Timestamp, ask: &Ask) -> Admission {
        self.ask_through(&self.ordinary, at, ask)
    }

    fn ask_through(&self, listener: &ListenerRules, at: Timestamp, ask: &Ask) -> Admission {
        let arrival = Arrival {
            listener,
            id: "ID",
            now: at,
            lock_time: LockTime::certain(at),
            peer: [192, 0, 2, 1].into(),
            tls: None,
        };
        let mut admission = admit(&self.rules, &ask.head(), &arrival);
        while let Outcome::Need(waiting) = admission.outcome {
            let found = match waiting.missing() {
                Missing::Body(_) => Found::Body(ask.body.clone()),
                Missing::Form(boundary) => match read_form(boundary, &ask.body) {
                    Ok(found) => found,
                    Err(error) => return Admission::refused(refuse_form(&error)),
                },
                Missing::Tags(permit) => self.look_up(permit),
                Missing::Record(record) => self.find_record(record),
            };
            admission = waiting.resume(&self.rules, &ask.head(), &arrival, found);
        }
        admission
    }

    /// The error a request is answered with.
    #[track_caller]
    pub(crate) fn refusal(&self, ask: &Ask) -> S3Error {
        refusal(self.ask(ask))
    }

    /// The permit of a request that must have one.
    #[track_caller]
    pub(crate) fn permit(&self, ask: &Ask) -> Permitted {
        permit(self.ask(ask))
    }
}

#[track_caller]
pub(crate) fn refusal(admission: Admission) -> S3Error {
    match admission.outcome {
        Outcome::Answer(Answer::Error(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

/// A permit and what the record says of its request.
#[derive(Debug)]
pub(crate) struct Permitted {
    permit: Box<Permit>,
    pub(crate) labels: Labels,
}

impl std::ops::Deref for Permitted {
    type Target = Permit;

    fn deref(&self) -> &Permit {
        &self.permit
    }
}

#[track_caller]
pub(crate) fn permit(admission: Admission) -> Permitted {
    match admission.outcome {
        Outcome::Forward(permit) => Permitted {
            permit,
            labels: admission.labels,
        },
        other => panic!("not permitted: {other:?}"),
    }
}

/// `pass`, or the code of the error.
pub(crate) fn verdict(admission: &Admission) -> &'static str {
    match &admission.outcome {
        Outcome::Forward(_) => "pass",
        Outcome::Need(_) => "need",
        Outcome::Answer(Answer::Error(error)) => error.code.name(),
        Outcome::Answer(Answer::Success(_)) => "success",
    }
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn directory() -> Directory {
    directory_with(|_| ())
}

/// The same accounts and callers with something changed about the accounts.
pub(crate) fn directory_with(change: impl Fn(&mut Account)) -> Directory {
    let mut directory = Directory::default();
    for (id, name) in [(ACME, "acme"), (PARTNER, "partner")] {
        let mut account = Account::new(account(id), id.repeat(6).get(..64).unwrap(), name);
        account.resource_control = vec![compile(GUARDRAIL, PolicyKind::Guardrail)].into();
        change(&mut account);
        directory.accounts.insert(account.id, Arc::new(account));
    }
    for (name, account_id, kind, policy, boundary, session) in CALLERS {
        let id = access_key(name);
        let caller = Arc::new(Caller {
            account: directory.accounts[&account(account_id)].clone(),
            kind: match *kind {
                "root" => CallerKind::Root,
                "user" => CallerKind::User {
                    name: (*name).into(),
                },
                _ => CallerKind::RoleSession {
                    role: (*name).into(),
                    session: "s1".into(),
                },
            },
            arn: match *kind {
                "root" => format!("arn:aws:iam::{account_id}:root"),
                "user" => format!("arn:aws:iam::{account_id}:user/{name}"),
                _ => format!("arn:aws:sts::{account_id}:assumed-role/{name}/s1"),
            }
            .into(),
            principal_arn: match *kind {
                "root" => format!("arn:aws:iam::{account_id}:root"),
                kind => format!("arn:aws:iam::{account_id}:{kind}/{name}"),
            }
            .into(),
            user_id: id.clone().into(),
            tags: BTreeMap::new(),
            provider: None,
            policies: optional(policy, PolicyKind::Identity).into_iter().collect(),
            boundary: optional(boundary, PolicyKind::Boundary),
            session_policy: optional(session, PolicyKind::Session),
            session: None,
        });
        let key = AccessKey {
            id: AccessKeyId(id.clone().into()),
            secret: SecretKey::new(secret(&id)),
            active: *name != "inactive",
            caller,
        };
        directory.keys.insert(id.into(), key);
    }
    directory
}

fn routes() -> Vec<Route> {
    let patterns = |patterns: &[&str]| patterns.iter().copied().map(Pattern::new).collect();
    vec![
        Route {
            name: "one".into(),
            owner: account(ACME),
            region: "eu-central-1".into(),
            profile: Profile::find("aws").unwrap(),
            buckets: patterns(&["acme-*", "demo-*"]),
            default: false,
            chunks: Chunks::default(),
            theirs: Vec::new(),
            locks: Locks::Here,
        },
        Route {
            name: "two".into(),
            owner: account(PARTNER),
            region: "us-east-1".into(),
            profile: Profile::find("s3s").unwrap(),
            buckets: patterns(&["partner-*"]),
            default: false,
            chunks: Chunks::default(),
            theirs: Vec::new(),
            locks: Locks::Here,
        },
    ]
}

fn bucket(name: &str, statements: &str) -> (BucketName, BucketSettings) {
    let name = BucketName::parse(name).unwrap();
    let policy = compile(statements, PolicyKind::Bucket(&name));
    let settings = BucketSettings {
        policy: Some(policy.into()),
        ..BucketSettings::default()
    };
    (name, settings)
}

fn optional(statements: &str, kind: PolicyKind<'_>) -> Option<Arc<Policy>> {
    (!statements.is_empty()).then(|| compile(statements, kind))
}

pub(crate) fn compile(statements: &str, kind: PolicyKind<'_>) -> Arc<Policy> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let origin = Arc::new(Origin {
        source: "kit".into(),
    });
    let node = document::json(&text).unwrap();
    Arc::new(Policy::compile(&node, kind, origin).unwrap().policy)
}

/// A policy that decides nothing yet.
pub(crate) fn in_shadow(statements: &str, kind: PolicyKind<'_>) -> Arc<Policy> {
    let policy = Arc::into_inner(compile(statements, kind)).unwrap();
    Arc::new(policy.in_mode(Mode::Shadow))
}

fn access_key(name: &str) -> String {
    format!("AKIA{}", name.to_uppercase().replace('-', ""))
}

fn secret(access_key: &str) -> String {
    format!("secret of {access_key}")
}

fn read_form(boundary: &Boundary, body: &[u8]) -> Result<Found, FormError> {
    let mut reader = FormReader::new(boundary.clone());
    for piece in body.chunks(100) {
        if let Progress::File { form, before, .. } = reader.feed(piece)? {
            return Ok(Found::Form { form, before });
        }
    }
    Err(reader.unfinished())
}

/// One request, head and body.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The fields of a form, from which its body is made.
    pub(crate) fields: Vec<(String, String)>,
}

impl Ask {
    /// E.g. `GET /bucket/key`.
    pub(crate) fn new(line: &str) -> Self {
        let (method, target) = line.split_once(' ').unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("s3.example.com"));
        Self {
            method: method.parse().unwrap(),
            target: target.into(),
            headers,
            body: Bytes::new(),
            fields: Vec::new(),
        }
    }

    /// A form that uploads five bytes.
    pub(crate) fn form(bucket: &str, key: &str) -> Self {
        Self::new(&format!("POST /{bucket}"))
            .header("content-type", "multipart/form-data; boundary=b")
            .field("key", key)
    }

    /// Sets a field of a form.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self.with_fields()
    }

    /// Takes a field off.
    pub(crate) fn without_field(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.with_fields()
    }

    fn with_fields(self) -> Self {
        let mut body = String::new();
        for (name, value) in &self.fields {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            write!(body, "--b\r\n{head}\r\n\r\n{value}\r\n").unwrap();
        }
        body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\nbytes\r\n--b--\r\n";
        self.body(&body)
    }

    /// The smallest request that an operation takes: everything the row's marks ask for, and no more. `level` is the
    /// path, e.g. `bucket` and `key`.
    pub(crate) fn of(row: &Operation, bucket: &str, key: &str) -> Self {
        let path = match row.level {
            Level::Service => "/".to_owned(),
            Level::Account => "/v20180820/configuration/publicAccessBlock".to_owned(),
            Level::ObjectLambda => "/WriteGetObjectResponse".to_owned(),
            Level::Bucket => format!("/{bucket}"),
            Level::Object => format!("/{bucket}/{key}"),
        };
        if row.id == OperationId::PostObject {
            return Self::form(bucket, key);
        }
        let mut ask = Self::new(&format!("{} {path}", row.method));
        ask = match row.level {
            Level::Account => ask.header("x-amz-account-id", ACME),
            Level::ObjectLambda => ask.header("x-amz-request-route", "r"),
            Level::Service | Level::Bucket | Level::Object => ask,
        };
        for mark in row.marks {
            ask = match mark {
                Mark::Query(name @ ("uploadId" | "partNumber" | "id" | "annotationName")) => {
                    ask.query(name, "1")
                }
                Mark::Query(name) => ask.query(name, ""),
                Mark::QueryValue(name, value) => ask.query(name, value),
                Mark::Header("x-amz-copy-source") => {
                    ask.header("x-amz-copy-source", &format!("{bucket}/home/home/source"))
                }
                Mark::Header(name) => ask.header(name, "1"),
                Mark::ContentType(kind) => ask.header("content-type", kind),
            };
        }
        match (row.payload, row.id) {
            (PayloadKind::None, _) | (_, OperationId::CreateBucket) => ask,
            (PayloadKind::Stream, _) => ask.header("content-length", "5"),
            (PayloadKind::Document(_), OperationId::DeleteObjects) => {
                ask.document(&delete(&[key, "elsewhere"]))
            }
            (PayloadKind::Document(_), OperationId::PutBucketPolicy) => {
                ask.document(&harmless_policy(bucket))
            }
            (_, OperationId::PutBucketAcl | OperationId::PutObjectAcl) => ask
                .header("x-amz-acl", "bucket-owner-full-control")
                .document(""),
            (PayloadKind::Settings(root, _) | PayloadKind::OptionalSettings(root, _), _) => {
                ask.document(&settings(root))
            }
            (PayloadKind::Document(_), _) => {
                ask.body("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>")
            }
        }
    }

    /// Adds a header, beside those of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// Sets a header in place of those of the same name.
    pub(crate) fn instead(mut self, name: &str, value: &str) -> Self {
        self.headers.remove(name);
        self.header(name, value)
    }

    /// Takes a header off.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Adds a query parameter, not encoded.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let mark = if self.target.contains(&b'?') {
            '&'
        } else {
            '?'
        };
        let equals = if value.is_empty() { "" } else { "=" };
        self.target
            .extend_from_slice(format!("{mark}{name}{equals}{value}").as_bytes());
        self
    }

    /// Brings a body and says its length.
    pub(crate) fn body(mut self, text: &str) -> Self {
        self.body = Bytes::copy_from_slice(text.as_bytes());
        let length = self.body.len().to_string();
        self.instead("content-length", &length)
    }

    /// Brings a document and its MD5.
    pub(crate) fn document(self, text: &str) -> Self {
        let md5 = BASE64_STANDARD.encode(Md5::digest(text));
        self.body(text).instead("content-md5", &md5)
    }

    /// Signed in the header by a caller of the world.
    pub(crate) fn signed(self, name: &str) -> Self {
        Signer::of(name).sign(self)
    }

    /// Made a presigned URL by a caller of the world.
    pub(crate) fn presigned(self, name: &str) -> Self {
        Signer::of(name).presign(self)
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            raw_target: &self.target,
            headers: &self.headers,
        }
    }

    fn parsed_query(&self) -> Query {
        let mut halves = self.target.splitn(2, |byte| *byte == b'?');
        halves.next();
        Query::parse(halves.next().unwrap_or_default()).unwrap()
    }
}

/// The document of DeleteObjects.
pub(crate) fn delete(keys: &[&str]) -> String {
    let mut text = "<Delete>".to_owned();
    for key in keys {
        write!(text, "<Object><Key>{key}</Key></Object>").unwrap();
    }
    text + "</Delete>"
}

/// The rows that the world's first store may be sent.
pub(crate) fn sent() -> impl Iterator<Item = &'static Operation> {
    let profile = Profile::find("aws").unwrap();
    OPERATIONS.iter().filter(|row| profile.has(row.id))
}

/// A policy that a bucket may have, and that lets nobody in.
pub(crate) fn harmless_policy(bucket: &str) -> String {
    let deny = r#""Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket""#;
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{{deny},"Resource":"arn:aws:s3:::{bucket}"}}]}}"#
    )
}

/// The smallest document of this root that is read.
pub(crate) fn settings(root: &str) -> String {
    let inside = match root {
        "Tagging" => "<TagSet/>",
        "OwnershipControls" => {
            "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
        }
        "CORSConfiguration" => {
            "<CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
        }
        "ReplicationConfiguration" => "<Role>arn:aws:iam::111111111111:role/copier</Role>",
        "MetadataTableConfiguration" => {
            "<S3TablesDestination><TableBucketArn>arn:aws:s3tables:eu-central-1:111111111111:bucket/tables\
             </TableBucketArn></S3TablesDestination>"
        }
        _ => "",
    };
    format!("<{root}>{inside}</{root}>")
}

/// Who signs, and how.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) key: String,
    pub(crate) secret: String,
    /// `None`: that of the bucket's upstream.
    pub(crate) region: Option<&'static str>,
    pub(crate) service: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) day: Option<&'static str>,
    pub(crate) expires: String,
    /// Headers that are sent but not signed.
    pub(crate) omit: &'static [&'static str],
}

impl Signer {
    pub(crate) fn of(name: &str) -> Self {
        let key = access_key(name);
        Self {
            secret: secret(&key),
            key,
            region: None,
            service: "s3",
            at: now(),
            day: None,
            expires: "600".to_owned(),
            omit: &[],
        }
    }

    /// Signs in the `Authorization` header; every header is signed but those left out.
    pub(crate) fn sign(&self, ask: Ask) -> Ask {
        if !ask.fields.is_empty() {
            return self.sign_form(ask);
        }
        let mut ask = ask;
        if !ask.headers.contains_key("x-amz-content-sha256") {
            ask = ask.header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        }
        let ask = ask.instead("x-amz-date", &self.time());
        let authorization = |signature: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={signature}",
                self.key,
                self.scope(&ask),
                self.signed_headers(&ask),
            )
        };
        let draft = ask
            .clone()
            .header("authorization", &authorization(&"0".repeat(64)));
        let signature = self.signature(&draft);
        ask.clone()
            .header("authorization", &authorization(&signature))
    }

    /// Signs a form: with the policy that it has, or with one that says what it says.
    fn sign_form(&self, ask: Ask) -> Ask {
        let given = ask
            .fields
            .iter()
            .find(|(name, _)| name == "policy")
            .cloned();
        let ask = ask
            .field("x-amz-algorithm", "AWS4-HMAC-SHA256")
            .field("x-amz-credential", "")
            .field("x-amz-date", &self.time());
        let credential = format!("{}/{}", self.key, self.scope(&ask));
        let ask = ask.field("x-amz-credential", &credential);
        let policy = given.map_or_else(|| policy_of(&ask), |(_, policy)| policy);
        let mut scope = credential.rsplitn(5, '/');
        let (_, service, region, date) = (scope.next(), scope.next(), scope.next(), scope.next());
        let scope = Scope {
            date: date.unwrap(),
            region: region.unwrap(),
            service: service.unwrap(),
        };
        let key = SigningKey::derive(&SecretKey::new(self.secret.clone()), &scope);
        let signature = hex(key.sign(&[policy.as_bytes()]).as_ref());
        ask.field("policy", &policy)
            .field("x-amz-signature", &signature)
    }

    /// Makes a presigned URL.
    pub(crate) fn presign(&self, ask: Ask) -> Ask {
        let credential = format!("{}/{}", self.key, self.scope(&ask));
        let signed = self.signed_headers(&ask);
        let draft = ask
            .query("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .query("X-Amz-Credential", &encode_query_component(&credential))
            .query("X-Amz-Date", &self.time())
            .query("X-Amz-Expires", &encode_query_component(&self.expires))
            .query("X-Amz-SignedHeaders", &encode_query_component(&signed));
        let signature = self.signature(&draft.clone().query("X-Amz-Signature", &"0".repeat(64)));
        draft.query("X-Amz-Signature", &signature)
    }

    fn signature(&self, draft: &Ask) -> String {
        let query = draft.parsed_query();
        let head = draft.head();
        let claim = presented(&head, &query).unwrap().unwrap();
        let scope = Scope {
            service: self.service,
            ..claim.scope
        };
        let key = SigningKey::derive(&SecretKey::new(self.secret.clone()), &scope);
        let text = string_to_sign(&head, &query, &claim);
        hex(key.sign(&[text.as_bytes()]).as_ref())
    }

    fn scope(&self, ask: &Ask) -> String {
        let time = self.time();
        let day = self.day.unwrap_or(time.split('T').next().unwrap());
        let region = self.region.unwrap_or(region_of(ask));
        format!("{day}/{region}/{}/aws4_request", self.service)
    }

    fn time(&self) -> String {
        self.at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    fn signed_headers(&self, ask: &Ask) -> String {
        let mut names: Vec<&str> = ask.headers.keys().map(HeaderName::as_str).collect();
        names.retain(|name| *name != "authorization" && !self.omit.contains(name));
        names.sort_unstable();
        names.join(";")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A policy document with these conditions, as a form holds it.
pub(crate) fn form_policy(expiration: &str, conditions: &str) -> String {
    let text = format!(r#"{{"expiration":"{expiration}","conditions":[{conditions}]}}"#);
    BASE64_STANDARD.encode(text)
}

fn policy_of(ask: &Ask) -> String {
    let condition = |(name, value): &(String, String)| {
        let value = serde_json::Value::from(value.replace("${filename}", "f.txt"));
        format!(r#"{{"{name}":{value}}}"#)
    };
    let conditions: Vec<String> = ask.fields.iter().map(condition).collect();
    form_policy("2026-03-04T06:00:00Z", &conditions.join(","))
}

fn region_of(ask: &Ask) -> &'static str {
    let partner = |text: &[u8]| String::from_utf8_lossy(text).contains("partner-");
    let host = ask.headers.get("host").map(HeaderValue::as_bytes);
    let path = ask.target.split(|byte| *byte == b'?').next().unwrap();
    match partner(path) || host.is_some_and(partner) {
        true => "us-east-1",
        false => "eu-central-1",
    }
}

/// Holds a text against `tests/golden/NAME`. With `UPDATE_GOLDEN` set it is written instead.
#[track_caller]
pub(crate) fn golden(name: &str, text: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(&expected), lines(text));
    let longest = expected.len().max(found.len());
    let differing: Vec<String> = (0..longest)
        .filter(|at| expected.get(*at) != found.get(*at))
        .take(20)
        .map(|at| {
            let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            format!("{}:\n  - {}\n  + {}", at + 1, line(&expected), line(&found))
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{name} differs; if that is right, run the test with UPDATE_GOLDEN=1\n{}",
        differing.join("\n")
    );
}
