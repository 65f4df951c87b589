use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// What becomes of a call of AssumeRole with these parameters besides role and session.
fn assume(more: &str) -> Result<AssumeRole, StsError> {
    with(&format!("RoleArn={ROLE}&RoleSessionName=s1{more}"))
}

fn with(parameters: &str) -> Result<AssumeRole, StsError> {
    let form = format!("Action=AssumeRole&Version=2011-06-15&{parameters}");
    match Call::parse(b"", form.as_bytes())? {
        Call::AssumeRole(call) => Ok(call),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, StsError>, code: Code, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code, &*error.message), (code, message));
}

/// One violated constraint.
#[track_caller]
fn invalid(more: &str, message: &str) {
    let message = format!("1 validation error detected: {message}");
    refused(assume(more), Code::ValidationError, &message);
}

#[test]
fn the_action_and_its_version_are_named() {
    let parse = |query: &str| Call::parse(query.as_bytes(), b"");
    let missing = "No action was specified";
    for query in [
        "",
        "Version=2011-06-15",
        "Action=&Version=2011-06-15",
        "action=GetCallerIdentity",
    ] {
        refused(parse(query), Code::MissingAction, missing);
    }
    for (action, version, shown) in [
        ("AssumeRole", "", "NO_VERSION_SPECIFIED"),
        ("AssumeRole", "&Version=2010-05-08", "2010-05-08"),
        ("AssumeRole", "&Version=", ""),
        ("AssumeRoles", "&Version=2011-06-15", "2011-06-15"),
        ("getcalleridentity", "&Version=2011-06-15", "2011-06-15"),
        ("AssumeRoleWithSAML", "&Version=2011-06-15", "2011-06-15"),
        ("GetFederationToken", "&Version=2011-06-15", "2011-06-15"),
    ] {
        let message = format!("Could not find operation {action} for version {shown}");
        refused(
            parse(&format!("Action={action}{version}")),
            Code::InvalidAction,
            &message,
        );
    }
    let call = parse("Action=GetCallerIdentity&Version=2011-06-15").unwrap();
    assert_eq!(
        (call.name(), call),
        ("GetCallerIdentity", Call::GetCallerIdentity)
    );
}

#[test]
fn parameters_come_in_the_query_or_in_the_form() {
    let query = "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900&X-Amz-Signature=abc&X-Amz-Date=x";
    let expected = Call::GetSessionToken(GetSessionToken { seconds: Some(900) });
    assert_eq!(Call::parse(query.as_bytes(), b""), Ok(expected.clone()));
    assert_eq!(Call::parse(b"", query.as_bytes()), Ok(expected.clone()));
    let (one, other) = query.split_at(query.find('&').unwrap());
    assert_eq!(Call::parse(one.as_bytes(), other.as_bytes()), Ok(expected));
}

#[test]
fn what_cannot_be_read_is_refused() {
    for bad in [
        "%",
        "a=%zz",
        "a=%ff",
        "%ff=a",
        "RoleArn=x&RoleArn=x",
        "Tags=&Tags=",
    ] {
        refused(
            with(bad),
            Code::MalformedQueryString,
            "the parameters are malformed",
        );
    }
    let twice = Call::parse(b"Action=GetCallerIdentity", b"Action=GetCallerIdentity");
    refused(
        twice,
        Code::MalformedQueryString,
        "the parameters are malformed",
    );
    let many: String = (0..300).map(|n| format!("&x{n}=1")).collect();
    refused(
        with(&many),
        Code::MalformedQueryString,
        "the parameters are malformed",
    );
}

#[test]
fn a_parameter_that_the_action_does_not_have_is_refused() {
    for name in [
        "Foo",
        "roleSessionName",
        "ProvidedContexts.member.1.ProviderArn",
        "WebIdentityToken",
        "Tags.member.0.Key",
        "Tags.member.01.Key",
        "Tags.member.x.Key",
        "Tags.1.Key",
        "Tags.member.1.Foo",
        "TransitiveTagKeys.member.1.Key",
    ] {
        let tag = if name == "Tags.member.1.Foo" {
            "&Tags.member.1.Key=a&Tags.member.1.Value="
        } else {
            ""
        };
        let message = format!("The parameter {name} is not supported by this action");
        refused(
            assume(&format!("{tag}&{name}=x")),
            Code::InvalidQueryParameter,
            &message,
        );
    }
    let identity = Call::parse(
        b"Action=GetCallerIdentity&Version=2011-06-15&RoleArn=x",
        b"",
    );
    refused(
        identity,
        Code::InvalidQueryParameter,
        "The parameter RoleArn is not supported by this action",
    );
}

#[test]
fn a_call_is_read_whole() {
    let call = assume(
        "&DurationSeconds=3600&Policy=%7B%7D&PolicyArns.member.1.arn=arn:aws:iam::aws:policy/A\
         &Tags.member.2.Key=b&Tags.member.2.Value=&Tags.member.1.Key=Gr%C3%BCn&Tags.member.1.Value=x+y%2B\
         &TransitiveTagKeys.member.1=B&ExternalId=e:1/2&SourceIdentity=alice@example",
    );
    let tags = [("Grün", "x y+"), ("b", "")];
    let expected = AssumeRole {
        wish: Wish {
            role: ROLE.into(),
            session: "s1".into(),
            seconds: Some(3600),
            policy: Some("{}".into()),
            policy_arns: vec!["arn:aws:iam::aws:policy/A".into()],
        },
        tags: tags.map(|(key, value)| (key.into(), value.into())).into(),
        transitive: ["b".into()].into(),
        external_id: Some("e:1/2".into()),
        source_identity: Some("alice@example".into()),
    };
    assert_eq!(call, Ok(expected));
    let empty = assume("&Tags=&PolicyArns=&TransitiveTagKeys=").unwrap();
    assert!(empty.tags.is_empty() && empty.wish.policy_arns.is_empty());
}

#[test]
fn role_and_session_must_be_there() {
    refused(
        with(""),
        Code::ValidationError,
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    );
    let message = "1 validation error detected: Value '' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2";
    refused(
        with(&format!("RoleArn={ROLE}&RoleSessionName=")),
        Code::ValidationError,
        message,
    );
}

#[test]
fn a_role_is_named_by_its_arn() {
    for bad in [
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:sts::111122223333:assumed-role/a/b",
        "arn:aws:s3:::bucket/role/x/y/z",
        "role/app/of/some/length",
    ] {
        let refusal = with(&format!("RoleArn={bad}&RoleSessionName=s1"));
        refused(refusal, Code::ValidationError, &format!("{bad} is invalid"));
    }
    let path = "arn:aws:iam::111122223333:role/team/a/app";
    assert!(with(&format!("RoleArn={path}&RoleSessionName=s1")).is_ok());
}

#[test]
fn sessions_have_names_of_2_to_64_characters() {
    let named = |name: &str| with(&format!("RoleArn={ROLE}&RoleSessionName={name}"));
    for good in ["ab", "a_b%2B=,.@-9", &"x".repeat(64)] {
        assert!(named(good).is_ok(), "{good}");
    }
    for bad in [
        "a",
        "a/b",
        "a:b",
        "a+b",
        "%C3%A4b",
        "a%0Ab",
        &"x".repeat(65),
    ] {
        assert_eq!(named(bad).unwrap_err().code, Code::ValidationError, "{bad}");
    }
    let pattern = "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*";
    refused(named("a+b"), Code::ValidationError, pattern);
}

#[test]
fn durations_have_exact_edges() {
    for (seconds, good) in [
        ("899", false),
        ("900", true),
        ("43200", true),
        ("43201", false),
    ] {
        let call = assume(&format!("&DurationSeconds={seconds}"));
        assert_eq!(call.is_ok(), good, "{seconds}");
        let parse = |action: &str| {
            let form = format!("Action={action}&Version=2011-06-15&DurationSeconds={seconds}");
            Call::parse(form.as_bytes(), b"").is_ok()
        };
        assert_eq!(parse("GetSessionToken"), seconds != "899");
    }
    for (seconds, good) in [("129600", true), ("129601", false)] {
        let form = format!("Action=GetSessionToken&Version=2011-06-15&DurationSeconds={seconds}");
        assert_eq!(Call::parse(form.as_bytes(), b"").is_ok(), good, "{seconds}");
    }
    invalid(
        "&DurationSeconds=899",
        "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    );
    for huge in ["99999999999999999999", "43201"] {
        let message = "Member must have value less than or equal to 43200";
        invalid(
            &format!("&DurationSeconds={huge}"),
            &format!("Value '{huge}' at 'durationSeconds' failed to satisfy constraint: {message}"),
        );
    }
    for bad in ["", "-1", "1e3", "3600.0", "0x900", "%20900"] {
        assert!(assume(&format!("&DurationSeconds={bad}")).is_err(), "{bad}");
    }
}

#[test]
fn policies_have_at_most_2048_characters_and_10_arns() {
    let policy = |length| assume(&format!("&Policy={}", "x".repeat(length)));
    assert!(policy(2048).is_ok());
    invalid(
        &format!("&Policy={}", "x".repeat(2049)),
        "Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
    );
    assert!(assume("&Policy=").is_err());
    let arns = |count: usize| {
        let arn = |n| format!("&PolicyArns.member.{n}.arn=arn:aws:iam::aws:policy/P{n}");
        assume(&(1..=count).map(arn).collect::<String>())
    };
    assert_eq!(arns(10).unwrap().wish.policy_arns.len(), 10);
    assert!(arns(11).is_err());
    assert!(assume("&PolicyArns.member.1.arn=short").is_err());
}

#[test]
fn tags_are_checked() {
    let tag = |key: &str, value: &str| {
        assume(&format!(
            "&Tags.member.1.Key={key}&Tags.member.1.Value={value}"
        ))
    };
    for (key, value) in [
        ("a", ""),
        ("a+b:c/d", "x@y"),
        (&*"k".repeat(128), &*"v".repeat(256)),
        ("awsome", "x"),
    ] {
        assert!(tag(key, value).is_ok(), "{key}");
    }
    for (key, value) in [
        ("", "x"),
        (&*"k".repeat(129), "x"),
        ("a", &*"v".repeat(257)),
        ("a*b", "x"),
        ("a", "x%26"),
        ("a%0A", "x"),
        ("aws:x", "x"),
        ("AWS:x", "x"),
    ] {
        assert_eq!(
            tag(key, value).unwrap_err().code,
            Code::ValidationError,
            "{key}={value}"
        );
    }
    invalid(
        "&Tags.member.1.Key=aws:x&Tags.member.1.Value=y",
        "Value 'aws:x' at 'tags.1.member.key' failed to satisfy constraint: Member must not begin with aws:",
    );
    invalid(
        "&Tags.member.7.Key=a",
        "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
    );
    let many = |count: usize| {
        let tag = |n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=v");
        assume(&(1..=count).map(tag).collect::<String>())
    };
    assert_eq!(many(50).unwrap().tags.len(), 50);
    assert!(many(51).is_err());
    refused(
        assume(
            "&Tags.member.1.Key=a&Tags.member.1.Value=x&Tags.member.2.Key=A&Tags.member.2.Value=y",
        ),
        Code::InvalidParameterValue,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
}

#[test]
fn only_tags_that_are_passed_go_on() {
    let tag = "&Tags.member.1.Key=Team&Tags.member.1.Value=x";
    let keys = |key: &str| assume(&format!("{tag}&TransitiveTagKeys.member.1={key}"));
    assert_eq!(keys("team").unwrap().transitive, ["Team".into()].into());
    refused(
        keys("other"),
        Code::InvalidParameterValue,
        "The specified transitive tag key must be included in the requested tags.",
    );
}

#[test]
fn ids_are_checked_and_not_repeated() {
    for (parameter, good) in [
        ("ExternalId=ab", true),
        ("ExternalId=a", false),
        ("ExternalId=a%20b", false),
        ("SourceIdentity=ab", true),
        ("SourceIdentity=a", false),
        ("SourceIdentity=a/b", false),
        ("SourceIdentity=aws:x", false),
    ] {
        assert_eq!(
            assume(&format!("&{parameter}")).is_ok(),
            good,
            "{parameter}"
        );
    }
    let long = |length| assume(&format!("&ExternalId={}", "x".repeat(length)));
    assert!(long(1224).is_ok());
    assert!(long(1225).is_err());
    let error = assume("&ExternalId=secret*id").unwrap_err();
    assert!(!error.message.contains("secret"), "{error}");
}

#[test]
fn long_values_are_not_repeated() {
    for more in ["&DurationSeconds=", "&SourceIdentity=*"] {
        let error = assume(&format!("{more}{}", "9".repeat(10_000))).unwrap_err();
        assert!(error.message.len() < 400, "{error}");
    }
}

#[test]
fn codes_of_devices_are_refused() {
    let message = "MultiFactorAuthentication failed, it is not supported here";
    for parameter in ["SerialNumber=arn:aws:iam::1:mfa/x", "TokenCode=123456"] {
        refused(
            assume(&format!("&{parameter}")),
            Code::AccessDenied,
            message,
        );
        let form = format!("Action=GetSessionToken&Version=2011-06-15&{parameter}");
        refused(
            Call::parse(form.as_bytes(), b""),
            Code::AccessDenied,
            message,
        );
    }
}

fn web(more: &str) -> Result<Call, StsError> {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=s1{more}"
    );
    Call::parse(b"", form.as_bytes())
}

#[test]
fn a_web_identity_is_a_token_of_at_most_20000_characters() {
    let token = |length| web(&format!("&WebIdentityToken={}", "x".repeat(length)));
    for (length, good) in [(3, false), (4, true), (20_000, true), (20_001, false)] {
        assert_eq!(token(length).is_ok(), good, "{length}");
    }
    let missing = "1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null";
    refused(web(""), Code::ValidationError, missing);
    for other in [
        "Tags.member.1.Key",
        "ExternalId",
        "SourceIdentity",
        "TransitiveTagKeys.member.1",
    ] {
        let refusal = web(&format!("&WebIdentityToken=xxxx&{other}=ab"));
        assert_eq!(
            refusal.unwrap_err().code,
            Code::InvalidQueryParameter,
            "{other}"
        );
    }
    let provider = web("&WebIdentityToken=xxxx&ProviderId=www.amazon.com");
    assert_eq!(provider.unwrap_err().code, Code::InvalidParameterValue);
}

#[test]
fn t48_tokens_are_neither_printed_nor_repeated() {
    let call = web("&WebIdentityToken=canary.canary").unwrap();
    assert!(!format!("{call:?}").contains("canary"));
    let error = web("&WebIdentityToken=canary%00canary").unwrap_err();
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
