use super::*;
use portcullis_core::identity::SecretKey;
use std::time::SystemTime;

fn clock() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn expiring(at: &str) -> Keys {
    let at: Timestamp = at.parse().unwrap();
    Keys::new("AKIA1", "SECRET", None, Some(SystemTime::from(at)), "test")
}

fn chain() -> Credentials {
    Credentials::new(
        &CredentialSettings::Chain { profile: None },
        "eu-west-1",
        clock,
    )
}

#[test]
fn static_keys_are_there_at_once_and_do_not_print() {
    let settings = CredentialSettings::Static {
        access_key_id: "AKIA1".into(),
        secret_access_key: SecretKey::new("CANARY".to_owned()),
        session_token: Some(SecretKey::new("CANARY".to_owned())),
    };
    let credentials = Credentials::new(&settings, "eu-west-1", clock);
    let Ok(Access::Keys(keys)) = credentials.current() else {
        panic!("no keys")
    };
    assert_eq!(keys.secret_access_key(), "CANARY");
    for printed in [
        format!("{credentials:?}"),
        format!("{settings:?}"),
        format!("{keys:?}"),
    ] {
        assert!(!printed.contains("CANARY"), "{printed}");
    }
}

#[test]
fn anonymous_needs_nothing() {
    let credentials = Credentials::new(&CredentialSettings::Anonymous, "eu-west-1", clock);
    assert!(matches!(credentials.current(), Ok(Access::Anonymous)));
}

#[test]
fn a_chain_is_not_ready_before_it_was_fetched() {
    assert_eq!(chain().current().unwrap_err(), NoCredentials::Fetching);
}

#[test]
fn a_failure_says_what_was_asked_and_why() {
    let credentials = chain();
    let cause = CredentialsError::provider_error("connection refused");
    credentials.take(Err(cause));
    let error = credentials.current().unwrap_err().to_string();
    assert!(
        error.starts_with("no credentials: environment, profile,"),
        "{error}"
    );
    assert!(error.ends_with("connection refused"), "{error}");
}

#[test]
fn held_keys_survive_a_failed_renewal_until_they_expire() {
    let credentials = chain();
    credentials.take(Ok(expiring("2026-01-01T12:00:01Z")));
    credentials.take(Err(CredentialsError::not_loaded("gone")));
    assert!(credentials.current().is_ok());
    assert!(credentials.failure().is_some());
    credentials.take(Ok(expiring("2026-01-01T12:00:00Z")));
    assert!(credentials.failure().is_none());
    let error = credentials.current().unwrap_err();
    assert!(matches!(error, NoCredentials::Expired { .. }), "{error}");
}

#[test]
fn renewal_comes_well_before_the_expiry() {
    let credentials = chain();
    for (expiry, seconds) in [
        ("2026-01-01T13:00:00Z", 3300),
        ("2026-01-01T12:08:00Z", 360),
        ("2026-01-01T12:00:00Z", 1),
        ("2026-01-01T11:00:00Z", 1),
    ] {
        credentials.take(Ok(expiring(expiry)));
        assert_eq!(credentials.good_for().as_secs(), seconds, "{expiry}");
    }
}

#[tokio::test]
async fn maintaining_fetches_and_ends_with_its_owner() {
    let mut credentials = chain();
    let keys = expiring("2026-01-01T13:00:00Z");
    credentials.source = Source::Test(SharedCredentialsProvider::new(keys));
    let owner = Arc::new(credentials);
    let weak = Arc::downgrade(&owner);
    let mut maintaining = std::pin::pin!(maintain(&weak, |it: &Credentials| it));
    // Polled once, it has fetched and waits for the time of renewal.
    tokio::select! {
        biased;
        () = &mut maintaining => panic!("ended"),
        () = std::future::ready(()) => (),
    }
    assert!(owner.current().is_ok());
    drop(owner);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_fetch_soon_does_not_wait_for_the_time_of_renewal() {
    let mut credentials = chain();
    let keys = expiring("2026-01-01T13:00:00Z");
    credentials.source = Source::Test(SharedCredentialsProvider::new(keys));
    let owner = Arc::new(credentials);
    let weak = Arc::downgrade(&owner);
    let began = tokio::time::Instant::now();
    let told = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        owner.held.store(None);
        owner.fetch_soon();
        while owner.current().is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = maintain(&weak, |it: &Credentials| it) => panic!("ended"),
        () = told => (),
    }
    assert!(began.elapsed() < Duration::from_secs(61));
}

#[test]
fn t48_a_description_shows_the_end_of_the_key_and_where_it_came_from() {
    #[track_caller]
    fn check(keys: Keys, expected: &str) {
        let credentials = chain();
        credentials.take(Ok(keys));
        assert_eq!(credentials.describe().as_deref(), Some(expected));
    }
    let forever = |id| Keys::new(id, "CANARY", None, None, "Environment");
    check(
        forever("AKIA00001234"),
        "key ****1234 from Environment, without expiry",
    );
    check(
        forever("AKIA123"),
        "key **** from Environment, without expiry",
    );
    check(
        expiring("2026-01-01T13:00:00Z"),
        "key **** from test, until 2026-01-01T13:00:00Z",
    );
    assert_eq!(chain().describe(), None);
}

#[tokio::test]
async fn a_chain_may_be_asked_once() {
    let mut credentials = chain();
    let keys = Keys::new("AKIA00001234", "CANARY", None, None, "Ec2");
    credentials.source = Source::Test(SharedCredentialsProvider::new(keys));
    assert!(credentials.fetch().await);
    assert!(matches!(credentials.current(), Ok(Access::Keys(_))));
    let anonymous = Credentials::new(&CredentialSettings::Anonymous, "eu-west-1", clock);
    assert!(!anonymous.fetch().await);
}
