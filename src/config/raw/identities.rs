//! Identities as they may be written: accounts, users, groups, roles and keys, and organizations of accounts.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Schema of `identities`.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum IdentitiesField {
    /// A file or a folder of files.
    Path(String),
    /// Written here.
    Written(Identities),
}

/// Accounts, users, roles and keys, and the organizations of accounts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Identities {
    /// Accounts by their 12 digits, in quotes. Needed where no organizations are.
    pub accounts: Option<BTreeMap<String, Account>>,
    /// Organizations by name, for accounts to refer to.
    pub organizations: Option<BTreeMap<String, Organization>>,
}

/// An organization of accounts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Organization {
    /// `o-a1b2c3d4e5`: `aws:PrincipalOrgID` and `aws:ResourceOrgID`.
    #[schemars(required)]
    pub id: Option<String>,
    /// The id of its root, `r-ab12`. Without it `aws:PrincipalOrgPaths` and `aws:ResourceOrgPaths` are absent.
    pub root: Option<String>,
    /// What the callers of its accounts may do at most, their root users included: documents, names under `policies`,
    /// `file:PATH` or `FullAWSAccess`. Default: no limit.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub service_control: Option<Vec<serde_json::Value>>,
    /// What nobody may do to what its accounts own: documents of Deny statements with `Principal`, names under
    /// `policies`, or `file:PATH`.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub resource_control: Option<Vec<serde_json::Value>>,
    /// Organizational units by name.
    pub units: Option<BTreeMap<String, Unit>>,
    /// Policy documents by name, for the organization and its units to refer to: written here or `file:PATH`.
    #[schemars(with = "Option<BTreeMap<String, PolicyField>>")]
    pub policies: Option<BTreeMap<String, serde_json::Value>>,
}

/// An organizational unit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unit {
    /// `ou-ab12-11112222`
    #[schemars(required)]
    pub id: Option<String>,
    /// The name of the unit it stands in. Default: it stands right under the root.
    pub parent: Option<String>,
    /// What the callers of its accounts may do at most, as for the organization.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub service_control: Option<Vec<serde_json::Value>>,
    /// What nobody may do to what its accounts own, as for the organization.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub resource_control: Option<Vec<serde_json::Value>>,
}

/// An account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Account {
    /// Shown as the owner's name. Default: the account id.
    pub name: Option<String>,
    /// 64 hexadecimal digits. Default: SHA-256 of `portcullis canonical id ` and the account id.
    pub canonical_id: Option<String>,
    /// The name of the organization it is in.
    pub organization: Option<String>,
    /// The name of the unit it is in. Default: it is right under the organization's root.
    pub unit: Option<String>,
    /// What the account's callers may do at most, as for the organization.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub service_control: Option<Vec<serde_json::Value>>,
    /// What nobody may do to what the account owns, as for the organization.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub resource_control: Option<Vec<serde_json::Value>>,
    /// Block Public Access of the account: in force beside that of each of its buckets, and not changed by S3 Control's calls.
    pub public_access_block: Option<PublicAccessBlock>,
    /// The account's root user, whom policies of its own account do not bind, but service control does.
    pub root: Option<Root>,
    /// Groups of users by name.
    pub groups: Option<BTreeMap<String, Group>>,
    /// Users by name.
    pub users: Option<BTreeMap<String, User>>,
    /// Roles by name.
    pub roles: Option<BTreeMap<String, Role>>,
    /// Policy documents by name, for users, roles, groups and the account to refer to: written here or `file:PATH`.
    #[schemars(with = "Option<BTreeMap<String, PolicyField>>")]
    pub policies: Option<BTreeMap<String, serde_json::Value>>,
}

/// The flags of Block Public Access under AWS's names. A flag that is not there is off.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Refuses to set public ACLs.
    pub block_public_acls: Option<bool>,
    /// Public grants in ACLs count for nothing.
    pub ignore_public_acls: Option<bool>,
    /// Refuses to set a public bucket policy.
    pub block_public_policy: Option<bool>,
    /// Under a public bucket policy only services and the account get in.
    pub restrict_public_buckets: Option<bool>,
}

/// An account's root user.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Root {
    /// Its access keys.
    pub access_keys: Option<Vec<AccessKey>>,
}

/// A group of users.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Group {
    /// Documents, names under `policies`, or `file:PATH`: what each user of the group has too.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub policies: Option<Vec<serde_json::Value>>,
}

/// A user.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct User {
    /// Begins and ends with a slash. Default: `/`.
    pub path: Option<String>,
    /// The user's access keys.
    pub access_keys: Option<Vec<AccessKey>>,
    /// The names of its groups.
    pub groups: Option<Vec<String>>,
    /// Documents, names under `policies`, or `file:PATH`.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub policies: Option<Vec<serde_json::Value>>,
    /// `aws:PrincipalTag/NAME`.
    pub tags: Option<BTreeMap<String, String>>,
    /// The permissions boundary: a document, a name under `policies`, or `file:PATH`.
    #[schemars(with = "Option<PolicyField>")]
    pub boundary: Option<serde_json::Value>,
}

/// A role.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Role {
    /// Begins and ends with a slash. Default: `/`.
    pub path: Option<String>,
    /// Documents, names under `policies`, or `file:PATH`.
    #[schemars(with = "Option<Vec<PolicyField>>")]
    pub policies: Option<Vec<serde_json::Value>>,
    /// `aws:PrincipalTag/NAME`.
    pub tags: Option<BTreeMap<String, String>>,
    /// The permissions boundary: a document, a name under `policies`, or `file:PATH`.
    #[schemars(with = "Option<PolicyField>")]
    pub boundary: Option<serde_json::Value>,
}

/// An access key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccessKey {
    /// 3 to 128 letters, digits and underscores.
    #[schemars(required)]
    pub id: Option<String>,
    /// The secret access key, best as `file:PATH` or `${NAME}`.
    #[schemars(required)]
    pub secret: Option<String>,
    /// Default: active.
    pub status: Option<KeyStatus>,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It is refused.
    Inactive,
}

/// Schema of a policy document or a reference to one.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum PolicyField {
    /// A name under `policies`, or `file:PATH`.
    Reference(String),
    /// An identity policy in AWS's form.
    Document(serde_json::Map<String, serde_json::Value>),
}
