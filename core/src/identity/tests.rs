use super::*;

fn session_of(role: &str) -> Caller {
    let account = AccountId::parse("111122223333").unwrap();
    Caller {
        account: Arc::new(Account::new(account, "0".repeat(64), "test")),
        kind: CallerKind::RoleSession {
            role: "r".into(),
            session: "s1".into(),
        },
        arn: "arn:aws:sts::111122223333:assumed-role/r/s1".into(),
        principal_arn: format!("arn:aws:iam::111122223333:{role}").into(),
        user_id: "AROAX:s1".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    }
}

#[test]
fn a_role_is_service_linked_by_where_it_stands() {
    for (role, linked) in [
        ("role/aws-service-role/backup.amazonaws.com/r", true),
        ("role/aws-service-role-not/r", false),
        ("role/team/aws-service-role/r", false),
        ("role/r", false),
        ("role/aws-service-role", false),
    ] {
        assert_eq!(session_of(role).is_service_linked(), linked, "{role}");
    }
}

#[test]
fn only_a_session_of_a_role_can_be_service_linked() {
    let user = Caller {
        kind: CallerKind::User { name: "r".into() },
        ..session_of("role/aws-service-role/backup.amazonaws.com/r")
    };
    assert!(!user.is_service_linked());
}

#[test]
fn a_session_is_issued_by_its_role_or_user() {
    let role = session_of("role/team/r");
    assert_eq!(
        role.session_issuer(),
        "arn:aws:iam::111122223333:role/team/r"
    );
    let federated = Caller {
        kind: CallerKind::FederatedUser {
            name: "build".into(),
            user: "arn:aws:iam::111122223333:user/alice".into(),
        },
        principal_arn: "arn:aws:sts::111122223333:federated-user/build".into(),
        ..session_of("role/r")
    };
    assert_eq!(
        federated.session_issuer(),
        "arn:aws:iam::111122223333:user/alice"
    );
}

#[test]
fn sessions_of_a_role_last_one_to_twelve_hours() {
    for (seconds, good) in [
        (0, false),
        (3599, false),
        (3600, true),
        (43_200, true),
        (43_201, false),
    ] {
        assert_eq!(MaxSession::new(seconds).is_ok(), good, "{seconds}");
    }
    assert_eq!(MaxSession::default().seconds(), 3600);
    assert_eq!(
        MaxSession::new(60).unwrap_err().to_string(),
        "`60` is not a session duration: 3600 to 43200 seconds"
    );
}
