use super::*;
use crate::document;

fn pairs(count: usize) -> Vec<Tag> {
    let pair = |at: usize| (format!("key{at}").into(), "value".into());
    (0..count).map(pair).collect()
}

fn one(key: &str, value: &str) -> Vec<Tag> {
    vec![(key.into(), value.into())]
}

#[track_caller]
fn check(tagged: Tagged, pairs: Vec<Tag>, expected: Result<(), ErrorCode>) {
    let found = Tags::new(tagged, pairs.clone()).map(|tags| assert_eq!(tags.pairs(), pairs));
    assert_eq!(found.map_err(|error| error.code), expected, "{pairs:?}");
}

#[test]
fn an_object_has_ten_tags_and_a_bucket_fifty() {
    for (tagged, most) in [(Tagged::Object, 10), (Tagged::Bucket, 50)] {
        check(tagged, pairs(most), Ok(()));
        check(tagged, pairs(most + 1), Err(ErrorCode::BadRequest));
        check(tagged, Vec::new(), Ok(()));
    }
}

#[test]
fn keys_and_values_have_their_lengths_in_characters() {
    for letter in ["k", "ü", "鍵"] {
        let check = |pairs, expected| check(Tagged::Object, pairs, expected);
        check(one(&letter.repeat(128), ""), Ok(()));
        check(one(&letter.repeat(129), ""), Err(ErrorCode::InvalidTag));
        check(one("k", &letter.repeat(256)), Ok(()));
        check(one("k", &letter.repeat(257)), Err(ErrorCode::InvalidTag));
    }
    check(Tagged::Object, one("", "v"), Err(ErrorCode::InvalidTag));
}

#[test]
fn a_key_comes_once_and_case_matters() {
    let two = |first: &str, second: &str| [one(first, "1"), one(second, "2")].concat();
    check(
        Tagged::Bucket,
        two("team", "team"),
        Err(ErrorCode::InvalidTag),
    );
    check(Tagged::Bucket, two("team", "Team"), Ok(()));
}

#[test]
fn some_characters_are_for_tags_and_aws_alone_gives_its_own() {
    check(Tagged::Object, one("a b+c-d=e.f_g:h/i@j", "ü 9"), Ok(()));
    for bad in ["a?", "a*", "a\u{1}", "a<", "a\"", "a,b"] {
        check(Tagged::Object, one(bad, ""), Err(ErrorCode::InvalidTag));
        check(Tagged::Object, one("k", bad), Err(ErrorCode::InvalidTag));
    }
    check(Tagged::Object, one("aws:x", ""), Err(ErrorCode::InvalidTag));
    check(Tagged::Object, one("aws", "aws:x"), Ok(()));
}

#[test]
fn documents_and_files_are_read_back_to_the_same() {
    let tags = Tags::new(Tagged::Bucket, pairs(3)).unwrap();
    assert_eq!(
        Tags::parse_xml(Tagged::Bucket, &tags.to_xml()),
        Ok(tags.clone())
    );
    let file = document::json(&tags.to_json().to_string()).unwrap();
    assert_eq!(Tags::parse_json(&file), Ok(tags));
    let none = Tags::default();
    assert_eq!(Tags::parse_xml(Tagged::Object, &none.to_xml()), Ok(none));
}

#[test]
fn what_is_no_document_of_tags_is_refused() {
    for bad in [
        "",
        "<Tagging/>",
        "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>",
        "<TagSet/>",
    ] {
        let found = Tags::parse_xml(Tagged::Object, bad.as_bytes());
        let code = found.map_err(|error| error.code);
        assert_eq!(code, Err(ErrorCode::MalformedXML), "{bad}");
    }
}

#[test]
fn a_files_problems_have_their_place() {
    for (text, expected) in [
        ("{}", "1:1: `TagSet` is missing"),
        (r#"{"TagSet": 1}"#, "1:12: `TagSet` is a list"),
        (
            r#"{"TagSet": [{"Key": "a"}]}"#,
            "1:13: a tag has a `Key` and a `Value`, both texts",
        ),
        (
            r#"{"TagSet": [{"Key": "aws:a", "Value": ""}]}"#,
            "1:12: System tags cannot be added/updated by requester",
        ),
    ] {
        let problems = Tags::parse_json(&document::json(text).unwrap()).unwrap_err();
        assert_eq!(problems[0].to_string(), expected, "{text}");
    }
}
