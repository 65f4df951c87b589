//! An identity provider as the gateway is told of it.

use super::algorithm::Algorithm;
use super::mapping::Mapping;
use crate::s3::names::AccountId;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// An OpenID Connect provider.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
#[derive(Debug, Clone)]
pub struct Issuer {
    /// Compared with `iss`, exactly.
    pub url: IssuerUrl,
    /// One of them must be in `aud`; none of them lets no token in.
    pub audiences: Vec<Box<str>>,
    /// What its tokens may be signed with.
    pub algorithms: BTreeSet<Algorithm>,
    /// How far its clock may be off.
    pub leeway: Leeway,
    /// The accounts in which it is registered.
    pub accounts: Accounts,
    /// What its claims say of tags and roles.
    pub mapping: Mapping,
}

/// In which accounts a provider is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accounts {
    /// In every one.
    Every,
    /// In these.
    Only(BTreeSet<AccountId>),
}

/// The URL of an issuer: `https://HOST`, with or without a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IssuerUrl(Box<str>);

/// Why a text is no issuer's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an issuer: `https://HOST` and perhaps a path, at most 255 characters")]
pub struct BadIssuer(Box<str>);

/// Providers whose name in policies is their domain and not an ARN.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity>
const BUILT_IN: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

const SCHEME: &str = "https://";

impl IssuerUrl {
    /// Checks the form that AWS wants.
    ///
    /// # Errors
    /// No https, no host, a query, a fragment, a user, or more than 255 characters.
    pub fn parse(text: &str) -> Result<Self, BadIssuer> {
        let rest = text.strip_prefix(SCHEME).unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@\"<>\\^`{|}".contains(&byte);
        let host = rest.split('/').next().unwrap_or_default();
        let good = text.len() <= 255 && !host.is_empty() && rest.bytes().all(plain);
        good.then(|| Self(text.into()))
            .ok_or_else(|| BadIssuer(text.into()))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the scheme: what stands before the colon in condition keys, `HOST/PATH:sub`.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(SCHEME).unwrap_or(&self.0)
    }
}

impl Issuer {
    /// What trust policies of an account's roles call it, which is also `aws:FederatedProvider`; none if it is not
    /// registered there.
    pub fn provider(&self, account: AccountId) -> Option<Box<str>> {
        let registered = match &self.accounts {
            Accounts::Every => true,
            Accounts::Only(accounts) => accounts.contains(&account),
        };
        let name = self.url.name();
        registered.then(|| match BUILT_IN.contains(&name) {
            true => name.into(),
            false => format!("arn:aws:iam::{account}:oidc-provider/{name}").into(),
        })
    }
}

/// How far a provider's clock may be off: at most five minutes, by default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway(SignedDuration);

/// Why a number is no leeway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a leeway: at most 300 seconds")]
pub struct BadLeeway(u32);

impl Leeway {
    /// Seconds, at most 300.
    ///
    /// # Errors
    /// More than that.
    pub fn new(seconds: u32) -> Result<Self, BadLeeway> {
        let fits = seconds <= 300;
        fits.then(|| Self(SignedDuration::from_secs(seconds.into())))
            .ok_or(BadLeeway(seconds))
    }

    pub(super) fn duration(self) -> SignedDuration {
        self.0
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self(SignedDuration::from_secs(60))
    }
}
