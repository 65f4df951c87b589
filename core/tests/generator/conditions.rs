//! Conditions: an operator that suits the key, and values that the request has or nearly has.

use super::keys::{ARNS, BASE64, BINARY, KEYS, Key, ODD, Type};
use super::policies::listed;
use super::request::Request;
use super::rng::Rng;
use serde_json::{Map, Value};

/// A `Condition` of one or two operators with one or two keys each.
pub(super) fn condition(rng: &mut Rng, request: &Request, variables: bool) -> Value {
    let mut condition = Map::new();
    for _ in 0..rng.weighted(&[(7, 1), (3, 2)]) {
        let key = key(rng, request);
        let operator = operator(rng, key);
        let keys = condition
            .entry(operator.clone())
            .or_insert_with(|| Map::new().into());
        insert(rng, keys, &operator, key, request, variables);
        let second = self::key(rng, request);
        if second.kind == key.kind && second.several == key.several && rng.chance(40) {
            insert(rng, keys, &operator, second, request, variables);
        }
    }
    condition.into()
}

/// A key of this action, most often one that the request has.
fn key(rng: &mut Rng, request: &Request) -> &'static Key {
    if rng.chance(2) {
        return &BINARY;
    }
    let fitting: Vec<&Key> = KEYS
        .iter()
        .filter(|key| key.applies_to(request.action))
        .collect();
    let own: Vec<&Key> = fitting
        .iter()
        .copied()
        .filter(|key| !key.actions.is_empty())
        .collect();
    let from = if !own.is_empty() && rng.chance(35) {
        &own
    } else {
        &fitting
    };
    let mut key = rng.pick(from);
    for _ in 0..2 {
        if !request.context.contains_key(key.name) {
            key = rng.pick(from);
        }
    }
    key
}

fn operator(rng: &mut Rng, key: &Key) -> String {
    if rng.chance(7) {
        return "Null".into();
    }
    let fitting: &[&str] = match key.kind {
        _ if rng.chance(4) => STRING,
        Type::String if rng.chance(3) => ARN,
        Type::String => STRING,
        Type::Arn if rng.chance(25) => STRING,
        Type::Arn => ARN,
        Type::Date if key.name == "aws:EpochTime" && rng.chance(40) => NUMERIC,
        Type::Numeric => NUMERIC,
        Type::Date => DATE,
        Type::Bool => &["Bool"],
        Type::Ip => &["IpAddress", "NotIpAddress"],
        Type::Binary => &["BinaryEquals"],
    };
    let base = rng.pick(fitting);
    let set = match (key.several, rng.below(100)) {
        (true, 0..47) | (false, 0..5) => "ForAllValues:",
        (true, 47..96) | (false, 5..10) => "ForAnyValue:",
        _ => "",
    };
    let if_exists = if rng.chance(22) { "IfExists" } else { "" };
    [set, base, if_exists].concat()
}

const STRING: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const ARN: &[&str] = &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"];
const NUMERIC: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn insert(
    rng: &mut Rng,
    keys: &mut Value,
    operator: &str,
    key: &Key,
    request: &Request,
    variables: bool,
) {
    let count = match operator {
        "Null" if !rng.chance(3) => 1,
        _ => rng.weighted(&[(100, 1), (60, 2), (20, 3)]),
    };
    let values: Vec<Value> = (0..count)
        .map(|_| value(rng, operator, key, request, variables))
        .collect();
    let name = if rng.chance(12) {
        rng.recase(key.name)
    } else {
        key.name.to_owned()
    };
    let keys = keys.as_object_mut().unwrap();
    // The same key in two spellings is a duplicate.
    if !keys.keys().any(|other| other.eq_ignore_ascii_case(&name)) {
        let values = listed(rng, values);
        keys.insert(name, values);
    }
}

fn value(rng: &mut Rng, operator: &str, key: &Key, request: &Request, variables: bool) -> Value {
    let held = match request.context.get(key.name) {
        Some(Value::Array(values)) if !values.is_empty() => {
            values[rng.below(values.len())].as_str()
        }
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let near = match held {
        Some(held) if !ODD.contains(&held) && rng.chance(60) => held,
        _ => rng.pick(key.values),
    };
    let base = operator
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("IfExists")
        .replace("Not", "");
    match base.as_str() {
        "Null" | "Bool" => {
            let yes = if base == "Null" {
                rng.chance(50)
            } else {
                near == "true"
            };
            if rng.chance(30) {
                yes.into()
            } else {
                yes.to_string().into()
            }
        }
        "StringEquals" | "StringEqualsIgnoreCase" => string(rng, near, request, variables, false),
        "StringLike" => string(rng, near, request, variables, true),
        "ArnEquals" | "ArnLike" => arn(rng, near, variables),
        "IpAddress" => network(rng, near).into(),
        "BinaryEquals" if BASE64.contains(&near) => near.into(),
        "BinaryEquals" => rng.pick(BASE64).into(),
        numeric if numeric.starts_with("Numeric") => number(rng, near),
        _ => date(rng, near),
    }
}

fn string(rng: &mut Rng, near: &str, request: &Request, variables: bool, like: bool) -> Value {
    match rng.below(10) {
        0 => rng.recase(near),
        1 | 2 if variables || rng.chance(30) => variable(rng, near, request),
        3 if variables => near.replace('*', "${*}").replace('?', "${?}"),
        4..8 if like => rng.wildcard(near),
        4 => format!("{near}*"),
        _ => near.into(),
    }
    .into()
}

/// The text with a variable in the place of its value, or a variable that may be anything.
fn variable(rng: &mut Rng, near: &str, request: &Request) -> String {
    let name = rng.pick(&[
        "aws:username",
        "aws:PrincipalTag/team",
        "aws:PrincipalAccount",
        "aws:PrincipalOrgID",
        "aws:SourceVpce",
        "aws:ResourceAccount",
    ]);
    let spelled = if rng.chance(20) {
        rng.recase(name)
    } else {
        name.to_owned()
    };
    let default = match rng.below(10) {
        0 => format!(",'{near}'"),
        1 => format!(" , '{near}'"),
        2 => format!(", '{near}*'"),
        3 | 4 => format!(", '{near}'"),
        _ => String::new(),
    };
    let written = format!("${{{spelled}{default}}}");
    match request.value(name) {
        Some(value) if !value.is_empty() && near.contains(value) => near.replace(value, &written),
        _ if rng.chance(30) => format!("{near}{written}"),
        _ => written,
    }
}

fn arn(rng: &mut Rng, near: &str, variables: bool) -> Value {
    let near = if near.starts_with("arn:") && near.split(':').count() > 5 {
        near
    } else {
        rng.pick(ARNS)
    };
    let mut parts: Vec<String> = near.splitn(6, ':').map(str::to_owned).collect();
    let at = rng.below(parts.len());
    match rng.below(8) {
        0 => parts[at] = "*".into(),
        1 | 2 => parts[at] = rng.wildcard(&parts[at].clone()),
        3 => parts[at] = rng.recase(&parts[at].clone()),
        4 if variables && parts.len() == 6 => parts[4] = "${aws:PrincipalAccount}".into(),
        5 if variables => {
            return rng
                .pick(&["arn:aws:iam::${aws:PrincipalAccount, '*'}:role/app"])
                .into();
        }
        _ => {}
    }
    parts.join(":").into()
}

fn network(rng: &mut Rng, near: &str) -> String {
    let v6 = near.contains(':');
    let masks: &[&str] = if v6 {
        &["/128", "/64", "/48", "/33", "/0"]
    } else {
        &["/32", "/31", "/24", "/25", "/8", "/0"]
    };
    match rng.below(4) {
        0 => near.into(),
        1 => {
            let network = if v6 {
                "2001:db8::/32"
            } else {
                "203.0.113.0/25"
            };
            network.into()
        }
        _ => format!("{near}{}", rng.pick(masks)),
    }
}

fn number(rng: &mut Rng, near: &str) -> Value {
    if let Ok(whole) = near.parse::<i64>() {
        return match rng.below(8) {
            0 => (whole + 1).into(),
            1 => (whole - 1).to_string().into(),
            2 => rng
                .pick(&["9007199254740993", "-1", "0.1", "10.50", "+5"])
                .into(),
            3 => format!("{whole}.5").into(),
            4 => whole.into(),
            5 => format!("0{whole}").into(),
            _ => near.into(),
        };
    }
    match rng.below(4) {
        0 => format!("{near}0").into(),
        1 => near.parse::<f64>().map_or(near.into(), Value::from),
        2 => "1".into(),
        _ => near.into(),
    }
}

/// The same instant or one beside it, in one of the forms that AWS takes.
fn date(rng: &mut Rng, near: &str) -> Value {
    if near.parse::<i64>().is_ok() {
        return match rng.below(4) {
            0 => "2026-03-01T12:00:00Z".into(),
            1 => "2026-03-01T13:00:00+01:00".into(),
            2 => near.parse::<i64>().unwrap().into(),
            _ => near.into(),
        };
    }
    match rng.below(9) {
        0 => near[..10].into(),
        1 => near.replace('Z', "+00:00").into(),
        2 => "2026-03-01T13:00:00+01:00".into(),
        3 => "2026-03-01T06:30:00-05:30".into(),
        4 => "1772366400".into(),
        5 => near.replace('Z', ".5Z").into(),
        6 => rng
            .pick(&["2026-03-01T12:00Z", "2026-03-01T12:00:00.000001Z"])
            .into(),
        _ => near.into(),
    }
}
