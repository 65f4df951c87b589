use super::*;
use crate::context::{FixedContext, Key};
use proptest::prelude::*;
use std::time::Instant;

fn glob(pattern: &str) -> Glob {
    Glob::parse(pattern, Wildcards::Match, Variables::Substitute).unwrap()
}

/// The definition, without any cleverness.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            naive(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, text)| naive(pattern, text))
        }
        (Some(('?', rest)), Some((_, text))) => naive(rest, text),
        (Some((wanted, rest)), Some((found, text))) => wanted == found && naive(rest, text),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// The same for long texts: after each character, which beginnings of the pattern match what was read.
fn stepwise(pattern: &[char], text: &[char]) -> bool {
    let skip_stars = |mut matched: Vec<bool>| {
        for (at, token) in pattern.iter().enumerate() {
            matched[at + 1] |= matched[at] && *token == '*';
        }
        matched
    };
    let mut matched = vec![false; pattern.len() + 1];
    matched[0] = true;
    matched = skip_stars(matched);
    for found in text {
        let mut next = vec![false; pattern.len() + 1];
        for (at, token) in pattern.iter().enumerate() {
            next[at] |= matched[at] && *token == '*';
            next[at + 1] |= matched[at] && (*token == '?' || token == found);
        }
        matched = skip_stars(next);
    }
    matched[pattern.len()]
}

proptest! {
    #[test]
    fn agrees_with_the_definition(pattern in "[ab?*é]{0,10}", text in "[abé]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob(&pattern).matches_text(&text), naive(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn many_patterns_on_one_long_text_agree_with_the_definition(
        patterns in prop::collection::vec("[ab?*é]{0,12}", 1..12), text in "[abcé]{30,200}"
    ) {
        let subject = Subject::of(&text);
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for pattern in &patterns {
            let matched = glob(pattern).matches(&subject, &FixedContext::default()) == Matched::Yes;
            prop_assert_eq!(matched, stepwise(&chars(pattern), &chars(&text)), "{}", pattern);
        }
    }

    #[test]
    fn values_of_variables_are_found_as_if_they_were_written(
        patterns in prop::collection::vec(("[ab*]{0,3}", 0..3_usize, "[ab*?]{0,3}", 0..3_usize), 1..8),
        values in prop::collection::vec("[ab]{0,2}|[ab]{60,70}|a{1,200}", 3), text in "[ab]{30,90}|a{50,300}|(ab){100,200}"
    ) {
        let subject = Subject::of(&text);
        let tag = |at: usize| Key::PrincipalTag(at.to_string().into());
        let context = values.iter().enumerate().fold(FixedContext::default(), |context, (at, value)| {
            context.with(tag(at), value.as_str())
        });
        for (first, one, second, other) in &patterns {
            let pattern = glob(&format!(
                "*{first}${{aws:PrincipalTag/{one}}}{second}${{aws:PrincipalTag/{other}}}*"
            ));
            let written = format!("*{first}{}{second}{}*", values[*one], values[*other]);
            let matched = pattern.matches(&subject, &context) == Matched::Yes;
            let (written, text): (Vec<_>, Vec<_>) = (written.chars().collect(), text.chars().collect());
            prop_assert_eq!(matched, stepwise(&written, &text), "{:?}", pattern);
        }
    }

    #[test]
    fn what_remains_after_a_prefix_matches_what_remains(
        pattern in "[ab:?*]{0,8}", prefix in "[ab:]{0,4}", text in "[ab:]{0,6}"
    ) {
        let tokens = tokens(&pattern, Wildcards::Match, Variables::Literal).unwrap();
        let split = after(&tokens, &prefix).into_iter().any(|rest| Glob::of(rest).matches_text(&text));
        prop_assert_eq!(split, glob(&pattern).matches_text(&format!("{prefix}{text}")));
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "[$*?{}', a-c:/]{0,20}", other in ".{0,10}") {
        if let Ok(glob) = Glob::parse(&text, Wildcards::Match, Variables::Substitute) {
            let _ = glob.matches(&Subject::of(&other), &FixedContext::default());
        }
    }
}

#[track_caller]
fn check(pattern: &str, context: &FixedContext, cases: &[(&str, Matched)]) {
    for (text, expected) in cases {
        assert_eq!(
            glob(pattern).matches(&Subject::of(text), context),
            *expected,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn stars_cross_everything_and_marks_take_one_character() {
    let none = FixedContext::default();
    check(
        "a*z",
        &none,
        &[
            ("a/b:z", Matched::Yes),
            ("az", Matched::Yes),
            ("a", Matched::No),
        ],
    );
    check(
        "a?z",
        &none,
        &[
            ("aéz", Matched::Yes),
            ("az", Matched::No),
            ("abcz", Matched::No),
        ],
    );
    check("*", &none, &[("", Matched::Yes), ("x", Matched::Yes)]);
    check("", &none, &[("", Matched::Yes), ("x", Matched::No)]);
    check("*?*", &none, &[("", Matched::No), ("x", Matched::Yes)]);
}

#[test]
fn long_texts_of_any_length_are_searched_to_their_last_character() {
    let context = FixedContext::default();
    for length in (60..1400).step_by(64) {
        let before = "x".repeat(length);
        let cases = [
            (format!("{before}abcd"), Matched::Yes),
            (format!("{before}abc"), Matched::No),
            (format!("{before}abdc"), Matched::No),
            (format!("{before}cdab"), Matched::No),
        ];
        let cases: Vec<_> = cases
            .iter()
            .map(|(text, matched)| (text.as_str(), *matched))
            .collect();
        check("*a?*c?*", &context, &cases);
    }
}

#[test]
fn t24_a_substituted_value_matches_only_literally() {
    for value in ["*", "?", "${aws:userid}", "a*b", "${*}", "$"] {
        let context = FixedContext::default()
            .with(Key::Username, value)
            .with(Key::Userid, "other");
        let exactly = format!("home/{value}/x");
        check(
            "home/${aws:username}/*",
            &context,
            &[
                (&exactly, Matched::Yes),
                ("home/other/x", Matched::No),
                ("home/zz/x", Matched::No),
            ],
        );
    }
}

#[test]
fn t24_a_variable_without_value_matches_nothing_unless_it_has_a_default() {
    let none = FixedContext::default();
    check(
        "${aws:username}",
        &none,
        &[("", Matched::NoValue), ("x", Matched::NoValue)],
    );
    check(
        "${aws:username, 'all'}",
        &none,
        &[("all", Matched::Yes), ("x", Matched::No)],
    );
    check("${aws:username,'a}b'}", &none, &[("a}b", Matched::Yes)]);
    let unknown = FixedContext::default().with_unknown(Key::Username);
    check(
        "${aws:username, 'all'}",
        &unknown,
        &[("all", Matched::Unknown)],
    );
    let many = FixedContext::default().with_many(Key::Username, ["x", "y"]);
    check("${aws:username}", &many, &[("x", Matched::NoValue)]);
    let named = FixedContext::default().with(Key::Username, "x");
    check("${AWS:UserName}", &named, &[("x", Matched::Yes)]);
}

#[test]
fn escapes_are_literal_characters() {
    let none = FixedContext::default();
    check(
        "a${*}b",
        &none,
        &[("a*b", Matched::Yes), ("axb", Matched::No)],
    );
    check(
        "a${?}b",
        &none,
        &[("a?b", Matched::Yes), ("axb", Matched::No)],
    );
    check(
        "${$}{aws:username}",
        &none,
        &[("${aws:username}", Matched::Yes)],
    );
}

#[test]
fn malformed_variables_are_refused() {
    let read = |text| Glob::parse(text, Wildcards::Match, Variables::Substitute);
    for bad in [
        "${",
        "a${aws:username",
        "${}",
        "${aws:username, all}",
        "${, 'x'}",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    for good in ["$", "{}", "${aws:username}", "$a", "${unknown:key}"] {
        assert!(read(good).is_ok(), "{good}");
    }
}

#[test]
fn without_variables_a_dollar_is_a_dollar() {
    let old = Glob::parse("${aws:username}", Wildcards::Match, Variables::Literal).unwrap();
    assert!(old.matches_text("${aws:username}"));
    let exact = Glob::parse("a*${*}", Wildcards::Literal, Variables::Substitute).unwrap();
    assert_eq!(exact.literal(), Some("a**"));
}

#[test]
fn t45_patterns_full_of_stars_finish_at_once() {
    let text = "a".repeat(100_000);
    let patterns = [
        "*a".repeat(5_000) + "b",
        "*?a".repeat(300) + "b*",
        "*aab".repeat(1_000),
        format!("*{}b*", "a?".repeat(10_000)),
    ];
    let start = Instant::now();
    for pattern in &patterns {
        assert!(!glob(pattern).matches_text(&text));
    }
    // An exponential matcher would not finish; a debug build takes milliseconds.
    assert!(start.elapsed().as_secs() < 5);
}
