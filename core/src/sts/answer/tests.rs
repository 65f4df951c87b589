use super::*;
use crate::sts::error::Code;
use crate::sts::tests::kit::{ISSUER, ROLE, form, fresh, world};
use crate::sts::{GetSessionToken, get_session_token};

#[track_caller]
fn check(xml: Bytes, expected: &str) {
    let text = String::from_utf8(xml.to_vec()).unwrap();
    assert_eq!(text.replace("><", ">\n<"), expected.trim_end());
}

/// With what is sealed or drawn replaced.
fn plain(xml: Bytes, issued: &Issued) -> Bytes {
    let text = String::from_utf8(xml.to_vec()).unwrap();
    let text = text.replace(issued.token.expose(), "TOKEN");
    text.replace(issued.session.secret.expose(), "SECRET")
        .into()
}

#[test]
fn an_assumed_role() {
    let world = world();
    let assumed = world.assume(&world.alice(), &form(ROLE, "s1", "")).unwrap();
    check(
        plain(assumed.to_xml("r1"), &assumed.issued),
        r#"<?xml version="1.0" encoding="UTF-8"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult>
<AssumedRoleUser>
<AssumedRoleId>AROAAPP:s1</AssumedRoleId>
<Arn>arn:aws:sts::111122223333:assumed-role/app/s1</Arn>
</AssumedRoleUser>
<Credentials>
<AccessKeyId>ASIAA4DQOBYHA4DQOBYH</AccessKeyId>
<SecretAccessKey>SECRET</SecretAccessKey>
<SessionToken>TOKEN</SessionToken>
<Expiration>2025-06-15T16:06:40Z</Expiration>
</Credentials>
</AssumeRoleResult>
<ResponseMetadata>
<RequestId>r1</RequestId>
</ResponseMetadata>
</AssumeRoleResponse>"#,
    );
}

#[test]
fn an_assumed_role_with_tags_and_source_identity() {
    let world = world();
    let more = "&Tags.member.1.Key=k&Tags.member.1.Value=v&SourceIdentity=alice";
    let assumed = world
        .assume(&world.alice(), &form(ROLE, "s1", more))
        .unwrap();
    let text = String::from_utf8(assumed.to_xml("r1").to_vec()).unwrap();
    let start = "<AssumeRoleResult><SourceIdentity>alice</SourceIdentity><AssumedRoleUser>";
    assert!(text.contains(start), "{text}");
    assert!(
        text.contains("</Credentials><PackedPolicySize>1</PackedPolicySize></AssumeRoleResult>"),
        "{text}"
    );
}

#[test]
fn an_assumed_role_of_a_web_identity() {
    let world = world();
    let assumed = world.assume(&world.alice(), &form(ROLE, "s1", "")).unwrap();
    let assumed = Assumed {
        web: Some(crate::sts::Web {
            subject: "a&b".into(),
            audience: "gateway".into(),
            issuer: ISSUER.into(),
        }),
        ..assumed
    };
    let text = String::from_utf8(assumed.to_xml("r1").to_vec()).unwrap();
    let start = "<AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>a&amp;b</SubjectFromWebIdentityToken><Audience>gateway</Audience><Provider>https://id.example.com</Provider><AssumedRoleUser>";
    assert!(text.contains(start), "{text}");
}

#[test]
fn a_session_token() {
    let world = world();
    let call = GetSessionToken { seconds: Some(900) };
    let issued = get_session_token(&call, &world.alice(), &world.desk(), fresh(7)).unwrap();
    check(
        plain(issued.to_xml("r1"), &issued),
        r#"<?xml version="1.0" encoding="UTF-8"?>
<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetSessionTokenResult>
<Credentials>
<AccessKeyId>ASIAA4DQOBYHA4DQOBYH</AccessKeyId>
<SecretAccessKey>SECRET</SecretAccessKey>
<SessionToken>TOKEN</SessionToken>
<Expiration>2025-06-15T15:21:40Z</Expiration>
</Credentials>
</GetSessionTokenResult>
<ResponseMetadata>
<RequestId>r1</RequestId>
</ResponseMetadata>
</GetSessionTokenResponse>"#,
    );
}

#[test]
fn a_callers_identity() {
    check(
        caller_identity(&world().alice(), "r1"),
        r#"<?xml version="1.0" encoding="UTF-8"?>
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/alice</Arn>
<UserId>AIDAALICE</UserId>
<Account>111122223333</Account>
</GetCallerIdentityResult>
<ResponseMetadata>
<RequestId>r1</RequestId>
</ResponseMetadata>
</GetCallerIdentityResponse>"#,
    );
}

#[test]
fn a_refusal() {
    let error = StsError::new(Code::ValidationError, "<x> is invalid\r\n");
    check(
        error.to_xml("r1"),
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<Error>
<Type>Sender</Type>
<Code>ValidationError</Code>
<Message>&lt;x&gt; is invalid&#13;
</Message>
</Error>
<RequestId>r1</RequestId>
</ErrorResponse>"#,
    );
}

#[test]
fn statuses_and_faults_are_awss() {
    for code in Code::ALL {
        let fault = if code.status().is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        assert_eq!(code.fault(), fault, "{code:?}");
    }
    for (code, status) in [
        (Code::AccessDenied, 403),
        (Code::ExpiredTokenException, 400),
        (Code::IDPRejectedClaim, 403),
        (Code::InvalidIdentityToken, 400),
        (Code::MalformedPolicyDocument, 400),
        (Code::PackedPolicyTooLarge, 400),
        (Code::ValidationError, 400),
        (Code::InvalidAction, 400),
        (Code::InvalidClientTokenId, 403),
        (Code::InternalFailure, 500),
    ] {
        assert_eq!(code.status().as_u16(), status, "{code:?}");
    }
}
