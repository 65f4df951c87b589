//! AssumeRoleWithWebIdentity: sessions for who an identity provider vouches for.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use super::assume::{Asking, Chain, Desk, Said, assumed, terms};
use super::call::{AssumeRoleWithWebIdentity, Wish, check_reserved, distinct, keys_of};
use super::checks::{Checks, Echo, NAME, TAG};
use super::context::Asked;
use super::credentials::Fresh;
use super::error::{Code, StsError};
use super::issue::{Assumed, Web};
use super::jwt::{Claims, Issuer, Jwks, JwtError, Reach, Token};
use super::session::{Terms, Vouched};
use crate::document::{Node, Value};
use crate::identity::{Account, Caller, CallerKind, Principal, Role};
use crate::policy::{Credentials, PolicySet};
use crate::s3::names::AccountId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The claims that AWS reads tags and the source identity from.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp>
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The claims that later requests of the session can be judged by.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
const KEPT: [&str; 4] = ["amr", "aud", "email", "sub"];

/// Makes a session of a role for who holds a token of a provider. The provider is found by [`Token::issuer`] of the
/// call's token; its keys are fetched before.
///
/// # Errors
/// The token cannot be believed, the role does not trust it, or the session may not be as asked.
pub fn assume_role_with_web_identity(
    call: &AssumeRoleWithWebIdentity,
    issuer: &Issuer,
    keys: &Jwks,
    desk: &Desk<'_>,
    fresh: Fresh,
) -> Result<Assumed, StsError> {
    let claims = Token::parse(&call.token.0)
        .and_then(|token| token.verify(keys, issuer, desk.around.now))
        .map_err(|error| StsError::from(&error))?;
    let (role, terms) = grant(&call.wish, &claims, issuer, desk)?;
    let web = Web {
        subject: claims.subject.clone(),
        audience: audience(&claims, issuer),
        issuer: issuer.url.as_str().into(),
    };
    assumed(&call.wish, role, terms, Some(web), desk, fresh)
}

/// The caller that a verified token stands for by itself, without credentials: a session of the role that the issuer's
/// rules name, named after the token's subject, if the role trusts it. It is as old as the token.
///
/// # Errors
/// No rule names a role, or the role does not trust the token.
pub fn bearer(claims: &Claims, issuer: &Issuer, desk: &Desk<'_>) -> Result<Caller, StsError> {
    let role = issuer.mapping.role(claims).ok_or_else(not_authorised)?;
    let wish = Wish {
        role: role.into(),
        session: session_name(&claims.subject),
        seconds: None,
        policy: None,
        policy_arns: Vec::new(),
    };
    let (_, terms) = grant(&wish, claims, issuer, desk)?;
    let terms = Terms {
        issued: claims.issued,
        expires: claims.expires,
        ..terms
    };
    terms.caller(desk.known).map_err(|_| not_authorised())
}

/// A name that a session can have, made of a subject.
fn session_name(subject: &str) -> Box<str> {
    let letter = |c: char| if (NAME.has)(c) { c } else { '-' };
    let name: String = subject.chars().map(letter).take(64).collect();
    match name.len() {
        0 | 1 => format!("web-{name}").into(),
        _ => name.into(),
    }
}

/// The role, if it trusts the token, and the terms of the session.
fn grant<'d>(
    wish: &Wish,
    claims: &Claims,
    issuer: &Issuer,
    desk: &Desk<'d>,
) -> Result<(&'d Role, Terms), StsError> {
    let role = desk.known.roles.find(&wish.role);
    let role = role.ok_or_else(not_authorised)?;
    let all = Vouched {
        provider: issuer.provider(role.account.id).ok_or_else(no_provider)?,
        claims: claims.for_conditions(issuer.url.name()),
    };
    let said = read(claims, issuer)?;
    let asking = Asking {
        principal: Principal::Known(Arc::new(stranger(all.provider.clone()))),
        shown: Some(&Principal::Anonymous),
        role,
        asked: Asked {
            vouched: Some(&all),
            ..said.asked(wish)
        },
        credentials: Credentials::WebIdentity,
    };
    let allowed = asking.authorise(desk.around);
    allowed.map_err(|(_, decision)| StsError {
        decision: Some(Box::new(decision)),
        ..not_authorised()
    })?;
    let terms = Terms {
        vouched: Some(kept(all, issuer.url.name())),
        ..terms(wish, role, Chain::First, said, desk)?
    };
    Ok((role, terms))
}

/// Whom only statements about the provider name: nobody's account, no ARN, no policies.
fn stranger(provider: Box<str>) -> Caller {
    Caller {
        account: Arc::new(Account::new(AccountId::NOBODY, "", "")),
        kind: CallerKind::User { name: "".into() },
        arn: "".into(),
        principal_arn: "".into(),
        user_id: "".into(),
        tags: BTreeMap::new(),
        provider: Some(provider),
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    }
}

fn kept(all: Vouched, issuer: &str) -> Vouched {
    let names = KEPT.map(|claim| format!("{issuer}:{claim}"));
    let kept = |name: &str| names.iter().any(|each| each == name);
    let claims = all.claims.into_iter();
    Vouched {
        provider: all.provider,
        claims: claims.filter(|(name, _)| kept(name)).collect(),
    }
}

fn audience(claims: &Claims, issuer: &Issuer) -> Box<str> {
    let mut all = claims.audience.iter();
    let ours = all.find(|each| issuer.audiences.contains(each));
    ours.cloned().unwrap_or_default()
}

/// What a token says of the session: by the claims that AWS knows, and by the issuer's rules, which count where both
/// speak of the same tag.
fn read(claims: &Claims, issuer: &Issuer) -> Result<Said, StsError> {
    let (mut tags, mut transitive) = claims_of_aws(claims)?;
    for (key, value, reach) in issuer.mapping.tags(claims) {
        tags.retain(|(other, _)| other.to_lowercase() != key.to_lowercase());
        if reach == Reach::Transitive {
            transitive.push(key.clone());
        }
        tags.push((key, value));
    }
    let source_identity = source_identity(claims)?;
    let wrong = |_| rejected("a tag or the source identity has the wrong form");
    check(&tags, source_identity.as_deref()).map_err(wrong)?;
    let tags = distinct(tags).map_err(wrong)?;
    Ok(Said {
        transitive: keys_of(&tags, &transitive).map_err(wrong)?,
        tags,
        source_identity,
    })
}

/// As the parameters of AssumeRole are checked.
fn check(tags: &[(Box<str>, Box<str>)], source_identity: Option<&str>) -> Result<(), StsError> {
    let mut checks = Checks::default();
    checks.count("tags", tags.len(), 50);
    for (key, value) in tags {
        checks.text_with("tags.key", key, 1..=128, TAG, Echo::Hidden);
        checks.text_with("tags.value", value, 0..=256, TAG, Echo::Hidden);
        check_reserved(key, "tags.key", &mut checks);
    }
    if let Some(name) = source_identity {
        checks.text_with("sourceIdentity", name, 2..=64, NAME, Echo::Hidden);
    }
    checks.finish()
}

fn source_identity(claims: &Claims) -> Result<Option<Box<str>>, StsError> {
    let name = claims.find(&[SOURCE_IDENTITY.into()]);
    let text = name.map(|name| name.text().map(Box::from));
    let wrong = || rejected("the source identity is not a text");
    text.map(|text| text.ok_or_else(wrong)).transpose()
}

type Pairs = Vec<(Box<str>, Box<str>)>;

/// `{"principal_tags": {"KEY": ["VALUE"]}, "transitive_tag_keys": ["KEY"]}`
fn claims_of_aws(claims: &Claims) -> Result<(Pairs, Vec<Box<str>>), StsError> {
    let wrong = || rejected("the tags have the wrong form");
    let Some(node) = claims.find(&[TAGS.into()]) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let pairs = node.get("principal_tags").map(Node::entries);
    let pairs = pairs.unwrap_or_default().iter();
    let tags = pairs.map(|entry| Some((entry.name.as_str().into(), single(&entry.value)?)));
    let tags: Option<Pairs> = tags.collect();
    let keys = node.get("transitive_tag_keys").map(texts);
    let keys = keys.unwrap_or_else(|| Some(Vec::new()));
    Ok((tags.ok_or_else(wrong)?, keys.ok_or_else(wrong)?))
}

/// A text, or a list of exactly one.
fn single(node: &Node) -> Option<Box<str>> {
    match &node.value {
        Value::Text(text) => Some(text.as_str().into()),
        Value::List(items) => match items.as_slice() {
            [item] => item.text().map(Box::from),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => None,
    }
}

fn texts(node: &Node) -> Option<Vec<Box<str>>> {
    match &node.value {
        Value::List(items) => items
            .iter()
            .map(|item| item.text().map(Box::from))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => None,
    }
}

impl From<&JwtError> for StsError {
    /// The client learns what its own token shows, and no more.
    fn from(error: &JwtError) -> Self {
        let invalid = |message: &str| Self::new(Code::InvalidIdentityToken, message);
        match error {
            JwtError::Expired(_) => Self::new(
                Code::ExpiredTokenException,
                "Token expired: the web identity token is past its end",
            ),
            JwtError::NotYet(_) => invalid("The web identity token is not valid yet"),
            JwtError::Audience => invalid("Incorrect token audience"),
            JwtError::Issuer => no_provider(),
            JwtError::UnknownKey | JwtError::AmbiguousKey | JwtError::Signature => {
                invalid("Couldn't verify the signature of the web identity token")
            }
            JwtError::Missing(claim) => invalid(&format!("Missing a required claim: {claim}")),
            JwtError::BadClaim(_) => rejected("a claim has the wrong form"),
            JwtError::TooLong
            | JwtError::Malformed(_)
            | JwtError::Unreadable(..)
            | JwtError::TooDeep(_)
            | JwtError::Algorithm(_)
            | JwtError::Critical
            | JwtError::Type(_) => {
                invalid("The ID Token provided is not a valid JWT, or not of a kind that is taken")
            }
        }
    }
}

/// No provider issued the token, as far as the role's account knows.
pub fn no_provider() -> StsError {
    let message = "No OpenIDConnect provider found in your account for the issuer of the token";
    StsError::new(Code::InvalidIdentityToken, message)
}

fn rejected(what: &str) -> StsError {
    StsError::new(
        Code::IDPRejectedClaim,
        format!("The claims of the web identity token were rejected: {what}"),
    )
}

fn not_authorised() -> StsError {
    StsError::denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
}
