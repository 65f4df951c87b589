use super::*;
use crate::config::{self, Host};
use std::fs;

/// Looks at one file that holds these texts in turn; gives what is to be loaded after each.
#[track_caller]
fn check(texts: &[&str], expected: &[Option<&str>]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portcullis.yaml");
    let inputs = |text: &str| {
        fs::write(&file, text).unwrap();
        config::read(&file, &Host).1
    };
    let before = inputs("loaded");
    let mut settling = Settling::default();
    for (text, expected) in texts.iter().zip(expected) {
        let due = settling.next(&before, inputs(text));
        let expected = expected.map(|text| match text {
            "restless" => State::Restless,
            text => State::Settled(inputs(text)),
        });
        assert_eq!(due, expected, "{texts:?}");
    }
}

#[test]
fn a_change_is_due_when_it_was_seen_twice() {
    check(&["loaded", "loaded"], &[None, None]);
    check(&["a", "a"], &[None, Some("a")]);
    check(&["a", "b", "b"], &[None, None, Some("b")]);
}

#[test]
fn what_is_taken_back_in_time_is_no_change() {
    check(&["a", "loaded", "a", "a"], &[None, None, None, Some("a")]);
}

#[test]
fn what_never_rests_is_due_in_the_end() {
    let texts = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let mut expected = [None; 11];
    expected[10] = Some("restless");
    check(&texts, &expected);
}
