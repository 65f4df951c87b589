//! Documents and statements, element by element.

use super::conditions;
use super::request::{BUCKET, BUCKET_ACTIONS, OBJECT_ACTIONS, OTHER, OWNER, Request};
use super::rng::Rng;
use serde_json::{Map, Value, json};

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Bucket,
    Guardrail,
    Identity,
    /// A permissions boundary or a session policy.
    Cap,
}

/// A document for this layer.
pub(super) fn document(rng: &mut Rng, layer: Layer, request: &Request) -> Value {
    let mut document = Map::new();
    // AWS takes fewer forms of a resource control document than the engine does: keep to them mostly.
    let version = if layer == Layer::Guardrail && rng.chance(90) {
        "2012-10-17"
    } else {
        rng.weighted(&[(80, "2012-10-17"), (13, "2008-10-17"), (7, "")])
    };
    if !version.is_empty() {
        document.insert("Version".into(), version.into());
    }
    let count = 1 + rng.below(3);
    let mut statements: Vec<Value> = (0..count)
        .map(|_| statement(rng, layer, request, version == "2012-10-17"))
        .collect();
    let alone = statements.len() == 1 && rng.chance(30);
    let statements = if alone {
        statements.remove(0)
    } else {
        json!(statements)
    };
    document.insert("Statement".into(), statements);
    Value::Object(document)
}

fn statement(rng: &mut Rng, layer: Layer, request: &Request, variables: bool) -> Value {
    let deny = match layer {
        Layer::Guardrail => true,
        Layer::Bucket => rng.chance(27),
        Layer::Identity | Layer::Cap => rng.chance(15),
    };
    let mut statement = Map::new();
    statement.insert("Effect".into(), if deny { "Deny" } else { "Allow" }.into());
    match layer {
        Layer::Guardrail => drop(statement.insert("Principal".into(), "*".into())),
        Layer::Bucket if deny && rng.chance(25) => {
            statement.insert("NotPrincipal".into(), not_principal(rng, request));
        }
        Layer::Bucket => drop(statement.insert("Principal".into(), principal(rng, request))),
        Layer::Identity | Layer::Cap => {}
    }
    let negated = rng.chance(if layer == Layer::Guardrail { 2 } else { 12 });
    let name = if negated { "NotAction" } else { "Action" };
    statement.insert(name.into(), actions(rng, layer, request, negated));
    let negated = rng.chance(12);
    let name = if negated { "NotResource" } else { "Resource" };
    statement.insert(
        name.into(),
        resources(rng, layer, request, negated, variables),
    );
    let conditional = if deny { 80 } else { 45 };
    if rng.chance(conditional) {
        statement.insert(
            "Condition".into(),
            conditions::condition(rng, request, variables),
        );
    }
    Value::Object(statement)
}

/// One value alone or in a list, several always in a list.
pub(super) fn listed<T: Into<Value>>(rng: &mut Rng, mut values: Vec<T>) -> Value {
    if values.len() == 1 && rng.chance(60) {
        values.remove(0).into()
    } else {
        Value::Array(values.into_iter().map(Into::into).collect())
    }
}

fn actions(rng: &mut Rng, layer: Layer, request: &Request, negated: bool) -> Value {
    let hit = if negated { 25 } else { 80 };
    let count = 1 + rng.below(3);
    let all: Vec<String> = (0..count)
        .map(|at| {
            let hit = at == 0 && rng.chance(hit);
            action(rng, layer, request, hit)
        })
        .collect();
    listed(rng, all)
}

fn action(rng: &mut Rng, layer: Layer, request: &Request, hit: bool) -> String {
    if !hit {
        let same_level = if request.key.is_some() {
            OBJECT_ACTIONS
        } else {
            BUCKET_ACTIONS
        };
        return match rng.below(10) {
            0 if layer == Layer::Identity => "ec2:*".into(),
            1 if layer == Layer::Identity => "s3:ListAllMyBuckets".into(),
            2 if layer == Layer::Identity => "sts:AssumeRole".into(),
            _ => rng.pick(same_level).into(),
        };
    }
    let name = request.action;
    match rng.below(10) {
        0 | 1 => "s3:*".into(),
        2 if layer != Layer::Guardrail => "*".into(),
        3 => rng.recase(name),
        4 | 5 => format!("s3:{}", rng.wildcard(&name[3..])),
        6 => {
            let wild = format!("s3:{}", rng.wildcard(&name[3..]));
            rng.recase(&wild)
        }
        _ => name.into(),
    }
}

fn resources(
    rng: &mut Rng,
    layer: Layer,
    request: &Request,
    negated: bool,
    variables: bool,
) -> Value {
    let hit = if negated { 30 } else { 85 };
    let count = rng.weighted(&[(6, 1), (2, 2), (1, 3)]);
    let all: Vec<String> = (0..count)
        .map(|at| {
            if at == 0 && rng.chance(hit) {
                hitting(rng, layer, request, variables)
            } else {
                missing(rng, layer, request, variables)
            }
        })
        .collect();
    listed(rng, all)
}

fn hitting(rng: &mut Rng, layer: Layer, request: &Request, variables: bool) -> String {
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    if layer != Layer::Bucket && (request.is_service_level() || rng.chance(25)) {
        return rng
            .pick(&[
                "*",
                "*",
                "*",
                "arn:aws:s3:::*",
                "arn:aws:s3:::acme-*",
                "arn:*:s3:::acme-data*",
                "arn:aws:s3:*:*:acme-data*",
                "arn:aws:s3:*",
                "arn:aws:s*:::acme-data*",
                "arn:aws:*:acme-data*",
                "arn:*",
                "arn:aws:S3:::acme-data*",
            ])
            .into();
    }
    let Some(key) = request.key else {
        return match rng.below(6) {
            0 => format!("{bucket}*"),
            1 if layer != Layer::Bucket => format!("arn:aws:s3:::{}", rng.wildcard(BUCKET)),
            _ => bucket,
        };
    };
    match rng.below(8) {
        0 if !variables => format!("{bucket}/{key}"),
        0 => format!("{bucket}/{}", escaped(key, true)),
        1 | 2 => format!("{bucket}/*"),
        3 => format!("{bucket}*"),
        4 | 5 => format!("{bucket}/{}", rng.wildcard(&escaped(key, false))),
        _ => format!("{bucket}/{}", with_variable(rng, key, request, variables)),
    }
}

fn missing(rng: &mut Rng, layer: Layer, request: &Request, variables: bool) -> String {
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    let Some(key) = request.key else {
        return match rng.below(4) {
            0 if layer != Layer::Bucket => "arn:aws:s3:::acme-logs".into(),
            1 if layer != Layer::Bucket => "arn:aws:s3:::Acme-data".into(),
            2 if layer != Layer::Bucket => format!("{bucket}/*"),
            _ => bucket,
        };
    };
    match rng.below(7) {
        0 => format!("{bucket}/{}", rng.recase(&escaped(key, variables))),
        1 => format!("{bucket}/reports/*"),
        2 => format!("{bucket}/home/${{aws:username}}/*"),
        3 => format!("{bucket}/team/${{aws:PrincipalTag/team, 'all'}}/*"),
        4 => format!("{bucket}/{}", with_variable(rng, key, request, variables)),
        5 if layer != Layer::Bucket => rng
            .pick(&[
                "arn:aws:s3:::acme-logs/*",
                "arn:aws:s3:::acme-data",
                "arn:aws:sqs:eu-west-1:1:q",
            ])
            .into(),
        _ => format!("{bucket}/a*b"),
    }
}

/// The key as a pattern that matches only itself, where the language can say so.
fn escaped(key: &str, variables: bool) -> String {
    if !variables {
        return key.replace("${", "$?");
    }
    key.chars()
        .map(|character| match character {
            '*' | '?' | '$' => format!("${{{character}}}"),
            other => other.to_string(),
        })
        .collect()
}

/// The key with the name of a variable in place of its value, or in place of something else.
fn with_variable(rng: &mut Rng, key: &str, request: &Request, variables: bool) -> String {
    let variable = rng.pick(&[
        "aws:username",
        "aws:PrincipalTag/team",
        "aws:PrincipalAccount",
        "aws:userid",
    ]);
    let value = request.value(variable).unwrap_or("all");
    let mut name = if rng.chance(20) {
        rng.recase(variable)
    } else {
        variable.to_owned()
    };
    if rng.chance(35) {
        let default = rng.pick(&["all", "red", "alice"]);
        name = format!("{name}, '{default}'");
    }
    let written = format!("${{{name}}}");
    if !value.is_empty() && key.contains(value) {
        return key.replace(value, &written).replace("${x}", "*");
    }
    let mut parts: Vec<String> = key
        .split('/')
        .map(|part| escaped(part, variables))
        .collect();
    let at = rng.below(parts.len());
    parts[at] = written;
    parts.join("/")
}

/// The canonical id of an account.
pub(super) fn canonical(account: &str) -> String {
    account.chars().cycle().take(64).collect()
}

fn principal(rng: &mut Rng, request: &Request) -> Value {
    match rng.below(12) {
        0..3 => "*".into(),
        3 => json!({ "AWS": "*" }),
        4 => json!({ "AWS": ["*"] }),
        _ => {
            let count = rng.weighted(&[(6, 1), (3, 2), (2, 3)]);
            let entries: Vec<_> = (0..count)
                .map(|at| entry(rng, request, if at == 0 { 80 } else { 10 }))
                .collect();
            gathered(rng, entries)
        }
    }
}

/// Deny with NotPrincipal: the whole chain of the caller, some of it, or others.
fn not_principal(rng: &mut Rng, request: &Request) -> Value {
    let mut entries: Vec<_> = chain(request)
        .into_iter()
        .filter(|_| rng.chance(80))
        .collect();
    if entries.is_empty() || rng.chance(25) {
        entries.push(entry(rng, request, 0));
    }
    gathered(rng, entries)
}

/// Every name of the caller: itself, its role or IAM user, its account.
fn chain(request: &Request) -> Vec<(&'static str, String)> {
    let arn = request.principal["arn"].as_str();
    match (request.kind(), request.account(), arn) {
        ("Service", _, Some(arn)) => vec![("Service", arn.into())],
        (_, Some(account), Some(arn)) => {
            let mut chain = vec![
                ("AWS", arn.to_owned()),
                ("AWS", format!("arn:aws:iam::{account}:root")),
            ];
            chain.extend(request.source().map(|source| ("AWS", source.to_owned())));
            chain
        }
        _ => vec![],
    }
}

fn entry(rng: &mut Rng, request: &Request, hit: usize) -> (&'static str, String) {
    let mut chain = chain(request);
    if !chain.is_empty() && rng.chance(hit) {
        if let Some(account) = request.account() {
            chain.push(("AWS", account.into()));
            chain.push(("CanonicalUser", canonical(account)));
        }
        return chain.remove(rng.below(chain.len()));
    }
    let (kind, text) = rng.weighted(&[
        (3, ("AWS", "arn:aws:iam::111122223333:user/alice")),
        (1, ("AWS", "arn:aws:iam::111122223333:user/Alice")),
        (2, ("AWS", "arn:aws:iam::111122223333:user/bob")),
        (2, ("AWS", "arn:aws:iam::111122223333:user/eng/bob")),
        (2, ("AWS", "arn:aws:iam::111122223333:role/app")),
        (2, ("AWS", "arn:aws:iam::111122223333:role/builder")),
        (2, ("AWS", "arn:aws:sts::111122223333:assumed-role/app/s2")),
        (2, ("AWS", "arn:aws:iam::444455556666:root")),
        (2, ("AWS", OTHER)),
        (2, ("AWS", OWNER)),
        (2, ("AWS", "arn:aws:sts::111122223333:federated-user/alice")),
        (2, ("AWS", "arn:aws:sts::111122223333:federated-user/carol")),
        (1, ("AWS", "arn:aws:iam::111122223333:user/carol")),
        (1, ("AWS", "arn:aws:sts::444455556666:federated-user/carol")),
        (2, ("Service", "cloudtrail.amazonaws.com")),
        (1, ("Federated", "graph.facebook.com")),
        (
            1,
            (
                "CanonicalUser",
                "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
            ),
        ),
    ]);
    (kind, text.to_owned())
}

fn gathered(rng: &mut Rng, entries: Vec<(&'static str, String)>) -> Value {
    let mut kinds: Vec<(&str, Vec<String>)> = Vec::new();
    for (kind, text) in entries {
        match kinds.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, texts)) => texts.push(text),
            None => kinds.push((kind, vec![text])),
        }
    }
    kinds
        .into_iter()
        .map(|(kind, texts)| (kind.to_owned(), listed(rng, texts)))
        .collect::<Map<_, _>>()
        .into()
}
