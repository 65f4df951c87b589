//! Bucket policies of 20 KB that cost as much as one can make them, each with the request that suits it best.

use crate::rules::Asked;
use http::{HeaderMap, HeaderName, HeaderValue};

const LIMIT: usize = 20 * 1024;
/// The longest key, without `abc/`.
const LONG: usize = 1024 - 4;

/// A policy and a request.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) policy: String,
    pub(crate) asked: Asked,
}

/// Every shape, each with texts that keep a search going: one letter, two in turn, all letters.
pub(crate) fn cases() -> Vec<Case> {
    let a = "a".repeat(LONG);
    let ab = "ab".repeat(LONG / 2);
    let many: String = (b'a'..=b'z').cycle().take(LONG).map(char::from).collect();
    vec![
        resources("resources, ab in turn", &ab, |at| {
            format!("*{}b", code(at, "ab"))
        }),
        resources("resources with ?, one letter", &a, |at| {
            format!("*a?a?a{}*c*", at % 7)
        }),
        resources("resources, many stars", &a, |at| {
            format!("{}b{at}*", "*a".repeat(30))
        }),
        resources("one resource with ?", &a, |_| {
            format!("*{}b*", "a?".repeat(450))
        }),
        resources("long segments, ab in turn", &ab, |at| {
            format!("*{}{}*", "ab".repeat(100), code(at, "ab"))
        }),
        prefixes("prefixes, short", &many, |at| {
            format!("*{}aa*", code(at, "acegikmoqsuwy"))
        }),
        prefixes("prefixes, two letters", &ab, |at| {
            format!("*{}aa*", code(at, "ab"))
        }),
        prefixes("prefixes with ?", &ab, |at| {
            format!("*a?{}b*", code(at, "ab"))
        }),
        prefixes("prefixes, one letter", &a, |at| {
            format!("*{}b*", "a".repeat(at % 100))
        }),
        prefixes("prefixes, many stars", &many, |at| {
            format!("{}{at}", "*z*a".repeat(16))
        }),
        prefixes("prefixes, variables", &a, |at| {
            format!("*${{aws:username}}{at}*")
        }),
        prefixes("prefixes, one ? in one letter", &a, |at| {
            format!("*{}?{}b*", "a".repeat(at % 300), "a".repeat(150))
        }),
        prefixes("prefixes, values of tags", &a, |at| {
            format!("*{}{at}b*", "${aws:PrincipalTag/a}".repeat(3))
        }),
        prefixes("prefixes, values of many tags", &a, |at| {
            let tag = |turn: usize| format!("${{aws:PrincipalTag/{}}}", (at + turn * 7) % 49);
            format!("*{}{}{}b*", tag(0), tag(1), tag(2))
        }),
        prefixes("prefixes, one tag alone", &a, |at| {
            format!("*${{aws:PrincipalTag/a}}{at}*")
        }),
        Case {
            policy: prefixes("", &a, |at| format!("${{aws:PrincipalTag/a}}{at}"))
                .policy
                .replace("StringLike", "StringEqualsIgnoreCase"),
            ..prefixes("prefixes, letters of either case", &a, |_| {
                "a".repeat(LIMIT)
            })
        },
        prefixes("prefixes, endings", &a, |at| {
            format!("*{}", code(at, "bcdefgh"))
        }),
        headers("header values", "", 1, |at| {
            format!("*{}bb*", code(at, "bcdefgh"))
        }),
        headers("60 header values", "ForAnyValue:", 60, |at| {
            format!("*{}bb*", code(at, "bcdefgh"))
        }),
        arns(),
        conditions(),
        statements(),
    ]
}

/// A number in a few digits of one's own.
fn code(number: usize, digits: &str) -> String {
    let base = digits.len();
    let (mut rest, mut code) = (number + 1, String::new());
    while rest > 0 {
        code.extend(digits.chars().nth(rest % base));
        rest /= base;
    }
    code
}

fn asked(action: &'static str, key: Option<&str>) -> Asked {
    Asked {
        action,
        resource: key.map_or("abc".into(), |key| format!("abc/{key}")),
        prefix: None,
        headers: HeaderMap::new(),
    }
}

/// Texts in quotes with commas between, as many as have room beside what else the policy says.
fn filled(beside: &str, text: impl Fn(usize) -> String) -> String {
    let mut list = String::new();
    for at in 0.. {
        let next = format!("{}\"{}\"", if at == 0 { "" } else { "," }, text(at));
        if beside.len() + list.len() + next.len() > LIMIT {
            break;
        }
        list.push_str(&next);
    }
    list
}

fn document(statements: &str) -> String {
    format!(r#"{{"Statement":[{statements}],"Version":"2012-10-17"}}"#)
}

fn resources(name: &'static str, key: &str, pattern: impl Fn(usize) -> String) -> Case {
    let around = |list: &str| {
        document(&format!(
            r#"{{"Action":"s3:*","Effect":"Deny","Principal":"*","Resource":[{list}]}}"#
        ))
    };
    let list = filled(&around(""), |at| {
        format!("arn:aws:s3:::abc/{}", pattern(at))
    });
    Case {
        name,
        policy: around(&list),
        asked: asked("s3:GetObject", Some(key)),
    }
}

fn prefixes(name: &'static str, prefix: &str, pattern: impl Fn(usize) -> String) -> Case {
    let around = |list: &str| {
        document(&format!(
            r#"{{"Action":"s3:*","Condition":{{"StringLike":{{"s3:prefix":[{list}]}}}},"Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::abc"}}"#
        ))
    };
    let mut asked = asked("s3:ListBucket", None);
    asked.prefix = Some(prefix.into());
    Case {
        name,
        policy: around(&filled(&around(""), pattern)),
        asked,
    }
}

/// So many headers of one name, 1 KiB in all.
fn headers(
    name: &'static str,
    quantifier: &str,
    count: usize,
    pattern: impl Fn(usize) -> String,
) -> Case {
    let around = |list: &str| {
        document(&format!(
            r#"{{"Action":"s3:*","Condition":{{"{quantifier}StringLike":{{"aws:referer":[{list}]}}}},"Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::abc/*"}}"#
        ))
    };
    let mut asked = asked("s3:GetObject", Some("key"));
    for _ in 0..count {
        let value = "bcdefgh".chars().cycle().take(LONG / count);
        let value = HeaderValue::from_str(&value.collect::<String>()).unwrap();
        asked
            .headers
            .append(HeaderName::from_static("referer"), value);
    }
    Case {
        name,
        policy: around(&filled(&around(""), pattern)),
        asked,
    }
}

/// ARN patterns, and an ARN of 1 KiB in a header.
fn arns() -> Case {
    let around = |list: &str| {
        document(&format!(
            r#"{{"Action":"s3:*","Condition":{{"ArnLike":{{"s3:x-amz-server-side-encryption-aws-kms-key-id":[{list}]}}}},"Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::abc/*"}}"#
        ))
    };
    let list = filled(&around(""), |at| {
        format!("*:*:*:*:*:*{}aa*", code(at, "ab"))
    });
    let mut asked = asked("s3:PutObject", Some("key"));
    let arn = format!("arn:aws:kms:a:1:{}", "ab".repeat(LONG / 2));
    asked.headers.append(
        HeaderName::from_static("x-amz-server-side-encryption-aws-kms-key-id"),
        HeaderValue::try_from(arn).unwrap(),
    );
    Case {
        name: "ARNs",
        policy: around(&list),
        asked,
    }
}

/// Hundreds of conditions on one long value, which the case of the key's name tells apart.
fn conditions() -> Case {
    let around = |list: &str| {
        document(&format!(
            r#"{{"Action":"s3:*","Condition":{{"StringLike":{{{list}}}}},"Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::abc"}}"#
        ))
    };
    let mut list = String::new();
    for at in 0_u32.. {
        let name = "prefix".chars().enumerate();
        let upper = |(bit, letter): (usize, char)| match at >> bit & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        let comma = if at == 0 { "" } else { "," };
        let next = format!(
            r#"{comma}"s3:{}":"*ab{}*""#,
            name.map(upper).collect::<String>(),
            "a?".repeat(95)
        );
        if around("").len() + list.len() + next.len() > LIMIT || at == 64 {
            break;
        }
        list.push_str(&next);
    }
    let mut asked = asked("s3:ListBucket", None);
    asked.prefix = Some("ab".repeat(LONG / 2));
    Case {
        name: "64 conditions on one value",
        policy: around(&list),
        asked,
    }
}

/// As many statements as there is room for, each with a pattern of its own.
fn statements() -> Case {
    let statement = |at: usize| {
        let comma = if at == 0 { "" } else { "," };
        let pattern = code(at, "ab");
        format!(
            r#"{comma}{{"Action":"s3:*","Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::abc/*{pattern}bb*"}}"#
        )
    };
    let mut list = String::new();
    for at in 0.. {
        if document("").len() + list.len() + statement(at).len() > LIMIT {
            break;
        }
        list.push_str(&statement(at));
    }
    Case {
        name: "statements, ab in turn",
        policy: document(&list),
        asked: asked("s3:GetObject", Some(&"ab".repeat(LONG / 2))),
    }
}
