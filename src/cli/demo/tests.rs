use super::*;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_have_the_form_of_awss_and_are_never_the_same() {
    let key = KeyPair::random().unwrap();
    let rest = key.id.strip_prefix("AKIA").unwrap();
    assert_eq!(rest.len(), 16);
    assert!(
        rest.bytes()
            .all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)),
        "{rest}"
    );
    assert_eq!(key.secret.len(), 40);
    assert_ne!(key, KeyPair::random().unwrap());
    assert!(!format!("{key:?}").contains(&key.secret));
}

#[test]
fn secrets_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let demo = prepare(Some(folder.path()), 0).unwrap();
    for file in [
        "credentials",
        "identities.yaml",
        "secrets/upstream",
        "secrets/store.json",
    ] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    let config = std::fs::read_to_string(demo.config()).unwrap();
    let secret = std::fs::read_to_string(folder.path().join("secrets/upstream")).unwrap();
    assert!(!config.contains(&secret));
    let endpoint = std::fs::read_to_string(folder.path().join("endpoint")).unwrap();
    assert_eq!(endpoint, demo.endpoint());
}

#[test]
fn a_folder_that_was_used_before_keeps_keys_data_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
    drop(prepare(Some(folder.path()), 0).unwrap());
    // Written anew at every start, so only what it says must stay.
    let objects = || {
        let catalogue = read("data/catalogue.jsonl");
        catalogue
            .lines()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let (credentials, kept) = (read("credentials"), objects());
    std::fs::write(at("policies/buckets/demo-private/policy.json"), "edited").unwrap();
    std::fs::write(
        at("portcullis.yaml"),
        read("portcullis.yaml") + "# edited\n",
    )
    .unwrap();
    let again = prepare(Some(folder.path()), 0).unwrap();
    assert_eq!(read("credentials"), credentials);
    assert_eq!(objects(), kept);
    assert_eq!(read("policies/buckets/demo-private/policy.json"), "edited");
    let config = read("portcullis.yaml");
    assert!(config.ends_with("# edited\n"));
    assert!(config.contains(&format!("bind: \"127.0.0.1:{}\"", again.port)));
}

#[test]
fn two_demos_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = prepare(Some(folder.path()), 0).unwrap();
    let error = prepare(Some(folder.path()), 0).unwrap_err();
    assert!(
        error.to_string().starts_with("another demo uses"),
        "{error}"
    );
    drop(first);
    prepare(Some(folder.path()), 0).unwrap();
}

#[test]
fn a_strangers_files_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("credentials"), "mine").unwrap();
    let error = prepare(Some(folder.path()), 0).unwrap_err();
    assert!(format!("{error:#}").contains("credentials"), "{error:#}");
    let kept = std::fs::read_to_string(folder.path().join("credentials")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn a_folder_of_its_own_goes_with_the_demo() {
    let demo = prepare(None, 0).unwrap();
    let folder = demo.layout.0.clone();
    assert_eq!(mode(&folder), 0o700);
    drop(demo);
    assert!(!folder.exists());
}

#[test]
fn the_welcome_is_short_and_names_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let demo = prepare(Some(folder.path()), 0).unwrap();
    let welcome = demo.welcome();
    assert!(welcome.lines().count() <= 12, "{welcome}");
    assert!(welcome.contains(&demo.endpoint()));
    assert!(demo.layout.private_policy().exists());
    for sample in SAMPLES
        .iter()
        .filter(|sample| sample.bucket == "demo-private")
    {
        assert!(welcome.contains(sample.key), "{}", sample.key);
    }
}

#[test]
fn paths_are_quoted_for_the_shell() {
    assert_eq!(quoted("/tmp/a-b.c"), "/tmp/a-b.c");
    assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
}

#[test]
fn the_policies_speak_of_the_demos_accounts_and_buckets() {
    let folder = tempfile::tempdir().unwrap();
    let _demo = prepare(Some(folder.path()), 0).unwrap();
    let mut accounts = BTreeSet::new();
    for bucket in ["demo-private", "demo-public"] {
        let path = folder
            .path()
            .join(format!("policies/buckets/{bucket}/policy.json"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&format!("arn:aws:s3:::{bucket}/")));
        let named = text
            .split("arn:aws:iam::")
            .skip(1)
            .map(|rest| rest.chars().take(12).collect::<String>());
        accounts.extend(named);
    }
    let known = [files::OWNER_ACCOUNT, files::PARTNER_ACCOUNT].map(str::to_owned);
    assert_eq!(accounts, BTreeSet::from(known));
}

#[test]
fn the_configuration_is_accepted_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let demo = prepare(Some(folder.path()), 0).unwrap();
    let (_, findings) = config::load(&demo.config(), &config::Host).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}
