use super::*;
use crate::context::Value;

const LIMITS: Limits = Limits {
    text: 16,
    values: 2,
    conditions: 1,
};

#[track_caller]
fn check(text: &str, expected: &str) {
    let shown = Values::of([Cow::Borrowed(text)], LIMITS);
    assert_eq!(shown.iter().collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_plain_text_stays_as_it_is() {
    check("2026/q1.csv", "2026/q1.csv");
    check("größe", "größe");
    check("", "");
}

#[test]
fn t44_what_acts_on_a_line_or_a_terminal_is_escaped() {
    check("a\nb\r", r"a\u{a}b\u{d}");
    check("\u{1b}[31mx", r"\u{1b}[31mx");
    check("\u{202e}a", r"\u{202e}a");
    check("\u{85}\u{7f}", r"\u{85}\u{7f}");
    check("`a`, `b`", r"\`a\`, \`b\`");
    check(r"\u{a}", r"\\u{a}");
    check("…1 more", r"\u{2026}1 more");
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    check("0123456789abcdef", "0123456789abcdef");
    check("0123456789abcdefg", "0123456789abcdef… 1 bytes more");
    check(&"x".repeat(8192), "xxxxxxxxxxxxxxxx… 8176 bytes more");
    check(&"\n".repeat(100), r"\u{a}\u{a}\u{a}… 97 bytes more");
    check(&"é".repeat(9), "éééééééé… 2 bytes more");
}

#[test]
fn many_values_are_cut_and_say_so() {
    let shown = |count| {
        let values = Values::of(std::iter::repeat_n(Cow::Borrowed("v"), count), LIMITS);
        (values.to_string(), serde_json::to_string(&values).unwrap())
    };
    let is = |text: &str, json: &str| (text.to_owned(), json.to_owned());
    assert_eq!(shown(0), is("no value", "[]"));
    assert_eq!(shown(2), is("`v`, `v`", r#"["v","v"]"#));
    assert_eq!(
        shown(1000),
        is("`v`, `v`, … 998 more", r#"["v","v","… 998 more"]"#)
    );
}

#[track_caller]
fn found(key: &str, value: &str) -> String {
    let key = Key::parse(key).unwrap();
    let lookup = Lookup::One(Value::Text(value.into()));
    Values::found(&key, &lookup, Limits::FULL)
        .unwrap()
        .to_string()
}

#[test]
fn t48_secrets_that_condition_keys_could_show_are_masked() {
    let key = "s3:x-amz-server-side-encryption-customer-algorithm";
    assert_eq!(
        found(key, "c2VjcmV0LWtleS1pbi10aGUtd3JvbmctcGxhY2U="),
        "`***`"
    );
    assert_eq!(found(key, "AES256"), "`AES256`");
    for key in [
        "aws:Referer",
        "aws:UserAgent",
        "s3:x-amz-website-redirect-location",
    ] {
        assert_eq!(
            found(
                key,
                "https://s3.example/b/k?X-Amz-Security-Token=canary&X-Amz-Signature=canary&x=1"
            ),
            "`https://s3.example/b/k?X-Amz-Security-Token=***&X-Amz-Signature=***&x=1`"
        );
    }
    let long = format!(
        "https://s3.example/?X-Amz-Signature={}",
        "canary".repeat(2000)
    );
    assert_eq!(
        found("aws:Referer", &long),
        "`https://s3.example/?X-Amz-Signature=***`"
    );
}

/// Whoever adds such a key decides here whether its values are shown.
#[test]
fn t48_no_condition_key_but_those_masked_is_named_like_a_secret() {
    let secret = |name: &&&str| {
        let name = name.to_ascii_lowercase();
        [
            "customer",
            "security-token",
            "session-token",
            "credential",
            "secret",
            "password",
        ]
        .iter()
        .any(|word| name.contains(word))
    };
    let named: Vec<_> = Key::NAMES.iter().filter(secret).collect();
    assert_eq!(
        named,
        [&"s3:x-amz-server-side-encryption-customer-algorithm"]
    );
}
