//! Who asks for what, with which context: the half of a pair that the policies are then bent to.

use super::keys::{KEYS, ODD, Type};
use super::rng::Rng;
use serde_json::{Map, Value, json};

pub(super) const OWNER: &str = "111122223333";
pub(super) const OTHER: &str = "444455556666";
pub(super) const BUCKET: &str = "acme-data";

/// A request.
pub(super) struct Request {
    pub(super) principal: Value,
    pub(super) action: &'static str,
    /// The key, for an action on objects.
    pub(super) key: Option<&'static str>,
    pub(super) context: Map<String, Value>,
}

pub(super) const OBJECT_ACTIONS: &[&str] = &[
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:DeleteObjectVersion",
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:GetObjectAcl",
    "s3:PutObjectAcl",
    "s3:GetObjectVersionAcl",
    "s3:PutObjectVersionAcl",
    "s3:AbortMultipartUpload",
];
pub(super) const BUCKET_ACTIONS: &[&str] = &[
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketLocation",
    "s3:GetBucketAcl",
    "s3:PutBucketAcl",
    "s3:ListBucketMultipartUploads",
    "s3:DeleteBucket",
];
const OBJECTS: &[&str] = &[
    "reports/q1.csv",
    "Reports/q1.csv",
    "home/alice/notes.txt",
    "home/bob/notes.txt",
    "team/red/plan",
    "team/r*d/plan",
    "team/all/plan",
    "a*b",
    "a?b",
    "a:b:c",
    "$HOME/${x}",
    "x//y/../z",
    "grün/日本",
    "/",
];

/// Account, ARN, source and type of those who ask. The source is the role of a session, or a federated user's user.
type Person = (&'static str, &'static str, &'static str, &'static str);

const ALICE: Person = (OWNER, "arn:aws:iam::111122223333:user/alice", "", "User");
const BOB: Person = (OWNER, "arn:aws:iam::111122223333:user/eng/bob", "", "User");
const APP: Person = (
    OWNER,
    "arn:aws:sts::111122223333:assumed-role/app/s1",
    "arn:aws:iam::111122223333:role/app",
    "AssumedRole",
);
const BUILDER: Person = (
    OWNER,
    "arn:aws:sts::111122223333:assumed-role/builder/ci@x",
    "arn:aws:iam::111122223333:role/team/builder",
    "AssumedRole",
);
const LINKED: Person = (
    OWNER,
    "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    "AssumedRole",
);
const ROOT: Person = (OWNER, "arn:aws:iam::111122223333:root", "", "Account");
const EVE: Person = (OTHER, "arn:aws:iam::444455556666:user/eve", "", "User");
const PARTNER: Person = (
    OTHER,
    "arn:aws:sts::444455556666:assumed-role/partner/s1",
    "arn:aws:iam::444455556666:role/partner",
    "AssumedRole",
);
const OTHER_ROOT: Person = (OTHER, "arn:aws:iam::444455556666:root", "", "Account");
const CAROL: Person = (
    OWNER,
    "arn:aws:sts::111122223333:federated-user/carol",
    "arn:aws:iam::111122223333:user/alice",
    "FederatedUser",
);
/// Bears the name of another user than the one it acts for.
const NAMESAKE: Person = (
    OWNER,
    "arn:aws:sts::111122223333:federated-user/alice",
    "arn:aws:iam::111122223333:user/eng/bob",
    "FederatedUser",
);
const OTHER_CAROL: Person = (
    OTHER,
    "arn:aws:sts::444455556666:federated-user/carol",
    "arn:aws:iam::444455556666:user/eve",
    "FederatedUser",
);
const CLOUDTRAIL: Person = ("", "cloudtrail.amazonaws.com", "", "Service");
const LOGGING: Person = ("", "logging.s3.amazonaws.com", "", "Service");
const ANONYMOUS: Person = ("", "", "", "Anonymous");

/// A request by anyone, for anything.
pub(super) fn request(rng: &mut Rng) -> Request {
    let person = rng.weighted(&[
        (16, ALICE),
        (8, BOB),
        (16, APP),
        (8, BUILDER),
        (4, LINKED),
        (7, ROOT),
        (14, EVE),
        (9, PARTNER),
        (3, OTHER_ROOT),
        (16, CAROL),
        (8, NAMESAKE),
        (7, OTHER_CAROL),
        (4, CLOUDTRAIL),
        (2, LOGGING),
        (11, ANONYMOUS),
    ]);
    let (action, key) = match rng.below(100) {
        0..65 => (rng.pick(OBJECT_ACTIONS), Some(rng.pick(OBJECTS))),
        65..97 => (rng.pick(BUCKET_ACTIONS), None),
        _ if person.0.is_empty() => ("s3:ListBucket", None),
        _ => ("s3:ListAllMyBuckets", None),
    };
    Request {
        principal: principal(person),
        action,
        key,
        context: context(rng, person, action),
    }
}

impl Request {
    /// The ARN asked for.
    pub(super) fn resource(&self) -> String {
        match self.key {
            _ if self.is_service_level() => "arn:aws:s3:::".into(),
            None => format!("arn:aws:s3:::{BUCKET}"),
            Some(key) => format!("arn:aws:s3:::{BUCKET}/{key}"),
        }
    }

    pub(super) fn is_service_level(&self) -> bool {
        self.action == "s3:ListAllMyBuckets"
    }

    /// The account whose bucket it is; the caller's own for an action on the service.
    pub(super) fn owner(&self) -> &str {
        if self.is_service_level() {
            self.account().unwrap()
        } else {
            OWNER
        }
    }

    pub(super) fn account(&self) -> Option<&str> {
        self.principal["account"].as_str()
    }

    pub(super) fn kind(&self) -> &str {
        self.principal["type"].as_str().unwrap_or("Anonymous")
    }

    /// The role of a session, or the IAM user of a federated one.
    pub(super) fn source(&self) -> Option<&str> {
        match self.kind() {
            "AssumedRole" => self.value("aws:PrincipalArn"),
            _ => self.principal["user"].as_str(),
        }
    }

    /// A value of the context, if the key has exactly one.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.context.get(key)?.as_str()
    }
}

fn principal(person: Person) -> Value {
    let (account, arn, source, kind) = person;
    if kind == "Anonymous" {
        return json!("anonymous");
    }
    let account = (!account.is_empty()).then_some(account);
    let mut principal = json!({ "arn": arn, "account": account, "type": kind, "tags": {} });
    if kind == "FederatedUser" {
        principal["user"] = source.into();
    }
    principal
}

fn context(rng: &mut Rng, person: Person, action: &str) -> Map<String, Value> {
    let mut context = about(person);
    for key in KEYS.iter().filter(|key| key.applies_to(action)) {
        let derived = context.contains_key(key.name)
            || matches!(
                key.name,
                "aws:PrincipalArn"
                    | "aws:PrincipalAccount"
                    | "aws:username"
                    | "aws:PrincipalIsAWSService"
                    | "aws:PrincipalType"
                    | "aws:userid"
            );
        let likely = if key.actions.is_empty() { 30 } else { 65 };
        if derived || !rng.chance(likely) {
            continue;
        }
        let value = if key.several {
            let count = rng.below(4);
            let values: Vec<&str> = (0..count).map(|_| rng.pick(key.values)).collect();
            json!(values)
        } else {
            let odd = key.kind != Type::String && rng.chance(3);
            json!(rng.pick(if odd { ODD } else { key.values }))
        };
        let name = if rng.chance(8) {
            rng.recase(key.name)
        } else {
            key.name.to_owned()
        };
        context.insert(name, value);
    }
    context
}

/// The keys that follow from who asks.
fn about((account, arn, source, kind): Person) -> Map<String, Value> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let arn_of = if kind == "AssumedRole" { source } else { arn };
    let mut keys = vec![("aws:PrincipalType", kind.to_owned())];
    match kind {
        "Anonymous" => keys.push(("aws:userid", "anonymous".into())),
        "Service" => {
            keys.push(("aws:PrincipalIsAWSService", "true".into()));
            keys.push(("aws:PrincipalServiceName", arn.into()));
            keys.remove(0);
        }
        _ => {
            keys.push(("aws:PrincipalArn", arn_of.into()));
            keys.push(("aws:PrincipalAccount", account.into()));
        }
    }
    match kind {
        "User" => {
            keys.push(("aws:username", name.into()));
            keys.push(("aws:userid", format!("AIDA{}", name.to_uppercase())));
        }
        "AssumedRole" => keys.push(("aws:userid", format!("AROA:{name}"))),
        "FederatedUser" => keys.push(("aws:userid", format!("{account}:{name}"))),
        "Account" => keys.push(("aws:userid", account.into())),
        _ => {}
    }
    keys.into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}
