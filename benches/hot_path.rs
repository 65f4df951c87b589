//! What one GET costs before and after its bytes stream: verify, decide, sign, record.
//!
//! `cargo bench --bench hot_path`. Compare ratios on one machine; the numbers of two machines say nothing of each other.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use criterion::Criterion;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use portcullis::record::{
    Destination, Draft, Ending, Format, LoggedUri, Record, Recorder, RequestIds, RequestLine, Sink,
    UpstreamUse, finish,
};
use portcullis::rego::{Engine, Source, compile as compile_rego};
use portcullis::upstream::Upstream;
use portcullis::upstream::settings::{
    Addressing, CredentialSettings, Endpoint, Scheme, Timeouts, UpstreamSettings,
};
use portcullis::upstream::sign::sign;
use portcullis_core::admission::{
    Admission, Arrival, BucketRecord, Chunks, DecisionMode, Found, Labels, ListenerRules, Outcome,
    Permit, Route, Routes, Rules, TlsVersion, admit,
};
use portcullis_core::context::{AuthType, Facts, Listing, RequestContext, Stored};
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::cors::Cors;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::ownership::ObjectOwnership;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{AccountSettings, BucketSettings, Setting};
use portcullis_core::document;
use portcullis_core::identity::{
    AccessKey, AccessKeyId, Account, Caller, CallerKind, Directory, Principal, SecretKey,
};
use portcullis_core::policy::{
    Origin, Pattern, Policies, Policy, PolicyKind, PublicPolicies, Question, Verdict, View,
    evaluate,
};
use portcullis_core::request::{Head, Hosts, Query, encode_query_component};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use portcullis_core::s3::profiles::Profile;
use portcullis_core::sigv4::{
    Expected, Scope, SigningKey, Verified, presented, string_to_sign, verify,
};
use prometheus::IntCounter;
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const ACCOUNT: &str = "111122223333";
const BUCKET: &str = "lake";
const REGION: &str = "eu-central-1";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TARGET: &str = "/lake/events/2026/03/04/part-00017-of-00128.snappy.parquet?x-id=GetObject";
const RESOURCE: &str = "lake/events/2026/03/04/part-00017-of-00128.snappy.parquet";
/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What an SDK sends with a GET of an object.
const HEADERS: &[(&str, &str)] = &[
    ("host", "s3.example.com"),
    (
        "user-agent",
        "aws-sdk-rust/1.3.9 os/linux lang/rust/1.95.0 api/s3/1.112.0",
    ),
    ("accept-encoding", "identity"),
    ("amz-sdk-request", "attempt=1; max=3"),
    (
        "amz-sdk-invocation-id",
        "4b1e8f3c-3f0a-4a51-9d47-2f3f8f1d7c0e",
    ),
    ("x-amz-checksum-mode", "ENABLED"),
    ("x-amz-content-sha256", EMPTY),
    ("x-amz-date", "20260304T050607Z"),
];

/// Ten statements, of which the ninth allows the GET.
const BUCKET_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"],
   "Condition":{"Bool":{"aws:SecureTransport":"false"}}},
  {"Sid":"Network","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/*",
   "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24","2001:db8::/32"]}}},
  {"Sid":"Keep","Effect":"Deny","Principal":"*","Action":["s3:DeleteObject","s3:DeleteObjectVersion"],
   "Resource":"arn:aws:s3:::lake/archive/*"},
  {"Sid":"Sealed","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/sealed/*",
   "Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/auditor"}}},
  {"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/public/*"},
  {"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["s3:GetObject","s3:PutObject"],
   "Resource":"arn:aws:s3:::lake/partner/*"},
  {"Sid":"Home","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:PutObject"],
   "Resource":"arn:aws:s3:::lake/home/${aws:username}/*"},
  {"Sid":"List","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:ListBucket",
   "Resource":"arn:aws:s3:::lake","Condition":{"StringLike":{"s3:prefix":["events/*","home/${aws:username}/*"]}}},
  {"Sid":"Events","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/analyst"},"Action":"s3:Get*",
   "Resource":["arn:aws:s3:::lake/events/*/part-*.parquet","arn:aws:s3:::lake/tables/*"]},
  {"Sid":"Write","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/writer"},"Action":"s3:PutObject",
   "Resource":"arn:aws:s3:::lake/events/*"}]}"#;

const IDENTITY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::lake/*"},
  {"Sid":"List","Effect":"Allow","Action":["s3:ListBucket","s3:GetBucketLocation"],"Resource":"arn:aws:s3:::lake"},
  {"Sid":"NoDelete","Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}"#;

const CORS: &[u8] =
    b"<CORSConfiguration><CORSRule><AllowedOrigin>https://example.com</AllowedOrigin>\
    <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let world = World::new();
    verifying(&mut criterion, &world);
    deciding(&mut criterion, &world);
    signing(&mut criterion, &world);
    recording(&mut criterion, &world);
    criterion.final_summary();
}

fn verifying(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("verify");
    for (name, ask) in [("header", Ask::signed()), ("presigned", Ask::presigned())] {
        group.bench_function(name, |bencher| {
            let query = ask.query();
            let secret = &world.rules.directory.keys.get(KEY).unwrap().secret;
            let expected = Expected {
                regions: &[REGION],
                service: "s3",
            };
            bencher.iter(|| {
                let head = black_box(ask.head());
                let claim = presented(&head, &query).unwrap().unwrap();
                let key = SigningKey::derive(secret, &claim.scope);
                let verified: Verified<'_> =
                    verify(&head, &query, &claim, &key, now(), expected).unwrap();
                verified.presented().timestamp
            });
        });
    }
    group.finish();
}

fn deciding(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("decide");
    let ask = Ask::signed();
    group.bench_function("evaluate", |bencher| {
        let query = ask.query();
        let facts = world.facts(&ask, &query);
        let context = RequestContext { facts: &facts };
        let question = Question {
            principal: &world.principal,
            action: Action::GetObject,
            resource: RESOURCE,
            owner: facts.owner,
            context: &context,
            view: View::Live,
        };
        let policies = Policies {
            bucket: world
                .rules
                .files
                .get(BUCKET)
                .and_then(BucketSettings::policy)
                .map(|policy| &**policy),
            guardrails: &world.rules.guardrails,
            acl: None,
            public: PublicPolicies::Count,
        };
        assert_eq!(evaluate(policies, &question).verdict, Verdict::Allow);
        bencher.iter(|| evaluate(policies, black_box(&question)));
    });
    for (name, ask) in [("admit", &ask), ("admit presigned", &Ask::presigned())] {
        // A refusal would be measured just as well.
        let _ = world.permit(ask);
        group.bench_function(name, |bencher| bencher.iter(|| world.admit(black_box(ask))));
    }
    let controlled = World::new().controlled();
    let _ = controlled.permit(&ask);
    group.bench_function("admit, with every control of buckets", |bencher| {
        bencher.iter(|| controlled.admit(black_box(&ask)));
    });
    let guarded = World::new().guarded();
    let _ = guarded.permit(&ask);
    group.bench_function("admit, with the library of guardrails in Rego", |bencher| {
        bencher.iter(|| guarded.admit(black_box(&ask)));
    });
    group.finish();
}

/// Every ready-made guardrail, as it is shipped.
fn library() -> Engine {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/guardrails/library");
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let rego = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "rego")
    });
    let sources: Vec<Source> = rego
        .map(|path| Source {
            file: path.file_name().unwrap().to_string_lossy().into(),
            text: std::fs::read_to_string(&path).unwrap(),
        })
        .collect();
    let compiled = compile_rego(&sources, serde_json::json!({}), Duration::from_secs(1));
    compiled.unwrap().engine.unwrap()
}

fn signing(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("sign");
    let (_, permit) = world.permit(&Ask::signed());
    let upstream = upstream();
    let access = upstream.access().unwrap();
    group.bench_function("get", |bencher| {
        bencher.iter(|| sign(black_box(&permit), &upstream, &access, now()).unwrap());
    });
    group.finish();
}

/// To a sink that takes everything, so that what is measured is the rendering and the hand-over.
fn recording(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("record");
    let record = world.record(&Ask::signed());
    for (name, format) in [("line", Format::AccessLog), ("json", Format::Json)] {
        let sink = Sink {
            format,
            to: Destination::File(PathBuf::from("/dev/null")),
        };
        let dropped = IntCounter::new("dropped", "Records the sink could not take.").unwrap();
        let recorder = Recorder::open(&[sink], &dropped).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| recorder.write(black_box(&record)));
        });
    }
    group.finish();
}

/// One account, one caller, one bucket.
struct World {
    rules: Rules,
    listener: ListenerRules,
    principal: Principal,
}

impl World {
    fn new() -> Self {
        let account = Arc::new(Account::new(
            AccountId::parse(ACCOUNT).unwrap(),
            EMPTY,
            "acme",
        ));
        let caller = caller(&account);
        let bucket = BucketName::parse(BUCKET).unwrap();
        let policy = compile(BUCKET_POLICY, PolicyKind::Bucket(&bucket));
        let settings = BucketSettings::default().with(Setting::Policy(policy.into()));
        Self {
            rules: Rules {
                directory: Arc::new(directory(&account, &caller)),
                routes: Arc::new(Routes(vec![route(&account)])),
                files: Arc::new(HashMap::from([(bucket, settings)])),
                account_files: Arc::default(),
                accounts: Arc::default(),
                guardrails: Arc::default(),
                rego: None,
                buckets: Some(Arc::default()),
                shadow: None,
                revision: Arc::default(),
            },
            listener: ListenerRules {
                name: "main".into(),
                hosts: Hosts(vec!["s3.example.com".into()]),
                principal: None,
                decision: DecisionMode::Enforce,
            },
            principal: Principal::Known(caller),
        }
    }

    /// The same, whose policy the store keeps, with all flags of Block Public Access on for bucket and account, ACLs that
    /// count and rules for other origins.
    fn controlled(mut self) -> Self {
        let files = std::mem::take(&mut self.rules.files);
        let record = |(bucket, settings): (&BucketName, &BucketSettings)| {
            let settings = settings
                .clone()
                .with(Setting::PublicAccessBlock(PublicAccessBlock::ALL))
                .with(Setting::Ownership(ObjectOwnership::ObjectWriter))
                .with(Setting::Acl(Arc::new(Acl::private(EMPTY))))
                .with(Setting::Cors(Arc::new(Cors::parse_xml(CORS).unwrap())));
            let record = BucketRecord {
                owner: AccountId::parse(ACCOUNT).unwrap(),
                incarnation: 1,
                created: now(),
                upstream: "lake".into(),
                settings: Arc::new(settings),
            };
            (bucket.clone(), record)
        };
        self.rules.buckets = Some(Arc::new(files.iter().map(record).collect()));
        let account = AccountSettings {
            public_access_block: Some(PublicAccessBlock::ALL),
        };
        let accounts = HashMap::from([(AccountId::parse(ACCOUNT).unwrap(), account)]);
        self.rules.accounts = Arc::new(accounts);
        self
    }

    fn guarded(mut self) -> Self {
        self.rules.rego = Some(Arc::new(library()));
        self
    }

    fn admit(&self, ask: &Ask) -> Admission {
        let arrival = Arrival {
            listener: &self.listener,
            id: "01KJVXR6AR0000000000000000",
            now: now(),
            lock_time: portcullis_core::controls::lock::LockTime::certain(now()),
            peer: [10, 0, 0, 1].into(),
            tls: Some(TlsVersion::V1_3),
        };
        let head = ask.head();
        let mut admission = admit(&self.rules, &head, &arrival);
        // Of an object that has a record, where ACLs count.
        while let Outcome::Need(waiting) = admission.outcome {
            let found = Found::Record(vec![Some(ObjectRecord {
                acl: Some(Acl::private(EMPTY)),
                ..ObjectRecord::of(EMPTY)
            })]);
            admission = waiting.resume(&self.rules, &head, &arrival, found);
        }
        admission
    }

    fn permit(&self, ask: &Ask) -> (Labels, Permit) {
        let admission = self.admit(ask);
        match admission.outcome {
            Outcome::Forward(permit) => (admission.labels, *permit),
            Outcome::Answer(_) | Outcome::Need(_) => unreachable!("the GET is allowed"),
        }
    }

    fn facts<'a>(&'a self, ask: &'a Ask, query: &'a Query) -> Facts<'a> {
        Facts {
            peer: [10, 0, 0, 1].into(),
            tls: Some(TlsVersion::V1_3),
            now: now(),
            auth: Some(AuthType::Header),
            signature_age_ms: Some(0),
            content_sha256: Some(EMPTY),
            headers: &ask.headers,
            query,
            listing: Listing::No,
            version_id: None,
            copy_source: None,
            principal: &self.principal,
            owner: AccountId::parse(ACCOUNT).unwrap(),
            owner_membership: None,
            region: REGION,
            creates_object: None,
            object_tags: Stored::NotAsked,
            body: Stored::None,
        }
    }

    fn record(&self, ask: &Ask) -> Record {
        let (labels, _) = self.permit(ask);
        let ids = RequestIds::new("gateway-1", now());
        let peer = [10, 0, 0, 1].into();
        let mut draft = Draft::begin(&ids, now(), peer, "main".into(), "gateway-1".into());
        draft.request = RequestLine {
            method: Some(ask.method.clone()),
            target: LoggedUri(ask.target.clone().into()),
            version: http::Version::HTTP_11,
            host: ask.headers.get("host").cloned(),
            referer: None,
            user_agent: ask.headers.get("user-agent").cloned(),
        };
        draft.labels = labels;
        draft.sent.status = Some(StatusCode::OK);
        draft.sent.bytes = 4096;
        draft.sent.object_size = Some(4096);
        draft.upstream = Some(UpstreamUse {
            name: "store".into(),
            attempts: 1,
            status: Some(StatusCode::OK),
            request_id: Some(HeaderValue::from_static("79104EXAMPLEB723")),
            id_2: None,
        });
        draft.total = Duration::from_millis(7);
        draft.turn_around = Some(Duration::from_millis(5));
        finish(draft, Ending::Answered)
    }
}

fn caller(account: &Arc<Account>) -> Arc<Caller> {
    Arc::new(Caller {
        account: account.clone(),
        kind: CallerKind::User {
            name: "analyst".into(),
        },
        arn: "arn:aws:iam::111122223333:user/analyst".into(),
        principal_arn: "arn:aws:iam::111122223333:user/analyst".into(),
        user_id: "AIDACKCEVSQ6C2EXAMPLE".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: vec![compile(IDENTITY_POLICY, PolicyKind::Identity)].into(),
        boundary: None,
        session_policy: None,
        session: None,
    })
}

fn directory(account: &Arc<Account>, caller: &Arc<Caller>) -> Directory {
    let key = AccessKey {
        id: AccessKeyId(KEY.into()),
        secret: SecretKey::new(SECRET.to_owned()),
        active: true,
        caller: caller.clone(),
    };
    Directory {
        accounts: HashMap::from([(account.id, account.clone())]),
        keys: HashMap::from([(KEY.into(), key)]),
        callers: HashMap::new(),
    }
}

fn route(account: &Account) -> Route {
    Route {
        name: "store".into(),
        owner: account.id,
        region: REGION.into(),
        profile: Profile::find("aws").unwrap(),
        buckets: vec![Pattern::new("lake*")],
        default: true,
        chunks: Chunks::default(),
        theirs: Vec::new(),
        locks: portcullis_core::admission::Locks::Here,
    }
}

fn upstream() -> Upstream {
    let settings = UpstreamSettings {
        name: "store".into(),
        region: "us-east-1".into(),
        endpoint: Endpoint {
            scheme: Scheme::Http,
            host: "127.0.0.1".into(),
            port: 9000,
        },
        addressing: Addressing::Path,
        ca_pem: None,
        timeouts: Timeouts::default(),
        credentials: CredentialSettings::Static {
            access_key_id: KEY.into(),
            secret_access_key: SecretKey::new(SECRET.to_owned()),
            session_token: None,
        },
    };
    Upstream::new(settings, now).unwrap()
}

fn compile(text: &str, kind: PolicyKind<'_>) -> Arc<Policy> {
    let origin = Arc::new(Origin {
        source: "policies/lake.json".into(),
    });
    let node = document::json(text).unwrap();
    Arc::new(Policy::compile(&node, kind, origin).unwrap().policy)
}

/// When everything happens.
fn now() -> Timestamp {
    Timestamp::constant(1_772_600_767, 0)
}

/// One head.
struct Ask {
    method: Method,
    target: Vec<u8>,
    headers: HeaderMap,
}

impl Ask {
    fn new(target: String, headers: &[(&'static str, &'static str)]) -> Self {
        let header = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        Self {
            method: Method::GET,
            target: target.into_bytes(),
            headers: headers.iter().map(header).collect(),
        }
    }

    /// Signed in its `Authorization` header.
    fn signed() -> Self {
        let mut ask = Self::new(TARGET.to_owned(), HEADERS);
        let mut authorize = |signature: &str| {
            let text = format!(
                "AWS4-HMAC-SHA256 Credential={KEY}/20260304/{REGION}/s3/aws4_request, SignedHeaders=host;\
                 x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature={signature}"
            );
            let value = HeaderValue::try_from(text).unwrap();
            ask.headers.insert("authorization", value);
            ask.signature()
        };
        let signature = authorize(&"0".repeat(64));
        authorize(&signature);
        ask
    }

    /// A presigned URL, as a browser asks for it.
    fn presigned() -> Self {
        let credential =
            encode_query_component(&format!("{KEY}/20260304/{REGION}/s3/aws4_request"));
        let target = |signature: &str| {
            format!(
                "{TARGET}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date=20260304T050607Z\
                 &X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
            )
        };
        let headers = HEADERS.get(..3).unwrap();
        let draft = Self::new(target(&"0".repeat(64)), headers);
        Self::new(target(&draft.signature()), headers)
    }

    fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            raw_target: &self.target,
            headers: &self.headers,
        }
    }

    fn query(&self) -> Query {
        let query = self.target.split(|byte| *byte == b'?').nth(1);
        Query::parse(query.unwrap_or_default()).unwrap()
    }

    fn signature(&self) -> String {
        let (head, query) = (self.head(), self.query());
        let claim = presented(&head, &query).unwrap().unwrap();
        let scope: Scope<'_> = claim.scope;
        let key = SigningKey::derive(&SecretKey::new(SECRET.to_owned()), &scope);
        let tag = key.sign(&[string_to_sign(&head, &query, &claim).as_bytes()]);
        tag.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
