use super::*;

/// In billionths.
#[track_caller]
fn check(text: &str, expected: Option<i128>) {
    let found = Decimal::parse(text).map(|Decimal(billionths)| billionths);
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_number_has_one_sign_digits_and_up_to_nine_places() {
    check("10", Some(10_000_000_000));
    check("+10.5", Some(10_500_000_000));
    check("-0.000000001", Some(-1));
    check("12.345678901", Some(12_345_678_901));
    for bad in [
        "",
        "-",
        "+",
        ".",
        "1.",
        ".5",
        "--5",
        "-+5",
        "++5",
        "1.-5",
        "1.+5",
        "+1.+5",
        "1.2.3",
        "1a",
        "1.a",
        "a.1",
        "1e3",
        "1.0000000001",
        " 1",
        "1 ",
    ] {
        check(bad, None);
    }
    check(&"9".repeat(40), None);
}

#[test]
fn numbers_and_instants_of_a_request_compare_as_what_is_written() {
    let of = |value: &Value<'_>| Decimal::of(value).map(|Decimal(billionths)| billionths);
    assert_eq!(of(&Value::Number(-3)), Some(-3_000_000_000));
    let instant = Timestamp::from_second(1_780_000_000).unwrap();
    assert_eq!(of(&Value::Time(instant)), Some(1_780_000_000_000_000_000));
    assert_eq!(of(&Value::Text("2.5".into())), Some(2_500_000_000));
    assert_eq!(of(&Value::Bool(true)), None);
}
