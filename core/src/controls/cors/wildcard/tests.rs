use super::*;
use proptest::prelude::*;

fn wildcard(text: &str) -> Wildcard {
    Wildcard::parse(Field::AllowedOrigin, text).unwrap()
}

#[track_caller]
fn check(pattern: &str, matched: &[&str], not: &[&str]) {
    let pattern = wildcard(pattern);
    for text in matched {
        assert!(pattern.matches(text), "`{pattern}` and `{text}`");
    }
    for text in not {
        assert!(!pattern.matches(text), "`{pattern}` and `{text}`");
    }
}

#[test]
fn a_text_without_a_star_matches_itself() {
    check(
        "http://a.example",
        &["http://a.example"],
        &[
            "",
            "http://a.exampl",
            "http://a.example/",
            "http://a.example:80",
            "https://a.example",
            "HTTP://a.example",
        ],
    );
    check("", &[""], &["a"]);
    check("null", &["null"], &["Null", "http://null"]);
}

#[test]
fn a_star_is_any_text_between_two_ends() {
    check(
        "start*end",
        &["startend", "start1end", "start/.:*end"],
        &["0startend", "startend0", "star", "starten", "stend", ""],
    );
    check(
        "*suffix",
        &["suffix", "foo.suffix"],
        &["foo.suffix.get", "uffix"],
    );
    check(
        "prefix*",
        &["prefix", "prefix.suffix"],
        &["bla.prefix", "prefi"],
    );
    check("aa*aa", &["aaaa", "aaaaa"], &["aa", "aaa"]);
    check("*", &["", "null", "http://a.example"], &[]);
    check("ü*", &["ü", "üx"], &["u", "\u{c3}"]);
}

#[test]
fn only_a_star_alone_is_any() {
    assert!(wildcard("*").is_any());
    for text in ["", "a*", "*a", "a"] {
        assert!(!wildcard(text).is_any(), "{text}");
    }
}

#[test]
fn case_counts_only_where_it_is_asked_for() {
    let header = wildcard("x-AMZ-*-Key");
    assert!(header.matches_ignoring_case("X-amz-server-KEY"));
    assert!(!header.matches("X-amz-server-KEY"));
    assert!(!header.matches_ignoring_case("x-amzn-key"));
}

#[test]
fn a_second_star_and_a_control_character_are_refused() {
    let refused = |text: &str| Wildcard::parse(Field::AllowedHeader, text).unwrap_err();
    let field = Field::AllowedHeader;
    for text in ["**", "*a*", "a*b*c"] {
        assert_eq!(refused(text), Fault::Wildcards(field, text.into()));
    }
    for text in ["a\n", "\0", "\u{85}", "*\u{ffff}*"] {
        assert_eq!(refused(text), Fault::Character(field, text.into()));
    }
}

/// Whether the text can be cut in three, of which the outer are what the pattern has around its star.
fn reference(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let cuts = |text| (0..=str::len(text)).map(move |at| text.split_at(at));
    let mut rests = cuts(text).filter(|(start, _)| *start == before);
    rests.any(|(_, rest)| cuts(rest).any(|(_, end)| end == after))
}

proptest! {
    #[test]
    fn matches_as_the_simple_reference_does(pattern in "[abA]{0,3}\\*?[abA]{0,3}", text in "[abA]{0,7}") {
        let compiled = wildcard(&pattern);
        prop_assert_eq!(compiled.matches(&text), reference(&pattern, &text));
        let (lower, text_lower) = (pattern.to_lowercase(), text.to_lowercase());
        prop_assert_eq!(compiled.matches_ignoring_case(&text), reference(&lower, &text_lower));
        prop_assert_eq!(compiled.to_string(), pattern);
    }

    #[test]
    fn every_text_that_a_star_stands_for_matches(before in "\\PC{0,4}", between in "\\PC{0,4}", after in "\\PC{0,4}") {
        let (before, after) = (before.replace('*', ""), after.replace('*', ""));
        let compiled = wildcard(&format!("{before}*{after}"));
        let matched = compiled.matches(&format!("{before}{between}{after}"));
        prop_assert!(matched);
    }
}
