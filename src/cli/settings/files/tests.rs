use super::*;
use std::fs;

const FLAGS: &[u8] = br#"{ "BlockPublicAcls": true }"#;
const OTHER: &[u8] = br#"{ "BlockPublicAcls": false }"#;
const KIND: SettingKind = SettingKind::PublicAccessBlock;

fn lake() -> BucketName {
    BucketName::parse("lake").unwrap()
}

fn files(folder: &Path, present: Present) -> Files<'_> {
    Files {
        folder,
        present,
        effect: Effect::Durable,
    }
}

#[test]
fn a_file_that_says_something_else_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let kept = files(folder.path(), Present::Kept);
    let path = kept.path(&lake(), KIND);
    assert_eq!(kept.put(&lake(), KIND, FLAGS).unwrap(), Wrote::Written);
    assert_eq!(kept.put(&lake(), KIND, FLAGS).unwrap(), Wrote::Unchanged);
    assert_eq!(kept.put(&lake(), KIND, OTHER).unwrap(), Wrote::Differs);
    assert_eq!(fs::read(&path).unwrap(), FLAGS);
    let forced = files(folder.path(), Present::Overwritten);
    assert_eq!(forced.put(&lake(), KIND, OTHER).unwrap(), Wrote::Written);
    assert_eq!(fs::read(&path).unwrap(), OTHER);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn the_same_in_other_words_is_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let kept = files(folder.path(), Present::Kept);
    kept.put(&lake(), KIND, FLAGS).unwrap();
    let long = br#"{"PublicAccessBlockConfiguration":
        {"BlockPublicAcls":true,"IgnorePublicAcls":false}}"#;
    assert_eq!(kept.put(&lake(), KIND, long).unwrap(), Wrote::Unchanged);
}

#[test]
fn another_file_of_the_same_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let forced = files(folder.path(), Present::Overwritten);
    let other = forced.path(&lake(), KIND).with_extension("yaml");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "BlockPublicAcls: true").unwrap();
    let wrote = forced.put(&lake(), KIND, FLAGS).unwrap();
    assert_eq!(wrote, Wrote::Elsewhere(other));
}

#[test]
fn what_the_gateway_would_not_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let kept = files(folder.path(), Present::Kept);
    let wrote = kept.put(&lake(), KIND, b"{ \"Blok\": true }").unwrap();
    assert!(matches!(wrote, Wrote::Unreadable(_)), "{wrote:?}");
    assert!(!kept.path(&lake(), KIND).exists());
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dry = Files {
        effect: Effect::DryRun,
        ..files(folder.path(), Present::Kept)
    };
    assert_eq!(dry.put(&lake(), KIND, FLAGS).unwrap(), Wrote::Writable);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
