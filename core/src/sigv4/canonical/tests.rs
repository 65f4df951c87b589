use super::{by_encoded, path, put_canonical_value, put_path};
use crate::request::Parameter;
use std::cmp::Ordering;

#[track_caller]
fn check_path(target: &str, expected: &str) {
    let mut out = Vec::new();
    put_path(&mut out, path(target.as_bytes()));
    assert_eq!(String::from_utf8(out).unwrap(), expected, "{target}");
}

#[test]
fn paths_are_encoded_once_and_never_normalised() {
    check_path("/", "/");
    check_path("/a//b/../c/./", "/a//b/../c/./");
    check_path("/a%2Fb%2fc", "/a/b/c");
    check_path("/%41%7e%7E", "/A~~");
    check_path("/a b+c%20d", "/a%20b%2Bc%20d");
    check_path("/%252F", "/%252F");
    check_path("/é", "/%C3%A9");
    check_path("/%c3%a9%ff", "/%C3%A9%FF");
    check_path("/a?b/c?d", "/a");
    check_path("/a%3Fb", "/a%3Fb");
}

#[test]
fn a_percent_that_starts_no_escape_is_a_percent() {
    check_path("/100%", "/100%25");
    check_path("/%4", "/%254");
    check_path("/%zz", "/%25zz");
    check_path("/%+1", "/%25%2B1");
}

#[test]
fn an_absolute_target_is_signed_by_its_path() {
    check_path("http://host:80/a/b?c", "/a/b");
    check_path("https://host/a", "/a");
    check_path("/http://host/a", "/http%3A//host/a");
}

#[test]
fn header_values_are_trimmed_and_inner_blanks_become_one_space() {
    for (value, expected) in [
        ("a", "a"),
        ("  a  b\t c ", "a b c"),
        ("", ""),
        (" \t", ""),
        ("\"a   b\"", "\"a b\""),
    ] {
        let mut out = Vec::new();
        put_canonical_value(&mut out, value.as_bytes());
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{value}");
    }
}

#[track_caller]
fn check_order(first: (&str, Option<&str>), second: (&str, Option<&str>)) {
    let parameter = |(name, value): (&str, Option<&str>)| Parameter {
        name: name.into(),
        value: value.map(Into::into),
    };
    let (first, second) = (parameter(first), parameter(second));
    assert_eq!(by_encoded(&first, &second), Ordering::Less);
    assert_eq!(by_encoded(&second, &first), Ordering::Greater);
}

#[test]
fn parameters_sort_by_encoded_name_then_value() {
    check_order(("a", Some("9")), ("a-b", Some("1")));
    check_order(("é", None), ("a", None));
    check_order(("a:", None), ("aA", None));
    check_order(("Z", None), ("a", None));
    check_order(("a", None), ("a", Some("0")));
    check_order(("a", Some("/")), ("a", Some("0")));
    check_order(("a", Some("10")), ("a", Some("9")));
}
