use super::*;

#[track_caller]
fn check(kind: &str, good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(read(kind, text).is_some(), "{kind} {text}");
    }
    for text in bad {
        assert!(read(kind, text).is_none(), "{kind} {text}");
    }
}

#[test]
fn accounts_users_roles_and_sessions_are_named_in_full() {
    check(
        "AWS",
        &[
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/team/alice",
            "arn:aws:iam::111122223333:role/app",
            "arn:aws:sts::111122223333:assumed-role/app/session",
            "arn:aws:sts::111122223333:federated-user/build",
            "AIDACKCEVSQ6C2EXAMPLE",
        ],
        &[
            "11112222333",
            "arn:aws:iam::111122223333:root/alice",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:user",
            "arn:aws:iam::111122223333:group/team",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:sts::111122223333:assumed-role/app",
            "arn:aws:sts::111122223333:assumed-role/app/",
            "arn:aws:sts::111122223333:assumed-role/app/session/more",
            "arn:aws:sts::111122223333:federated-user/",
            "arn:aws:sts::111122223333:federated-user/build/more",
            "arn:aws:sts::111122223333:federated-user",
        ],
    );
    check("aws", &[], &["*", "111122223333"]);
}

#[test]
fn a_canonical_user_has_64_digits_or_96() {
    let digits = "0123456789abcdefABCDEF0123456789";
    let [half, whole, more] = [1, 2, 3].map(|times| digits.repeat(times));
    let other = format!("{}g", whole.split_at(1).1);
    check("CanonicalUser", &[&whole, &more], &[&half, &other, ""]);
}

#[test]
fn a_service_is_a_domain_name() {
    check(
        "Service",
        &["cloudtrail.amazonaws.com", "s3-2.amazonaws.com"],
        &[
            "cloudtrail",
            "cloud_trail.amazonaws.com",
            "*.amazonaws.com",
            "",
        ],
    );
}

#[test]
fn an_identity_provider_is_named_in_full() {
    check(
        "Federated",
        &[
            "accounts.example.com",
            "arn:aws:iam::111122223333:saml-provider/corp",
        ],
        &["", "*", "accounts.*", "accounts.example.co?"],
    );
}
