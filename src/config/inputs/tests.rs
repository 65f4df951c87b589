use super::super::read;
use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use tempfile::TempDir;

const CONFIGURATION: &str = r#"listeners:
  app: { bind: "127.0.0.1:0", principal: "arn:aws:iam::111122223333:role/orders" }
policies: policies
upstreams:
  lake:
    profile: s3s
    endpoint: http://127.0.0.1:9000
    owner_account: "111122223333"
    buckets: ["lake-*"]
    credentials: { access_key_id: GATEWAY, secret_access_key: "file:secrets/key" }
"#;
const POLICY: &str = "policies/buckets/lake-1/policy.json";
const CLOSED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake-1/*"}]}"#;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("portcullis.yaml", CONFIGURATION);
        files.write(POLICY, CLOSED);
        files.write("secrets/key", "a-secret-of-sixteen-letters");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    fn inputs(&self) -> Inputs {
        read(&self.path("portcullis.yaml"), &Host).1
    }
}

/// Whether a lookout that knows the files sees what is done to them.
#[track_caller]
fn check(what: &str, done: impl FnOnce(&Files), seen: bool) {
    let files = Files::new();
    check_in(&files, what, || done(&files), seen);
}

#[track_caller]
fn check_in(files: &Files, what: &str, done: impl FnOnce(), seen: bool) {
    let inputs = files.inputs();
    let mut lookout = Lookout::default();
    for _ in 0..3 {
        assert_eq!(lookout.look(&inputs), inputs, "{what}: before");
    }
    done();
    let now = lookout.look(&inputs);
    assert_eq!(now != inputs, seen, "{what}");
    assert_eq!(lookout.look(&inputs), now, "{what}: again");
    assert_eq!(files.inputs() != inputs, seen, "{what}: loaded again");
}

#[test]
fn whatever_was_read_is_seen_to_change() {
    check("nothing", |_| (), false);
    let longer = format!("{CONFIGURATION}threads: 3\n");
    check(
        "configuration",
        |files| files.write("portcullis.yaml", &longer),
        true,
    );
    check("policy", |files| files.write(POLICY, "{"), true);
    check(
        "same length",
        |files| files.write(POLICY, &CLOSED.replace("Deny", "Deni")),
        true,
    );
    check(
        "secret",
        |files| files.write("secrets/key", "another-one"),
        true,
    );
    check(
        "removed",
        |files| fs::remove_file(files.path(POLICY)).unwrap(),
        true,
    );
    check(
        "replaced by name",
        |files| {
            files.write("new", "{}");
            fs::rename(files.path("new"), files.path(POLICY)).unwrap();
        },
        true,
    );
    check(
        "opened to others",
        |files| {
            fs::set_permissions(files.path("secrets/key"), Permissions::from_mode(0o644)).unwrap()
        },
        true,
    );
}

#[test]
fn what_comes_later_is_seen() {
    check(
        "a bucket",
        |files| files.write("policies/buckets/lake-2/policy.json", "{}"),
        true,
    );
    check(
        "a setting",
        |files| files.write("policies/buckets/lake-1/cors.json", "{}"),
        true,
    );
    check(
        "guardrails",
        |files| files.write("policies/guardrails/a.rego", ""),
        true,
    );
    let files = Files::new();
    fs::remove_file(files.path("secrets/key")).unwrap();
    check_in(
        &files,
        "a file that was missing",
        || files.write("secrets/key", "k"),
        true,
    );
    fs::remove_dir_all(files.path("policies")).unwrap();
    check_in(
        &files,
        "a folder that was missing",
        || files.write(POLICY, CLOSED),
        true,
    );
}

#[test]
fn what_is_nobody_s_input_is_no_change() {
    check(
        "a file beside",
        |files| files.write("access.json", "{}"),
        false,
    );
    check(
        "an editor's file",
        |files| files.write("policies/buckets/.policy.json.swp", ""),
        false,
    );
    check("the same text", |files| files.write(POLICY, CLOSED), false);
    check(
        "other times",
        |files| {
            let file = fs::File::options()
                .write(true)
                .open(files.path(POLICY))
                .unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        },
        false,
    );
}

/// <https://kubernetes.io/docs/concepts/storage/projected-volumes/>: what is seen are links through `..data`, which is
/// replaced by a link to another folder.
#[test]
fn a_swapped_mount_of_kubernetes_is_seen() {
    let files = Files::new();
    fs::remove_dir_all(files.path("policies")).unwrap();
    files.write("volume/..2026_01/buckets/lake-1/policy.json", CLOSED);
    files.write("volume/..2026_02/buckets/lake-1/policy.json", "{}");
    files.write("volume/..2026_03/buckets/lake-1/policy.json", "{}");
    symlink("..2026_01", files.path("volume/..data")).unwrap();
    symlink("..data/buckets", files.path("volume/buckets")).unwrap();
    symlink("volume", files.path("policies")).unwrap();
    let swap = |to: &str| {
        symlink(to, files.path("volume/..tmp")).unwrap();
        fs::rename(files.path("volume/..tmp"), files.path("volume/..data")).unwrap();
    };
    check_in(&files, "swapped", || swap("..2026_02"), true);
    check_in(&files, "swapped for the same", || swap("..2026_03"), false);
    check_in(&files, "swapped back", || swap("..2026_01"), true);
}

/// What a pipe gave is gone: waiting for more would never end.
#[test]
fn a_pipe_is_not_read_again() {
    let files = Files::new();
    fs::remove_file(files.path("secrets/key")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        files.path("secrets/key"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let path = files.path("secrets/key");
    let writer =
        std::thread::spawn(move || fs::write(path, "a-secret-of-sixteen-letters").unwrap());
    let inputs = files.inputs();
    writer.join().unwrap();
    assert_eq!(Lookout::default().look(&inputs), inputs);
}

#[test]
fn a_named_folder_that_becomes_empty_is_told_from_one_that_is_gone_or_was_empty() {
    let emptied = |done: fn(&Files)| {
        let files = Files::new();
        let before = files.inputs();
        done(&files);
        files.inputs().emptied_since(&before).len()
    };
    let nothing_left = |files: &Files| fs::remove_dir_all(files.path("policies/buckets")).unwrap();
    assert_eq!(emptied(nothing_left), 1);
    assert_eq!(
        emptied(|files| fs::remove_file(files.path(POLICY)).unwrap()),
        0
    );
    let files = Files::new();
    nothing_left(&files);
    let before = files.inputs();
    assert!(before.emptied_since(&before).is_empty());
}

#[test]
fn inputs_agree_where_both_know_of_something() {
    let files = Files::new();
    let before = files.inputs();
    files.write("policies/buckets/lake-2/policy.json", CLOSED);
    let after = files.inputs();
    assert!(!before.agree(&after) && before.agree(&before));
    assert!(Inputs::default().agree(&after));
    assert_eq!(format!("{before:?}"), format!("Inputs({})", before.0.len()));
}
