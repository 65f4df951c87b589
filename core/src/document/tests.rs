use super::*;

#[track_caller]
fn places(node: &Node, expected: &[(&[PathPart], u32, u32)]) {
    for (path, line, column) in expected {
        let found = node.find(path).map(|node| (node.at.line, node.at.column));
        assert_eq!(found, Some((*line, *column)), "{path:?}");
    }
}

#[track_caller]
fn refused(result: Result<Node, Vec<Problem>>, expected: &[&str]) {
    let problems = result.expect_err("this should be refused");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

fn key(name: &str) -> PathPart {
    PathPart::Key(name.to_owned())
}

#[test]
fn every_json_value_knows_its_place() {
    let node = json("{\n  \"a\": [1, true,\n    \"é\", null], \"b\": {\"c\": 2.50}\n}").unwrap();
    places(
        &node,
        &[
            (&[], 1, 1),
            (&[key("a")], 2, 8),
            (&[key("a"), PathPart::Index(0)], 2, 9),
            (&[key("a"), PathPart::Index(1)], 2, 12),
            (&[key("a"), PathPart::Index(2)], 3, 5),
            (&[key("a"), PathPart::Index(3)], 3, 10),
            (&[key("b"), key("c")], 3, 28),
        ],
    );
    assert_eq!(
        node.entries()[1].at,
        Place {
            line: 3,
            column: 17
        }
    );
    assert_eq!(node.find(&[key("a"), PathPart::Index(4)]), None);
    assert_eq!(node.find(&[key("a"), key("a")]), None);
}

#[test]
fn every_yaml_value_knows_its_place() {
    let node = yaml("a:\n  - 1\n  - true\n  - é\nb: { c: 2.50 }\n").unwrap();
    places(
        &node,
        &[
            (&[key("a"), PathPart::Index(0)], 2, 5),
            (&[key("a"), PathPart::Index(2)], 4, 5),
            (&[key("b"), key("c")], 5, 9),
        ],
    );
    assert_eq!(node.entries()[1].at, Place { line: 5, column: 1 });
}

#[test]
fn numbers_stay_as_written() {
    for (text, expected) in [("[2.50]", "2.50"), ("[1e999]", "1e999"), ("[0]", "0")] {
        let node = json(text).unwrap();
        let first = node.find(&[PathPart::Index(0)]).unwrap();
        assert_eq!(first.value, Value::Number(expected.to_owned()));
    }
    let node = yaml("a: 2.50").unwrap();
    assert_eq!(
        node.get("a").unwrap().value,
        Value::Number("2.50".to_owned())
    );
}

#[test]
fn yaml_guesses_no_types_beyond_json() {
    let node =
        yaml("a: no\nb: 012345678901\nc: 1_000\nd: yes\ne: true\nf: ~\ng: 12\nh: \"12\"").unwrap();
    let expected = [
        ("a", Value::Text("no".to_owned())),
        ("b", Value::Text("012345678901".to_owned())),
        ("c", Value::Text("1_000".to_owned())),
        ("d", Value::Text("yes".to_owned())),
        ("e", Value::Bool(true)),
        ("f", Value::Null),
        ("g", Value::Number("12".to_owned())),
        ("h", Value::Text("12".to_owned())),
    ];
    for (name, value) in expected {
        assert_eq!(node.get(name).unwrap().value, value, "{name}");
    }
}

#[test]
fn yaml_anchors_point_to_where_they_are_used() {
    let node = yaml("a: &x [1]\nb: *x").unwrap();
    assert_eq!(node.get("b").unwrap().to_json(), serde_json::json!([1]));
    places(&node, &[(&[key("b")], 2, 4)]);
}

#[test]
fn a_duplicate_key_is_refused_at_its_place() {
    let duplicate = "duplicate key `a`, first on line 1";
    refused(
        json("{\"a\": 1,\n \"a\": 2}"),
        &[&format!("2:2: {duplicate}")],
    );
    refused(yaml("a: 1\na: 2"), &[&format!("2:1: {duplicate}")]);
    refused(
        json("{\"a\":1,\"\\u0061\":2}"),
        &[&format!("1:8: {duplicate}")],
    );
    assert!(json("{\"a\": {\"a\": 1}, \"A\": 2}").is_ok());
    assert!(yaml("a: {a: 1}\nA: 2").is_ok());
}

#[test]
fn all_duplicates_are_reported_at_once() {
    let found = json("{\"a\":1,\"a\":2,\"b\":{\"c\":1,\"c\":2}}").unwrap_err();
    assert_eq!(found.len(), 2);
}

#[test]
fn a_syntax_error_names_its_place() {
    refused(json("{\n \"a\": ,}"), &["2:7: expected value"]);
    refused(json("{\"a\": 1} x"), &["1:10: trailing characters"]);
    refused(
        json("[\"\\ud800\"]"),
        &["1:9: unexpected end of hex escape"],
    );
    assert!(json("").is_err());
    assert!(yaml("a: [").is_err());
    assert!(yaml("a: 1\n---\nb: 2").is_err());
}

#[test]
fn t44_json_depth_is_bounded() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(json(&nested(MAX_DEPTH)).is_ok());
    refused(
        json(&nested(MAX_DEPTH + 1)),
        &["1:65: nested deeper than 64 levels"],
    );
    assert!(json(&nested(100_000)).is_err());
    assert!(yaml(&nested(32)).is_ok());
    assert!(yaml(&nested(33)).is_err());
    assert!(yaml(&nested(100_000)).is_err());
}

#[test]
fn yaml_that_expands_without_bound_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "));
    }
    assert!(yaml(&bomb).is_err());
    assert!(yaml("base: &b {x: 1}\nc: {<<: *b}").is_err());
}

#[test]
fn a_document_turns_into_plain_json() {
    let text = "{\"a\":[1,-2.5,true,null,\"x\"],\"b\":{}}";
    let expected: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(json(text).unwrap().to_json(), expected);
    assert_eq!(
        json("[1e999]").unwrap().to_json(),
        serde_json::json!(["1e999"])
    );
}
