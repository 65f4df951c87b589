use super::{BasicDate, parse_basic, parse_date_header};

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let expected = expected.map(|time| time.parse().unwrap());
    assert_eq!(parse_date_header(text), expected, "{text}");
}

#[test]
fn dates_are_basic_or_http() {
    check("20150830T123600Z", Some("2015-08-30T12:36:00Z"));
    check(
        "Sun, 30 Aug 2015 12:36:00 GMT",
        Some("2015-08-30T12:36:00Z"),
    );
    check(
        "Sun, 30 Aug 2015 14:36:00 +0200",
        Some("2015-08-30T12:36:00Z"),
    );
    check("Mon, 30 Aug 2015 12:36:00 GMT", None);
    check("2015-08-30T12:36:00Z", None);
    check("", None);
}

#[test]
fn the_basic_form_is_read_strictly() {
    for text in [
        "20150830T123600",
        "20150830T123600z",
        "20150830t123600Z",
        "20150830T1236000Z",
        " 0150830T123600Z",
        "+0150830T123600Z",
        "20151330T123600Z",
        "20150230T123600Z",
        "20150830T243600Z",
        "20150830T123660Z",
        "２0150830T1236Z",
    ] {
        assert_eq!(parse_basic(text), None, "{text}");
    }
}

#[test]
fn the_basic_form_is_written_as_read() {
    for text in [
        "20150830T123600Z",
        "00010101T000000Z",
        "99981231T235959Z",
        "20240229T000001Z",
    ] {
        let written = BasicDate::of(parse_basic(text).unwrap());
        assert_eq!(written.text(), text);
        assert_eq!(Some(written.day()), text.get(..8));
    }
}

#[test]
fn years_before_christ_are_written_as_no_date() {
    let time = "-000005-01-01T00:00:00Z".parse().unwrap();
    assert!(!BasicDate::of(time).text().starts_with("0005"));
}
