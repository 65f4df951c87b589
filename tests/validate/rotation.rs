//! What is said of files that change, and of accounts.

use super::memory::Memory;
use super::{FILE, GOOD, check, check_in, loaded};

#[test]
fn how_often_files_are_looked_at_is_a_choice_or_a_duration() {
    let every = |line: &str| {
        let file = format!("{GOOD}{line}");
        let watch = loaded(&Memory::default().file(FILE, &*file)).watch;
        watch.map(|every| every.as_millis())
    };
    assert_eq!(every(""), Some(1000));
    assert_eq!(every("watch: true"), Some(1000));
    assert_eq!(every("watch: false"), None);
    assert_eq!(every("watch: 250ms"), Some(250));
    for (written, message) in [
        ("5", "expected true, false or a duration, such as `5s`"),
        ("0s", "must be above zero"),
        (
            "often",
            "`often` is not a duration: a whole number and `ms`, `s`, `m` or `h`",
        ),
    ] {
        check(
            &format!("{GOOD}watch: {written}\n"),
            &format!("portcullis.yaml:10:8: error: `watch`: {message}\n"),
        );
    }
}

#[test]
fn an_account_may_have_block_public_access() {
    let account = |block: &str| {
        format!(
            "{GOOD}identities:\n  accounts:\n    \"111122223333\":\n      public_access_block: {block}\n"
        )
    };
    let read = |block: &str| {
        let settings = loaded(&Memory::default().file(FILE, account(block)));
        let mut accounts = settings.accounts.values();
        accounts
            .next()
            .and_then(|account| account.public_access_block)
    };
    let some =
        read("{ BlockPublicAcls: true, RestrictPublicBuckets: true, IgnorePublicAcls: false }")
            .unwrap();
    assert!(some.block_public_acls && some.restrict_public_buckets);
    assert!(!some.ignore_public_acls && !some.block_public_policy);
    // Said, and so no call's to change.
    assert_eq!(read("{}"), Some(Default::default()));
    assert_eq!(read("null"), None);
    check(
        &account("{ BlockPublicAcl: true }"),
        "portcullis.yaml:13:30: error: `identities.accounts.111122223333.public_access_block.BlockPublicAcl`: \
         unknown field, did you mean `BlockPublicAcls`?\n",
    );
    check(
        &account("{ BlockPublicAcls: yes please }"),
        "portcullis.yaml:13:47: error: `identities.accounts.111122223333.public_access_block.BlockPublicAcls`: \
         expected true or false, found `yes please`\n",
    );
}

/// Both lie in one Secret then, and change at once.
#[test]
fn an_upstream_s_key_id_may_come_from_a_file() {
    let written = "{ access_key_id: \"file:keys/id\", secret_access_key: \"file:keys/secret\" }";
    let file = GOOD.replace("credentials: anonymous", &format!("credentials: {written}"));
    let with = |id: &str| {
        Memory::default()
            .file(FILE, &*file)
            .file("keys/id", id)
            .file("keys/secret", "canary-secret-of-the-lake")
    };
    let settings = loaded(&with("AKIALAKE00000000\n"));
    let shown = settings.masked_yaml();
    assert!(
        shown.contains("access_key_id: AKIALAKE00000000\n"),
        "{shown}"
    );
    check_in(
        with("not an id"),
        "portcullis.yaml:9:35: error: `upstreams.lake.credentials.access_key_id`: not an access key id: 3 to 128 letters, digits, \
         `_`, `-` and `.`\n",
    );
}
