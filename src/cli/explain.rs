//! `explain`: of an exchange, of a record, or of a question to the policies of a configuration.

use super::ask::{Question as Ask, ask};
use super::{Explain, Layout};
use crate::config::{self, Host};
use anyhow::{Context as _, bail};
use portcullis_core::cases::Case;
use portcullis_core::context::{FixedContext, Key};
use portcullis_core::identity::Principal;
use portcullis_core::policy::{Explanation, Policies, Question, Verdict, View, explain};
use portcullis_core::s3::actions::Action;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy)]
enum Said {
    Allowed = 0,
    Denied = 1,
    Undecided = 2,
}

/// Explains and prints.
pub(super) fn run(arguments: &Explain) -> ExitCode {
    let explained = match (&arguments.id, &arguments.record) {
        (Some(file), _) if is_document(file) => by_cases(Path::new(file), arguments),
        (Some(id), _) => by_id(id, arguments),
        (None, Some(record)) => by_record(record),
        (None, None) => by_question(arguments),
    };
    match explained {
        Ok((said, text, value)) => {
            let printed = super::print(&match arguments.format {
                Layout::Text => text,
                Layout::Json => format!("{value:#}\n"),
            });
            match printed == ExitCode::SUCCESS {
                true => ExitCode::from(said as u8),
                false => ExitCode::from(Said::Undecided as u8),
            }
        }
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::from(Said::Undecided as u8)
        }
    }
}

type Explained = (Said, String, Value);

/// No request id has a dot.
fn is_document(name: &str) -> bool {
    [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Every case of a file, or the one that is named. Denied if one of them is, undecided if one cannot be decided.
fn by_cases(file: &Path, arguments: &Explain) -> anyhow::Result<Explained> {
    let (files, findings) = config::cases(file, &Host);
    if let Some(finding) = findings.first() {
        bail!("{finding}");
    }
    let wanted = |case: &&Case| {
        arguments
            .case
            .as_ref()
            .is_none_or(|name| *name == case.name)
    };
    let cases: Vec<&Case> = files
        .iter()
        .flat_map(|file| &file.cases)
        .filter(wanted)
        .collect();
    if cases.is_empty() {
        bail!("`{}` has no such case", file.display());
    }
    let (mut all, mut text, mut values) = (Said::Allowed, String::new(), Vec::new());
    for case in cases {
        let scene = case.scene().map_err(|refused| {
            let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", refused.join("; "))
        })?;
        let outcome = scene.decide().outcome.name();
        let explanation = scene.explain();
        all = all.worse(said(Some(outcome)));
        text += &format!("{}\n\n{}\n\n", case.name, explanation.to_text().trim_end());
        values.push(json!({ "name": case.name, "outcome": outcome, "explanation": explanation }));
    }
    Ok((all, text, Value::Array(values)))
}

impl Said {
    fn worse(self, other: Self) -> Self {
        match (self as u8) < (other as u8) {
            true => other,
            false => self,
        }
    }
}

fn by_id(id: &str, arguments: &Explain) -> anyhow::Result<Explained> {
    let answer = ask(&arguments.running, &Ask::Explain(id))?;
    if answer.status != 200 {
        let error = answer.body.get("error").and_then(Value::as_str);
        bail!("{}", error.unwrap_or("the gateway does not say"));
    }
    let text = answer.body.get("text").and_then(Value::as_str);
    let verdict = answer.body.get("verdict").and_then(Value::as_str);
    let text = text.unwrap_or_default().to_owned();
    Ok((said(verdict), text, answer.body))
}

fn said(verdict: Option<&str>) -> Said {
    match verdict {
        Some(allow) if allow == Verdict::Allow.name() => Said::Allowed,
        Some(unknown) if unknown == Verdict::Unknown.name() => Said::Undecided,
        Some(_) => Said::Denied,
        None => Said::Undecided,
    }
}

/// What the record itself holds; neither gateway nor policies are asked.
fn by_record(file: &Path) -> anyhow::Result<Explained> {
    let mut text = String::new();
    match file == Path::new("-") {
        true => std::io::stdin().lock().read_to_string(&mut text)?,
        false => std::fs::File::open(file)
            .with_context(|| format!("cannot read `{}`", file.display()))?
            .read_to_string(&mut text)?,
    };
    let line = text.lines().find(|line| !line.trim().is_empty());
    let record: Value =
        serde_json::from_str(line.context("there is no record")?).context("not a JSON record")?;
    let id = record.get("request_id").and_then(Value::as_str);
    let id = id.context("not a record: it has no `request_id`")?;
    let nothing = Value::Null;
    let decision = record.get("decision").unwrap_or(&nothing);
    let value = json!({
        "request_id": id,
        "http_status": record.get("http_status"),
        "error_code": record.get("error_code"),
        "principal": record.get("principal"),
        "decision": decision,
        "permissions": record.get("permissions"),
    });
    let verdict = decision.get("verdict").and_then(Value::as_str);
    Ok((said(verdict), record_text(id, &record, decision), value))
}

fn record_text(id: &str, record: &Value, decision: &Value) -> String {
    let field = |of: &Value, name: &str| match of.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.escape_debug().to_string(),
        Some(other) => other.to_string(),
    };
    let head = format!(
        "{id}: {} {}, {}\n",
        field(record, "operation_name"),
        field(record, "http_status"),
        field(record, "error_code"),
    );
    if decision.is_null() {
        return head + "no policy was asked: the request was refused before\n";
    }
    let mut text = head;
    text += &format!(
        "{}: {} on {} for {}\n",
        field(decision, "verdict"),
        field(decision, "action"),
        field(decision, "resource"),
        field(record, "principal"),
    );
    if decision.get("file").is_some() {
        text += &format!(
            "by {} policy, Sid {}, {}:{}\n",
            field(decision, "layer"),
            field(decision, "sid"),
            field(decision, "file"),
            field(decision, "line"),
        );
    }
    if let Some(missing) = decision.get("missing").and_then(Value::as_str) {
        text += &format!("missing: {missing}\n");
    }
    if let Some(reason) = decision.get("reason") {
        text += &format!("reason: {reason:#}\n");
    }
    text + &format!("revision {}\n", field(decision, "revision"))
}

/// Asks the policies of a configuration.
fn by_question(arguments: &Explain) -> anyhow::Result<Explained> {
    let (Some(principal), Some(action), Some(resource), Some(file)) = (
        &arguments.principal,
        &arguments.action,
        &arguments.resource,
        &arguments.running.config,
    ) else {
        bail!("give --principal, --action, --resource and --config");
    };
    let (settings, _) = config::load(file, &Host)
        .map_err(|found| anyhow::anyhow!("{}", super::validate::as_text(&found)))?;
    let principal = match principal.as_str() {
        "anonymous" => Principal::Anonymous,
        arn => Principal::Known(
            settings
                .directory
                .callers
                .get(arn)
                .with_context(|| format!("`{arn}` is not among the identities"))?
                .clone(),
        ),
    };
    let action =
        Action::parse(action).with_context(|| format!("`{action}` is not an action of S3"))?;
    let context = context(arguments)?;
    let resource = resource.strip_prefix("arn:aws:s3:::").unwrap_or(resource);
    let bucket = resource.split('/').next().unwrap_or_default();
    let rules = crate::gateway::rules_of(settings);
    let route = rules.routes.find(bucket);
    let route = route
        .and_then(|position| rules.routes.get(position))
        .with_context(|| format!("no upstream holds `{bucket}`"))?;
    let (owner, settings) = (rules.owner_of(bucket, route), rules.in_force(bucket, route));
    let explanation = explain(
        Policies {
            bucket: settings.policy().map(|policy| &*policy.policy),
            guardrails: rules.guardrails_of(owner),
            acl: None,
            public: settings.public_access_block().public_policies(),
        },
        &Question {
            principal: &principal,
            action,
            resource,
            owner,
            context: &context,
            view: View::Live,
        },
    );
    let verdict = explanation.decision.verdict.name();
    let mut text = explanation.to_text() + "\n";
    if rules.rego.is_some() {
        text += "rules in Rego are not asked: they judge whole requests\n";
    }
    Ok((said(Some(verdict)), text, value(&explanation)))
}

fn value(explanation: &Explanation) -> Value {
    json!(explanation)
}

fn context(arguments: &Explain) -> anyhow::Result<FixedContext> {
    let mut written: Vec<(String, Vec<String>)> = Vec::new();
    let source = arguments.source_ip.map(|ip| format!("aws:SourceIp={ip}"));
    for one in arguments.context.iter().chain(&source) {
        let Some((key, value)) = one.split_once('=') else {
            bail!("`{one}` is not KEY=VALUE");
        };
        match written.iter_mut().find(|(known, _)| known == key) {
            Some((_, values)) => values.push(value.to_owned()),
            None => written.push((key.to_owned(), vec![value.to_owned()])),
        }
    }
    let mut context = FixedContext::default();
    for (name, mut values) in written {
        let key = Key::parse(&name).with_context(|| format!("unknown condition key `{name}`"))?;
        context = match (values.len(), values.pop()) {
            (1, Some(value)) => context.with(key, value),
            (_, last) => context.with_many(key, values.into_iter().chain(last)),
        };
    }
    Ok(context)
}
