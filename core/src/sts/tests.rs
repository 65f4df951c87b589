pub(super) mod kit;

use self::kit::*;
use super::jwt::tests::signer::SIGNER;
use super::jwt::{Accounts, Algorithm, Issuer, IssuerUrl, Jwks, Leeway, Mapping, Token};
use super::*;
use crate::identity::Caller;
use crate::policy::{Missing, PolicyKind, Verdict};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, StsError>, code: Code, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code, &*error.message), (code, message));
}

const NOT_ALICE: &str = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/team/app";

#[test]
fn a_session_goes_through_its_token() {
    let world = world();
    let assumed = world.assume(&world.alice(), &form(ROLE, "s1", "")).unwrap();
    assert_eq!(
        &*assumed.arn,
        "arn:aws:sts::111122223333:assumed-role/app/s1"
    );
    assert_eq!(&*assumed.user_id, "AROAAPP:s1");
    assert_eq!(assumed.packed_percent, None);
    let terms = &assumed.issued.session.terms;
    assert_eq!(
        (terms.issued, terms.expires.as_second()),
        (now(), NOW + 3600)
    );
    let caller = world.caller_of(&assumed);
    assert_eq!(
        (&caller.arn, &caller.user_id),
        (&assumed.arn, &assumed.user_id)
    );
}

#[test]
fn a_role_that_does_not_exist_is_refused_like_one_that_does_not_trust() {
    let world = world_with(|role| {
        role.trust = policy(
            PolicyKind::Trust,
            &["Effect: Allow, Principal: {AWS: '444455556666'}, Action: 'sts:AssumeRole'"],
        );
    });
    let denied = world
        .assume(&world.alice(), &form(ROLE, "s1", ""))
        .unwrap_err();
    assert_eq!(
        (denied.code, &*denied.message),
        (Code::AccessDenied, NOT_ALICE)
    );
    let verdict = denied.decision.unwrap().verdict;
    assert_eq!(verdict, Verdict::ImplicitDeny(Missing::Resource));
    let gone = ROLE.replace("app", "gone");
    let missing = world
        .assume(&world.alice(), &form(&gone, "s1", ""))
        .unwrap_err();
    assert_eq!(
        &*missing.message,
        NOT_ALICE.replace("team/app", "team/gone")
    );
}

#[test]
fn root_users_assume_no_roles() {
    let world = world();
    let root = Arc::new(root(&account(ACCOUNT)));
    let message = "Roles may not be assumed by root accounts.";
    refused(
        world.assume(&root, &form(ROLE, "s1", "")),
        Code::AccessDenied,
        message,
    );
}

#[test]
fn sessions_last_as_long_as_the_role_allows() {
    let world = world();
    for (seconds, good) in [(900, true), (7200, true), (7201, false)] {
        let more = format!("&DurationSeconds={seconds}");
        let assumed = world.assume(&world.alice(), &form(ROLE, "s1", &more));
        match good {
            true => assert_eq!(
                assumed.unwrap().issued.session.terms.expires.as_second(),
                NOW + seconds
            ),
            false => refused(
                assumed,
                Code::ValidationError,
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ),
        }
    }
}

#[test]
fn a_chain_lasts_an_hour() {
    let world = world();
    let first = world.assume(&world.alice(), &form(NEXT, "s1", "")).unwrap();
    let caller = world.caller_of(&first);
    for (seconds, good) in [(3600, true), (3601, false)] {
        let more = format!("&DurationSeconds={seconds}");
        let assumed = world.assume(&caller, &form(ROLE, "s2", &more));
        match good {
            true => assert!(assumed.is_ok()),
            false => refused(
                assumed,
                Code::ValidationError,
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ),
        }
    }
}

fn tag(number: usize, key: &str, value: &str) -> String {
    format!("&Tags.member.{number}.Key={key}&Tags.member.{number}.Value={value}")
}

#[test]
fn transitive_tags_go_on_and_cannot_be_changed() {
    let world = world();
    let more = format!(
        "{}{}&TransitiveTagKeys.member.1=Team",
        tag(1, "Team", "red"),
        tag(2, "own", "x")
    );
    let first = world
        .assume(&world.alice(), &form(NEXT, "s1", &more))
        .unwrap();
    let caller = world.caller_of(&first);
    assert_eq!(caller.tags.get("own").map(|value| &**value), Some("x"));
    let second = world
        .assume(&caller, &form(ROLE, "s2", &tag(1, "more", "y")))
        .unwrap();
    let expected: BTreeMap<Box<str>, Box<str>> = [("Team", "red"), ("more", "y")]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    assert_eq!(second.issued.session.terms.tags, expected);
    let third = world
        .assume(&world.caller_of(&second), &form(NEXT, "s3", ""))
        .unwrap();
    let tags = &third.issued.session.terms.tags;
    assert_eq!(tags.keys().map(|key| &**key).collect::<Vec<_>>(), ["Team"]);
    let message = "One of the specified session tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
    for key in ["Team", "TEAM"] {
        let again = world.assume(&caller, &form(ROLE, "s2", &tag(1, key, "blue")));
        refused(again, Code::InvalidParameterValue, message);
    }
}

#[test]
fn a_source_identity_stays() {
    let world = world();
    let identity = |name: &str| format!("&SourceIdentity={name}");
    let first = world
        .assume(&world.alice(), &form(NEXT, "s1", &identity("alice")))
        .unwrap();
    let caller = world.caller_of(&first);
    for more in [String::new(), identity("alice")] {
        let second = world.assume(&caller, &form(ROLE, "s2", &more)).unwrap();
        let found = second.issued.session.terms.source_identity;
        assert_eq!(found.as_deref(), Some("alice"));
    }
    let other = world.assume(&caller, &form(ROLE, "s2", &identity("bob")));
    refused(
        other,
        Code::AccessDenied,
        "The source identity of a session cannot be changed.",
    );
}

#[test]
fn tags_and_source_identity_take_permissions_also_when_inherited() {
    let untagged = |action: &str| {
        let allow = format!(
            "Effect: Allow, Principal: {{AWS: '{ACCOUNT}'}}, Action: ['sts:AssumeRole', '{action}']"
        );
        world_with(|role| role.trust = policy(PolicyKind::Trust, &[&allow]))
    };
    let tags = tag(1, "a", "b");
    let identity = "&SourceIdentity=alice";
    let lacks = |action: &str| NOT_ALICE.replace("sts:AssumeRole", action);
    let no_identity = untagged("sts:TagSession");
    let alice = no_identity.alice();
    assert!(no_identity.assume(&alice, &form(ROLE, "s1", &tags)).is_ok());
    refused(
        no_identity.assume(&alice, &form(ROLE, "s1", identity)),
        Code::AccessDenied,
        &lacks("sts:SetSourceIdentity"),
    );
    let no_tags = untagged("sts:SetSourceIdentity");
    assert!(no_tags.assume(&alice, &form(ROLE, "s1", identity)).is_ok());
    refused(
        no_tags.assume(&alice, &form(ROLE, "s1", &tags)),
        Code::AccessDenied,
        &lacks("sts:TagSession"),
    );
    let inherited = |world: &World, more: &str| {
        let first = world
            .assume(&world.alice(), &form(NEXT, "s1", more))
            .unwrap();
        let second = world.assume(&world.caller_of(&first), &form(ROLE, "s2", ""));
        second.map(|_| ()).map_err(|error| error.code)
    };
    assert_eq!(inherited(&no_identity, identity), Err(Code::AccessDenied));
    assert_eq!(inherited(&no_tags, identity), Ok(()));
    let transitive = format!("{tags}&TransitiveTagKeys.member.1=a");
    assert_eq!(inherited(&no_tags, &transitive), Err(Code::AccessDenied));
    assert_eq!(inherited(&no_tags, &tags), Ok(()));
    assert_eq!(inherited(&no_identity, &transitive), Ok(()));
}

fn encoded(text: &str) -> String {
    crate::request::encode_query_component(text)
}

#[test]
fn session_policies_must_be_readable() {
    let world = world();
    let with = |document: &str| {
        let more = format!("&Policy={}", encoded(document));
        world.assume(&world.alice(), &form(ROLE, "s1", &more))
    };
    let good = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
    let assumed = with(good).unwrap();
    let packed = assumed.issued.session.terms.limits.document.unwrap();
    assert!(!packed.contains(' '), "{packed}");
    assert_eq!(assumed.packed_percent, Some(3));
    refused(
        with("{"),
        Code::MalformedPolicyDocument,
        "This policy contains invalid Json",
    );
    refused(
        with(r#"{"a": 1, "a": 2}"#),
        Code::MalformedPolicyDocument,
        "This policy contains invalid Json",
    );
    for bad in [
        "{}",
        r#"{"Statement": []}"#,
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "allow", "Action": "s3:*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:*"}}"#,
    ] {
        refused(
            with(bad),
            Code::MalformedPolicyDocument,
            "The policy is not a valid session policy.",
        );
    }
}

#[test]
fn managed_session_policies_are_of_the_roles_account() {
    let world = world();
    let with = |arn: &str| {
        let more = format!("&PolicyArns.member.1.arn={arn}");
        world.assume(&world.alice(), &form(ROLE, "s1", &more))
    };
    assert!(with(READ_ONLY).is_ok());
    for gone in [
        "arn:aws:iam::111122223333:policy/gone",
        "arn:aws:iam::444455556666:policy/read-only",
        "arn:aws:iam::aws:policy/read-only",
    ] {
        let message = format!("The policy {gone} does not exist.");
        refused(with(gone), Code::MalformedPolicyDocument, &message);
    }
}

#[test]
fn what_does_not_fit_into_a_token_is_refused() {
    let world = world();
    let tags = |count: usize| {
        let tag = |n: usize| tag(n, &format!("k{n:02}"), &"v".repeat(250));
        (1..=count).map(tag).collect::<String>()
    };
    let with = |count| world.assume(&world.alice(), &form(ROLE, "s1", &tags(count)));
    assert_eq!(with(15).unwrap().packed_percent, Some(95));
    refused(
        with(16),
        Code::PackedPolicyTooLarge,
        "Packed size of session tags consumes 101% of allotted space.",
    );
    let policy = |length: usize| {
        let document = format!("{{\"Statement\":[]{}}}", " ".repeat(length));
        let more = format!(
            "&Policy={}&PolicyArns.member.1.arn={READ_ONLY}",
            encoded(&document)
        );
        world
            .assume(&world.alice(), &form(ROLE, "s1", &more))
            .unwrap_err()
            .code
    };
    assert_eq!(
        policy(2048 - 16 - READ_ONLY.len()),
        Code::MalformedPolicyDocument
    );
    assert_eq!(
        policy(2048 - 15 - READ_ONLY.len()),
        Code::PackedPolicyTooLarge
    );
}

#[test]
fn the_longest_token_stays_within_its_bound() {
    let world = world();
    let arns = format!("&PolicyArns.member.1.arn={READ_ONLY}");
    let tags: String = (1..=15)
        .map(|n| tag(n, &format!("k{n:02}"), &"v".repeat(245)))
        .collect();
    let more = format!("{arns}{tags}&SourceIdentity={}", "s".repeat(64));
    let assumed = world
        .assume(&world.alice(), &form(ROLE, &"n".repeat(64), &more))
        .unwrap();
    let length = assumed.issued.token.expose().len();
    assert!((5_500..7_000).contains(&length), "{length}");
}

#[test]
fn session_tokens_are_for_users_with_long_term_keys() {
    let world = world();
    let get = |caller: &Caller, seconds| {
        let issued = get_session_token(
            &GetSessionToken { seconds },
            caller,
            &world.desk(),
            fresh(1),
        );
        issued.map(|issued| issued.session.terms.expires.as_second() - NOW)
    };
    let alice = world.alice();
    assert_eq!(get(&alice, None), Ok(43_200));
    assert_eq!(get(&alice, Some(129_600)), Ok(129_600));
    let root = root(&account(ACCOUNT));
    assert_eq!(get(&root, None), Ok(3600));
    assert_eq!(get(&root, Some(900)), Ok(900));
    assert_eq!(get(&root, Some(129_600)), Ok(3600));
    let message = "Cannot call GetSessionToken with session credentials";
    let assumed = world.assume(&alice, &form(ROLE, "s1", "")).unwrap();
    refused(
        get(&world.caller_of(&assumed), None),
        Code::AccessDenied,
        message,
    );
    let issued = get_session_token(
        &GetSessionToken { seconds: None },
        &alice,
        &world.desk(),
        fresh(1),
    )
    .unwrap();
    let own = issued.session.terms.caller(world.known()).unwrap();
    refused(get(&own, None), Code::AccessDenied, message);
    assert_eq!(own.arn, alice.arn);
    assert!(
        world
            .assume(&Arc::new(own), &form(ROLE, "s1", "&DurationSeconds=7200"))
            .is_ok()
    );
}

fn issuer() -> Issuer {
    Issuer {
        url: IssuerUrl::parse(ISSUER).unwrap(),
        audiences: vec!["gateway".into()],
        algorithms: Algorithm::ALL.into(),
        leeway: Leeway::default(),
        accounts: Accounts::Every,
        mapping: Mapping::default(),
    }
}

fn web_token(changes: &Json) -> String {
    let mut claims = json!({"iss": ISSUER, "sub": "repo:acme", "aud": "gateway", "exp": NOW + 600, "iat": NOW - 5, "email": "a@b", "secret": "s"});
    claims
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    SIGNER.token(Algorithm::Es256, &claims)
}

/// What becomes of a token with these claims.
fn web_with(
    world: &World,
    issuer: &Issuer,
    changes: &Json,
    more: &str,
) -> Result<Assumed, StsError> {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=s1&WebIdentityToken={}{more}",
        web_token(changes)
    );
    let Call::AssumeRoleWithWebIdentity(call) = Call::parse(b"", form.as_bytes())? else {
        panic!("another call");
    };
    let keys = Jwks::parse(&SIGNER.jwks()).unwrap();
    assume_role_with_web_identity(&call, issuer, &keys, &world.desk(), fresh(7))
}

fn web(changes: &Json) -> Result<Assumed, StsError> {
    web_with(&world(), &issuer(), changes, "")
}

const NOT_WEB: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

#[test]
fn a_session_of_a_web_identity() {
    let assumed = web(&json!({})).unwrap();
    let expected = Web {
        subject: "repo:acme".into(),
        audience: "gateway".into(),
        issuer: ISSUER.into(),
    };
    assert_eq!(assumed.web, Some(expected));
    let vouched = assumed.issued.session.terms.vouched.as_ref().unwrap();
    assert_eq!(
        &*vouched.provider,
        "arn:aws:iam::111122223333:oidc-provider/id.example.com"
    );
    let kept: Vec<_> = vouched.claims.keys().map(|key| &**key).collect();
    assert_eq!(
        kept,
        [
            "id.example.com:aud",
            "id.example.com:email",
            "id.example.com:sub"
        ]
    );
    let caller = world().caller_of(&assumed);
    assert_eq!(caller.provider.as_ref(), Some(&vouched.provider));
}

#[test]
fn a_web_identity_is_refused_with_awss_codes() {
    for (changes, code) in [
        (json!({"exp": NOW - 100}), Code::ExpiredTokenException),
        (json!({"nbf": NOW + 100}), Code::InvalidIdentityToken),
        (json!({"aud": "other"}), Code::InvalidIdentityToken),
        (
            json!({"iss": "https://other.example.com"}),
            Code::InvalidIdentityToken,
        ),
        (json!({"sub": ""}), Code::IDPRejectedClaim),
        (json!({"sub": "repo:other"}), Code::AccessDenied),
    ] {
        assert_eq!(web(&changes).unwrap_err().code, code, "{changes}");
    }
    refused(
        web(&json!({"sub": "repo:other"})),
        Code::AccessDenied,
        NOT_WEB,
    );
}

#[test]
fn a_provider_vouches_where_it_is_registered() {
    let elsewhere = Issuer {
        accounts: Accounts::Only([account("444455556666").id].into()),
        ..issuer()
    };
    let refusal = web_with(&world(), &elsewhere, &json!({}), "");
    assert_eq!(refusal.unwrap_err().code, Code::InvalidIdentityToken);
}

/// A role that trusts this principal for a web identity.
fn trusting(principal: &str) -> Result<(), Code> {
    let allow = format!("Effect: Allow, Principal: {principal}, Action: 'sts:*'");
    let world = world_with(|role| role.trust = policy(PolicyKind::Trust, &[&allow]));
    let assumed = web_with(&world, &issuer(), &json!({}), "");
    assumed.map(|_| ()).map_err(|error| error.code)
}

#[test]
fn only_the_providers_name_lets_its_tokens_in() {
    assert_eq!(
        trusting("{Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com'}"),
        Ok(())
    );
    for other in [
        "'*'",
        "{AWS: '*'}",
        "{AWS: '111122223333'}",
        "{AWS: '000000000000'}",
        "{AWS: 'arn:aws:iam::111122223333:role/team/app'}",
        "{Federated: 'arn:aws:iam::444455556666:oidc-provider/id.example.com'}",
        "{Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com/'}",
        "{Federated: 'id.example.com'}",
        "{Service: 'sts.amazonaws.com'}",
    ] {
        assert_eq!(trusting(other), Err(Code::AccessDenied), "{other}");
    }
}

#[test]
fn a_web_identity_does_not_sign_calls_of_assume_role() {
    let world = world_with(|role| {
        role.trust = policy(
            PolicyKind::Trust,
            &[
                "Effect: Allow, Principal: {Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com'}, Action: 'sts:AssumeRole'",
            ],
        );
    });
    let refusal = web_with(&world, &issuer(), &json!({}), "");
    refused(refusal, Code::AccessDenied, NOT_WEB);
}

#[test]
fn tags_and_source_identity_come_out_of_the_token() {
    let tags = json!({
        "https://aws.amazon.com/tags": {"principal_tags": {"Team": ["red"], "Cost": "7"}, "transitive_tag_keys": ["team"]},
        "https://aws.amazon.com/source_identity": "alice",
    });
    let terms = web(&tags).unwrap().issued.session.terms;
    let expected = [("Cost", "7"), ("Team", "red")].map(|(k, v)| (k.into(), v.into()));
    assert_eq!(terms.tags, expected.into());
    assert_eq!(terms.transitive, ["Team".into()].into());
    assert_eq!(terms.source_identity.as_deref(), Some("alice"));
    for bad in [
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": ["red", "blue"]}}}),
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": []}}}),
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": [7]}}}),
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": "a", "TEAM": "b"}}}),
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"aws:x": "a"}}}),
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"a*": "a"}}}),
        json!({"https://aws.amazon.com/tags": {"transitive_tag_keys": ["Team"]}}),
        json!({"https://aws.amazon.com/tags": {"transitive_tag_keys": "Team"}}),
        json!({"https://aws.amazon.com/source_identity": 7}),
        json!({"https://aws.amazon.com/source_identity": "a b"}),
    ] {
        assert_eq!(web(&bad).unwrap_err().code, Code::IDPRejectedClaim, "{bad}");
    }
}

#[test]
fn rules_of_the_issuer_count_before_tags_of_the_token() {
    use super::jwt::{ClaimPath, Reach, TagRule};
    let rule = |claim: &str, key: &str| TagRule {
        claim: ClaimPath::new([claim]).unwrap(),
        key: key.into(),
        reach: Reach::Transitive,
    };
    let issuer = Issuer {
        mapping: Mapping {
            tags: vec![rule("sub", "team")],
            roles: Vec::new(),
        },
        ..issuer()
    };
    let claims =
        json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": "forged", "x": "y"}}});
    let terms = web_with(&world(), &issuer, &claims, "")
        .unwrap()
        .issued
        .session
        .terms;
    let expected = [("team", "repo:acme"), ("x", "y")].map(|(k, v)| (k.into(), v.into()));
    assert_eq!(terms.tags, expected.into());
    assert_eq!(terms.transitive, ["team".into()].into());
}

#[test]
fn a_role_that_trusts_no_tags_takes_no_token_with_tags() {
    let allow = "Effect: Allow, Principal: {Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com'}, Action: 'sts:AssumeRoleWithWebIdentity'";
    let world = world_with(|role| role.trust = policy(PolicyKind::Trust, &[allow]));
    let with = |changes: Json| {
        web_with(&world, &issuer(), &changes, "")
            .map(|_| ())
            .map_err(|error| error.code)
    };
    assert_eq!(with(json!({})), Ok(()));
    let tags = json!({"https://aws.amazon.com/tags": {"principal_tags": {"Team": "red"}}});
    assert_eq!(with(tags), Err(Code::AccessDenied));
    assert_eq!(
        with(json!({"https://aws.amazon.com/source_identity": "alice"})),
        Err(Code::AccessDenied)
    );
}

#[test]
fn session_policies_and_durations_hold_for_web_identities_too() {
    let world = world();
    let with =
        |more: &str| web_with(&world, &issuer(), &json!({}), more).map_err(|error| error.code);
    assert!(with("&DurationSeconds=7200").is_ok());
    assert_eq!(
        with("&DurationSeconds=7201").unwrap_err(),
        Code::ValidationError
    );
    assert_eq!(
        with("&Policy=x").unwrap_err(),
        Code::MalformedPolicyDocument
    );
    let narrowed = with(&format!("&PolicyArns.member.1.arn={READ_ONLY}")).unwrap();
    assert!(world.caller_of(&narrowed).session_policy.is_some());
}

#[test]
fn a_bearer_is_the_role_that_the_rules_name() {
    use super::jwt::RoleRule;
    let with = |role: &str, changes: &Json| {
        let issuer = Issuer {
            mapping: Mapping {
                tags: Vec::new(),
                roles: vec![RoleRule {
                    when: Vec::new(),
                    role: role.into(),
                }],
            },
            ..issuer()
        };
        let text = web_token(changes);
        let keys = Jwks::parse(&SIGNER.jwks()).unwrap();
        let claims = Token::parse(&text)
            .unwrap()
            .verify(&keys, &issuer, now())
            .unwrap();
        bearer(&claims, &issuer, &world().desk())
    };
    let caller = with(ROLE, &json!({})).unwrap();
    assert_eq!(
        &*caller.arn,
        "arn:aws:sts::111122223333:assumed-role/app/repo-acme"
    );
    assert_eq!(caller.session.unwrap().issued.as_second(), NOW - 5);
    refused(
        with(ROLE, &json!({"sub": "x"})),
        Code::AccessDenied,
        NOT_WEB,
    );
    refused(
        with("arn:aws:iam::111122223333:role/gone", &json!({})),
        Code::AccessDenied,
        NOT_WEB,
    );
    let text = web_token(&json!({}));
    let keys = Jwks::parse(&SIGNER.jwks()).unwrap();
    let claims = Token::parse(&text)
        .unwrap()
        .verify(&keys, &issuer(), now())
        .unwrap();
    refused(
        bearer(&claims, &issuer(), &world().desk()),
        Code::AccessDenied,
        NOT_WEB,
    );
}

#[test]
fn t48_what_is_issued_prints_no_secret() {
    let world = world();
    let assumed = world.assume(&world.alice(), &form(ROLE, "s1", "")).unwrap();
    let shown = format!("{assumed:?}");
    assert!(!shown.contains(assumed.issued.session.secret.expose()));
    assert!(!shown.contains(assumed.issued.token.expose()));
}

#[test]
fn a_session_of_a_provider_calls_with_its_own_permissions() {
    let silent = |world: &World| {
        let assumed = web_with(world, &issuer(), &json!({}), "").unwrap();
        let caller = (*world.caller_of(&assumed)).clone();
        let policies = set(&["Effect: Allow, Action: 's3:*', Resource: '*'"]);
        Arc::new(Caller { policies, ..caller })
    };
    let allow = "Effect: Allow, Principal: {Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com'}, Action: 'sts:*'";
    let world = world_with(|role| role.trust = policy(PolicyKind::Trust, &[allow]));
    let caller = silent(&world);
    let refusal = world.assume(&caller, &form(ROLE, "s2", "")).unwrap_err();
    let verdict = refusal.decision.unwrap().verdict;
    assert_eq!(verdict, Verdict::ImplicitDeny(Missing::Identity));
    let may = set(&["Effect: Allow, Action: 'sts:*', Resource: '*'"]);
    let caller = Arc::new(Caller {
        policies: may,
        ..(*caller).clone()
    });
    assert!(world.assume(&caller, &form(ROLE, "s2", "")).is_ok());
}
