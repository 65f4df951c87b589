//! The calls, read from their parameters and checked as AWS checks them.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>

use super::checks::{Checks, EXTERNAL_ID, Echo, NAME, TAG, TEXT};
use super::error::{Code, StsError};
use super::parameters::Parameters;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The version of the service.
pub const VERSION: &str = "2011-06-15";

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `AssumeRole`
    AssumeRole(AssumeRole),
    /// `AssumeRoleWithWebIdentity`, which is not signed.
    AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity),
    /// `GetSessionToken`
    GetSessionToken(GetSessionToken),
    /// `GetCallerIdentity`
    GetCallerIdentity,
}

/// What both ways to a role's session have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// `RoleArn`
    pub role: Box<str>,
    /// `RoleSessionName`
    pub session: Box<str>,
    /// `DurationSeconds`
    pub seconds: Option<u32>,
    /// `Policy`, as passed.
    pub policy: Option<Box<str>>,
    /// `PolicyArns`
    pub policy_arns: Vec<Box<str>>,
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    /// Role, session, duration, policies.
    pub wish: Wish,
    /// `Tags`
    pub tags: BTreeMap<Box<str>, Box<str>>,
    /// `TransitiveTagKeys`, all of them keys of `tags`, as written there.
    pub transitive: BTreeSet<Box<str>>,
    /// `ExternalId`
    pub external_id: Option<Box<str>>,
    /// `SourceIdentity`
    pub source_identity: Option<Box<str>>,
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    /// Role, session, duration, policies.
    pub wish: Wish,
    /// `WebIdentityToken`
    pub token: WebIdentityToken,
}

/// A token as presented: a secret until it expires. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebIdentityToken(pub Box<str>);

impl fmt::Debug for WebIdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSessionToken {
    /// `DurationSeconds`
    pub seconds: Option<u32>,
}

impl Call {
    /// Reads a call from the raw query and, of a POST, the form in its body.
    ///
    /// # Errors
    /// No action we know, parameters that it does not have, or such that do not satisfy their constraints.
    pub fn parse(query: &[u8], body: &[u8]) -> Result<Self, StsError> {
        let mut parameters = Parameters::read(query, body)?;
        let action = parameters
            .take("Action")
            .filter(|action| !action.is_empty());
        let version = parameters.take("Version");
        let missing = || StsError::new(Code::MissingAction, "No action was specified");
        let action = action.ok_or_else(missing)?;
        let known = version.as_deref() == Some(VERSION);
        let call = match &*action {
            "AssumeRole" if known => Self::AssumeRole(AssumeRole::take(&mut parameters)?),
            "AssumeRoleWithWebIdentity" if known => {
                Self::AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity::take(&mut parameters)?)
            }
            "GetSessionToken" if known => {
                Self::GetSessionToken(GetSessionToken::take(&mut parameters)?)
            }
            "GetCallerIdentity" if known => Self::GetCallerIdentity,
            _ => return Err(no_action(&action, version.as_deref())),
        };
        parameters.finish()?;
        Ok(call)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "AssumeRole",
            Self::AssumeRoleWithWebIdentity(_) => "AssumeRoleWithWebIdentity",
            Self::GetSessionToken(_) => "GetSessionToken",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }
}

fn no_action(action: &str, version: Option<&str>) -> StsError {
    let short = |text: &str| text.chars().take(64).collect::<String>();
    let version = version.map_or_else(|| "NO_VERSION_SPECIFIED".to_owned(), short);
    let message = format!(
        "Could not find operation {} for version {version}",
        short(action)
    );
    StsError::new(Code::InvalidAction, message)
}

impl AssumeRole {
    fn take(parameters: &mut Parameters) -> Result<Self, StsError> {
        refuse_mfa(parameters)?;
        let mut checks = Checks::default();
        let wish = Wish::take(parameters, 43_200, &mut checks);
        let tags = take_tags(parameters, &mut checks);
        let transitive = take_texts(parameters, "TransitiveTagKeys", &mut checks);
        checks.count("transitiveTagKeys", transitive.len(), 50);
        let external_id = parameters.take("ExternalId");
        if let Some(id) = &external_id {
            checks.text_with("externalId", id, 2..=1224, EXTERNAL_ID, Echo::Hidden);
        }
        let source_identity = parameters.take("SourceIdentity");
        if let Some(name) = &source_identity {
            checks.text("sourceIdentity", name, 2..=64, NAME);
        }
        checks.finish()?;
        let tags = distinct(tags)?;
        Ok(Self {
            wish: wish.with_a_role()?,
            transitive: keys_of(&tags, &transitive)?,
            tags,
            external_id,
            source_identity,
        })
    }
}

impl AssumeRoleWithWebIdentity {
    fn take(parameters: &mut Parameters) -> Result<Self, StsError> {
        if parameters.take("ProviderId").is_some() {
            let message = "ProviderId is for OAuth 2.0 access tokens, which are not supported";
            return Err(StsError::new(Code::InvalidParameterValue, message));
        }
        let mut checks = Checks::default();
        let wish = Wish::take(parameters, 43_200, &mut checks);
        let name = "webIdentityToken";
        let token = parameters.take("WebIdentityToken");
        let token = checks.required(name, token, 4..=20_000, TEXT, Echo::Hidden);
        checks.finish()?;
        Ok(Self {
            wish: wish.with_a_role()?,
            token: WebIdentityToken(token),
        })
    }
}

impl GetSessionToken {
    fn take(parameters: &mut Parameters) -> Result<Self, StsError> {
        refuse_mfa(parameters)?;
        let mut checks = Checks::default();
        let seconds = take_seconds(parameters, 129_600, &mut checks);
        checks.finish()?;
        Ok(Self { seconds })
    }
}

impl Wish {
    fn take(parameters: &mut Parameters, longest: u32, checks: &mut Checks) -> Self {
        let role = parameters.take("RoleArn");
        let role = checks.required("roleArn", role, 20..=2048, TEXT, Echo::Shown);
        let session = parameters.take("RoleSessionName");
        let session = checks.required("roleSessionName", session, 2..=64, NAME, Echo::Shown);
        let policy = parameters.take("Policy");
        if let Some(policy) = &policy {
            checks.text_with("policy", policy, 1..=2048, TEXT, Echo::Hidden);
        }
        let arns = parameters.list("PolicyArns", ["arn"]);
        checks.count("policyArns", arns.len(), 10);
        let name = "policyArns.member.arn";
        let policy_arns = arns
            .into_iter()
            .map(|[arn]| checks.required(name, arn, 20..=2048, TEXT, Echo::Shown))
            .collect();
        Self {
            role,
            session,
            seconds: take_seconds(parameters, longest, checks),
            policy,
            policy_arns,
        }
    }

    fn with_a_role(self) -> Result<Self, StsError> {
        let mut parts = self.role.splitn(6, ':');
        let kind = parts.nth(5).unwrap_or_default();
        let is_role = self.role.starts_with("arn:aws:iam::") && kind.starts_with("role/");
        if !is_role {
            let message = format!("{} is invalid", self.role);
            return Err(StsError::new(Code::ValidationError, message));
        }
        Ok(self)
    }
}

fn take_seconds(parameters: &mut Parameters, longest: u32, checks: &mut Checks) -> Option<u32> {
    let text = parameters.take("DurationSeconds");
    checks.number("durationSeconds", text.as_deref(), 900..=longest)
}

/// A device for one-time codes cannot be registered with the gateway.
fn refuse_mfa(parameters: &mut Parameters) -> Result<(), StsError> {
    let named = ["SerialNumber", "TokenCode"].map(|name| parameters.take(name));
    match named.iter().any(Option::is_some) {
        false => Ok(()),
        true => Err(StsError::denied(
            "MultiFactorAuthentication failed, it is not supported here",
        )),
    }
}

fn take_texts(parameters: &mut Parameters, name: &str, checks: &mut Checks) -> Vec<Box<str>> {
    let members = parameters.list(name, [""]).into_iter();
    let texts: Vec<Box<str>> = members.flatten().flatten().collect();
    for text in &texts {
        checks.text("transitiveTagKeys", text, 1..=128, TAG);
    }
    texts
}

fn take_tags(parameters: &mut Parameters, checks: &mut Checks) -> Vec<(Box<str>, Box<str>)> {
    let members = parameters.list("Tags", ["Key", "Value"]);
    checks.count("tags", members.len(), 50);
    let mut tags = Vec::new();
    for (index, [key, value]) in members.into_iter().enumerate() {
        let at = |field| format!("tags.{}.member.{field}", index + 1);
        let key = checks.required(&at("key"), key, 1..=128, TAG, Echo::Shown);
        let value = checks.required(&at("value"), value, 0..=256, TAG, Echo::Shown);
        check_reserved(&key, &at("key"), checks);
        tags.push((key, value));
    }
    tags
}

/// AWS keeps `aws:` to itself, in tags and in source identities.
pub(super) fn check_reserved(text: &str, at: &str, checks: &mut Checks) {
    let start = text.get(..4);
    if start.is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        checks.fail(at, text, Echo::Shown, "Member must not begin with aws:");
    }
}

/// Keys differ in more than their case.
pub(super) fn distinct(
    tags: Vec<(Box<str>, Box<str>)>,
) -> Result<BTreeMap<Box<str>, Box<str>>, StsError> {
    let mut seen = BTreeSet::new();
    if !tags.iter().all(|(key, _)| seen.insert(key.to_lowercase())) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(StsError::new(Code::InvalidParameterValue, message));
    }
    Ok(tags.into_iter().collect())
}

/// These keys as the tags have them.
pub(super) fn keys_of(
    tags: &BTreeMap<Box<str>, Box<str>>,
    wanted: &[Box<str>],
) -> Result<BTreeSet<Box<str>>, StsError> {
    let missing = || {
        let message = "The specified transitive tag key must be included in the requested tags.";
        StsError::new(Code::InvalidParameterValue, message)
    };
    let find = |key: &str| {
        let mut keys = tags.keys();
        let found = keys.find(|tag| tag.to_lowercase() == key.to_lowercase());
        found.cloned().ok_or_else(missing)
    };
    wanted.iter().map(|key| find(key)).collect()
}

#[cfg(test)]
mod tests;
