//! Replays the fuzzer's corpus: each file passes its target's check, and is accepted or refused as its name says.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::{Outcome, TARGETS};
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn replay(target: &str) {
    let folder = corpus().join(target);
    let (mut accepted, mut refused) = (0, 0);
    for name in names(&folder) {
        let outcome = fuzz::check(target, &fs::read(folder.join(&name)).unwrap());
        let (expected, count) = match name.split('-').next() {
            Some("accepted") => (Outcome::Accepted, &mut accepted),
            _ => (Outcome::Refused, &mut refused),
        };
        assert_eq!(outcome, expected, "{target}/{name}");
        *count += 1;
    }
    assert!(accepted > 0 && refused > 0, "{target} has no such file");
}

#[test]
fn every_target_has_a_folder_and_a_binary() {
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&corpus()), targets);
    let binaries: Vec<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&corpus().join("../fuzz_targets")), binaries);
}

#[test]
fn chunks_decode_the_same_however_they_are_cut() {
    replay("chunk_frames");
}

#[test]
fn forms_read_the_same_however_they_are_cut() {
    replay("form");
}

#[test]
fn globs_agree_with_the_definition() {
    replay("glob");
}

#[test]
fn a_lock_reads_the_same_or_holds_against_everyone() {
    replay("lock_record");
}

#[test]
fn policies_that_compile_can_be_asked_anything() {
    replay("policy_json");
}

#[test]
fn heads_read_the_same_when_written_again() {
    replay("request_head");
}

#[test]
fn session_tokens_are_sealed_as_they_are_opened() {
    replay("session_tokens");
}

#[test]
fn calls_read_the_same_wherever_their_parameters_stand() {
    replay("sts_calls");
}

#[test]
fn web_tokens_that_nobody_signed_do_not_verify() {
    replay("web_tokens");
}

#[test]
fn documents_read_the_same_when_written_again() {
    replay("xml_documents");
}
