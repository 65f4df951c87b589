//! The condition keys that are generated, each with its type and values near one another.

/// The type of a key's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Arn,
    Numeric,
    Date,
    Bool,
    Ip,
    Binary,
}

/// A condition key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) several: bool,
    pub(super) values: &'static [&'static str],
    /// The actions that have it; none means all.
    pub(super) actions: &'static [&'static str],
}

const fn key(name: &'static str, kind: Type, values: &'static [&'static str]) -> Key {
    Key {
        name,
        kind,
        several: false,
        values,
        actions: &[],
    }
}

impl Key {
    const fn several(mut self) -> Self {
        self.several = true;
        self
    }

    const fn of(mut self, actions: &'static [&'static str]) -> Self {
        self.actions = actions;
        self
    }

    /// Whether requests of this action can have it.
    pub(super) fn applies_to(&self, action: &str) -> bool {
        self.actions.is_empty() || self.actions.contains(&action)
    }
}

const LIST: &[&str] = &["s3:ListBucket", "s3:ListBucketVersions"];
const OBJECT: &[&str] = &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
const PUT: &[&str] = &["s3:PutObject"];
const TAG: &[&str] = &["s3:PutObject", "s3:PutObjectTagging"];
const STORED: &[&str] = &[
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTagging",
    "s3:GetObjectAcl",
];
const ACL: &[&str] = &["s3:PutObject", "s3:PutObjectAcl", "s3:PutBucketAcl"];

/// Every key that is generated. Those about the principal have their values from the caller.
pub(super) const KEYS: &[Key] = &[
    key("aws:PrincipalArn", Type::Arn, ARNS),
    key("aws:PrincipalAccount", Type::String, ACCOUNTS),
    key(
        "aws:PrincipalType",
        Type::String,
        &[
            "User",
            "AssumedRole",
            "FederatedUser",
            "Account",
            "Anonymous",
        ],
    ),
    key(
        "aws:username",
        Type::String,
        &["alice", "Alice", "bob", "eve"],
    ),
    key(
        "aws:userid",
        Type::String,
        &["AIDAALICE", "AROAAPP:s1", "111122223333:carol", "anonymous"],
    ),
    key(
        "aws:PrincipalTag/team",
        Type::String,
        &["red", "Red", "blue", "r*d", "", "grün", "GRÜN"],
    ),
    key(
        "aws:PrincipalTag/Cost Center",
        Type::String,
        &["12", "012", "x"],
    ),
    key(
        "aws:PrincipalOrgID",
        Type::String,
        &["o-aaaaaaaaaa", "o-bbbbbbbbbb"],
    ),
    key("aws:PrincipalOrgPaths", Type::String, PATHS).several(),
    key("aws:PrincipalIsAWSService", Type::Bool, BOOLS),
    key("aws:MultiFactorAuthPresent", Type::Bool, BOOLS),
    key(
        "aws:MultiFactorAuthAge",
        Type::Numeric,
        &[
            "0",
            "59",
            "60",
            "3600",
            "9007199254740993",
            "9007199254740992",
        ],
    ),
    key("aws:TokenIssueTime", Type::Date, DATES),
    key(
        "aws:SourceIp",
        Type::Ip,
        &[
            "203.0.113.7",
            "203.0.113.200",
            "198.51.100.9",
            "10.0.0.5",
            "2001:db8::7",
            "2001:db8:1::7",
        ],
    ),
    key(
        "aws:VpcSourceIp",
        Type::Ip,
        &["10.0.0.5", "10.1.0.5", "fd00::1"],
    ),
    key("aws:SourceVpce", Type::String, &["vpce-0a1", "vpce-0a2"]),
    key("aws:SourceArn", Type::Arn, ARNS),
    key("aws:SourceAccount", Type::String, ACCOUNTS),
    key("aws:SecureTransport", Type::Bool, BOOLS),
    key("aws:ViaAWSService", Type::Bool, BOOLS),
    key("aws:CurrentTime", Type::Date, DATES),
    key(
        "aws:EpochTime",
        Type::Date,
        &["1772366400", "1772366399", "1767225600"],
    ),
    key(
        "aws:CalledVia",
        Type::String,
        &[
            "athena.amazonaws.com",
            "cloudformation.amazonaws.com",
            "Athena.amazonaws.com",
        ],
    )
    .several(),
    key(
        "aws:UserAgent",
        Type::String,
        &["aws-cli/2.1", "aws-cli/2.10", "Boto3/1.4", ""],
    ),
    key(
        "aws:referer",
        Type::String,
        &[
            "https://example.com/a",
            "https://example.com/a?b",
            "https://example.com/*",
            "bGVnYWN5",
            "bGVnYWN6",
        ],
    ),
    key(
        "aws:RequestedRegion",
        Type::String,
        &["eu-west-1", "EU-west-1", "us-east-1"],
    ),
    key("aws:ResourceAccount", Type::String, ACCOUNTS),
    key("aws:TagKeys", Type::String, &["team", "Team", "secret"]).several(),
    key(
        "s3:authType",
        Type::String,
        &["REST-HEADER", "REST-QUERY-STRING", "POST"],
    ),
    key(
        "s3:signatureAge",
        Type::Numeric,
        &["0", "600000", "600001", "900000"],
    ),
    key("s3:TlsVersion", Type::Numeric, &["1.2", "1.3"]),
    key(
        "s3:x-amz-content-sha256",
        Type::String,
        &["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
    ),
    key(
        "s3:prefix",
        Type::String,
        &["", "home/alice/", "home/Alice/", "home/", "team/red/"],
    )
    .of(LIST),
    key("s3:delimiter", Type::String, &["/", "", "|"]).of(LIST),
    key(
        "s3:max-keys",
        Type::Numeric,
        &["0", "9", "10", "11", "1000"],
    )
    .of(LIST),
    key(
        "s3:x-amz-server-side-encryption",
        Type::String,
        &["AES256", "aes256", "aws:kms", "aws:kms:dsse"],
    )
    .of(PUT),
    key(
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        Type::Arn,
        &[
            "arn:aws:kms:eu-west-1:111122223333:key/k1",
            "arn:aws:kms:eu-west-1:444455556666:key/k1",
        ],
    )
    .of(PUT),
    key(
        "s3:x-amz-storage-class",
        Type::String,
        &["STANDARD", "GLACIER", "GLACIER_IR"],
    )
    .of(PUT),
    key("s3:if-none-match", Type::String, &["*"]).of(PUT),
    key(
        "s3:object-lock-remaining-retention-days",
        Type::Numeric,
        &["1", "30", "31", "365"],
    )
    .of(PUT),
    key("s3:object-lock-retain-until-date", Type::Date, DATES).of(PUT),
    key(
        "s3:x-amz-acl",
        Type::String,
        &["private", "public-read", "bucket-owner-full-control"],
    )
    .of(ACL),
    key(
        "s3:ExistingObjectTag/color",
        Type::String,
        &["green", "Green", "blue", "gr?en"],
    )
    .of(STORED),
    key(
        "s3:RequestObjectTag/color",
        Type::String,
        &["green", "Green", "blue"],
    )
    .of(TAG),
    key(
        "s3:RequestObjectTagKeys",
        Type::String,
        &["color", "Color", "team", "secret"],
    )
    .several()
    .of(TAG),
    key("s3:versionid", Type::String, &["3HL4", "3hl4", "null"])
        .of(&["s3:GetObjectVersion", "s3:DeleteObjectVersion"]),
    key("aws:SourceIdentity", Type::String, &["GRÜN", "grün", "dev"]),
    key("aws:FederatedProvider", Type::Arn, ARNS),
    key(
        "aws:SourceOrgID",
        Type::String,
        &["o-aaaaaaaaaa", "o-bbbbbbbbbb"],
    ),
    key("aws:SourceOrgPaths", Type::String, PATHS).several(),
    key("aws:SourceVpc", Type::String, &["vpc-1", "vpc-2"]),
    key("aws:SourceVpcArn", Type::Arn, ARNS),
    key("aws:VpceAccount", Type::String, ACCOUNTS),
    key("aws:VpceOrgPaths", Type::String, PATHS).several(),
    key("aws:RequestTag/team", Type::String, &["red", "Red"]).of(&["s3:CreateBucket"]),
    key("aws:ResourceTag/team", Type::String, &["red", "Red"]),
    key("aws:ResourceOrgID", Type::String, &["o-aaaaaaaaaa"]),
    key("aws:ResourceOrgPaths", Type::String, PATHS).several(),
    key(
        "aws:CalledViaFirst",
        Type::String,
        &["athena.amazonaws.com"],
    ),
    key("aws:CalledViaLast", Type::String, &["athena.amazonaws.com"]),
    key(
        "aws:Ec2InstanceSourceVpc",
        Type::String,
        &["vpc-1", "vpc-2"],
    ),
    key(
        "aws:Ec2InstanceSourcePrivateIPv4",
        Type::Ip,
        &["10.0.0.5", "10.0.0.6"],
    ),
    key(
        "aws:PrincipalServiceNamesList",
        Type::String,
        &["a.amazonaws.com", "b.amazonaws.com"],
    )
    .several(),
    key("s3:ResourceAccount", Type::String, ACCOUNTS),
    key(
        "s3:signatureversion",
        Type::String,
        &["AWS4-HMAC-SHA256", "AWS"],
    ),
    key(
        "s3:DataAccessPointArn",
        Type::Arn,
        &["arn:aws:s3:eu-west-1:111122223333:accesspoint/ap1"],
    )
    .of(OBJECT),
    key("s3:DataAccessPointAccount", Type::String, ACCOUNTS).of(OBJECT),
    key(
        "s3:x-amz-copy-source",
        Type::String,
        &["acme-data/home/x", "/acme-data/home/x"],
    )
    .of(PUT),
    key(
        "s3:x-amz-metadata-directive",
        Type::String,
        &["COPY", "REPLACE"],
    )
    .of(PUT),
    key(
        "s3:object-lock-mode",
        Type::String,
        &["GOVERNANCE", "COMPLIANCE"],
    )
    .of(PUT),
    key("s3:object-lock-legal-hold", Type::String, &["ON", "OFF"]).of(PUT),
    key("s3:ObjectCreationOperation", Type::Bool, BOOLS).of(PUT),
    key("s3:if-match", Type::String, &["etag", "ETAG"]).of(&["s3:PutObject", "s3:DeleteObject"]),
    key("s3:x-amz-grant-read", Type::String, &["id=1", "id=2"]).of(ACL),
];

/// Values that are not of their key's type: what a request can hold when nobody checked it.
pub(super) const ODD: &[&str] = &[
    "",
    "abc",
    "10.",
    "1e3",
    "TRUE",
    "yes",
    "arn:aws:s3",
    "203.0.113.7/24",
];

/// None of AWS's keys is binary: a text key stands in, with values that are base64 too.
pub(super) const BINARY: Key = key("aws:referer", Type::Binary, BASE64);

const PATHS: &[&str] = &["o-a/r-1/ou-1/", "o-a/r-1/ou-2/", "o-b/r-2/"];
pub(super) const BASE64: &[&str] = &["bGVnYWN5", "bGVnYWN6", "bGVn", ""];
const BOOLS: &[&str] = &["true", "false"];
const ACCOUNTS: &[&str] = &["111122223333", "444455556666", "777788889999"];
const DATES: &[&str] = &[
    "2026-03-01T12:00:00Z",
    "2026-03-01T11:59:59Z",
    "2026-03-01T00:00:00Z",
    "2025-12-31T23:59:59Z",
    "2024-02-29T06:30:00Z",
];
pub(super) const ARNS: &[&str] = &[
    "arn:aws:cloudtrail:us-east-1:111122223333:trail/t1",
    "arn:aws:cloudtrail:us-east-1:444455556666:trail/t1",
    "arn:aws:s3:::source-logs",
    "arn:aws:sns:eu-west-1:111122223333:topic:a:b",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:sts::111122223333:federated-user/carol",
];
