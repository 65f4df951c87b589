//! From files to an engine, with every problem and its place.

use super::words::Words;
use super::{CHECK_EVERY, DENY, Engine, PACKAGE};
use portcullis_core::document::Place;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{CompiledPolicy, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Functions whose result is not of their arguments alone. Most are not built in; what is not must not slip in.
const IMPURE: &[&str] = &[
    "http.send",
    "net.lookup_ip_addr",
    "opa.runtime",
    "rand.intn",
    "time.now_ns",
    "uuid.rfc4122",
];

/// A file of Rego.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in messages and records.
    pub file: Arc<str>,
    /// What it holds.
    pub text: String,
}

/// What is wrong with a file, or odd.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file; `None` if it is about all of them.
    pub file: Option<Arc<str>>,
    /// Line and column from 1; 0 if it is about the whole.
    pub at: Place,
    /// Lower case, no full stop.
    pub message: Box<str>,
}

/// What came of the files.
#[derive(Debug)]
pub struct Compiled {
    /// `None` if no file has a `deny`.
    pub engine: Option<Engine>,
    /// What is not in force though it looks so.
    pub warnings: Vec<Problem>,
}

/// Compiles files and their `data` document.
///
/// # Errors
/// What is wrong: every file that cannot be read, or else the first thing that does not fit together.
pub fn compile(
    sources: &[Source],
    data: serde_json::Value,
    deadline: Duration,
) -> Result<Compiled, Vec<Problem>> {
    let modules: Vec<Result<Module<'_>, Problem>> = sources.iter().map(Module::read).collect();
    let problems: Vec<Problem> = modules
        .iter()
        .filter_map(|module| module.clone().err())
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let modules: Vec<Module<'_>> = modules.into_iter().filter_map(Result::ok).collect();
    let one = |problem| vec![problem];
    let data = document(data).map_err(one)?;
    let words: Vec<Words> = modules
        .iter()
        .map(|module| Words::of(&module.source.text))
        .collect();
    pure(&modules, &words).map_err(one)?;
    let rules = rules(&modules, &data).map_err(one)?;
    let mut warnings = warnings(&modules, &rules, &words);
    if !rules.contains_key(DENY) {
        return Ok(Compiled {
            engine: None,
            warnings,
        });
    }
    let prepared = match prepared(&modules, &data) {
        Ok(prepared) => prepared,
        // The engine takes an object for no rule that can be asked for.
        Err(problem) if problem.file.is_none() && problem.message.contains("rule path") => {
            return Err(vec![about_deny(&rules, NO_SET.to_owned())]);
        }
        Err(problem) => return Err(vec![problem]),
    };
    warnings.extend(try_once(&prepared, &rules).map_err(one)?);
    let alone = alone(&modules, &rules, &data);
    let engine = Engine {
        prepared,
        deadline,
        alone,
    };
    Ok(Compiled {
        engine: Some(engine),
        warnings,
    })
}

fn document(data: serde_json::Value) -> Result<Value, Problem> {
    let about_all = |message: String| Problem {
        file: None,
        at: Place::default(),
        message: message.into(),
    };
    if !data.is_object() {
        return Err(about_all("the data must be a map".to_owned()));
    }
    Value::deserialize(data).map_err(|error| about_all(error.to_string()))
}

/// A file that can be read.
#[derive(Debug, Clone)]
struct Module<'a> {
    source: &'a Source,
    package: String,
    dialect: Dialect,
}

/// The versions of Rego differ in how a rule is written. What both understand is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `deny contains msg if { … }`
    V1,
    /// `deny[msg] { … }`
    V0,
}

impl<'a> Module<'a> {
    fn read(source: &'a Source) -> Result<Self, Problem> {
        let read = |dialect| {
            let package = add(&mut regorus::Engine::new(), source, dialect)?;
            Ok(Self {
                source,
                package,
                dialect,
            })
        };
        read(Dialect::V1)
            .or_else(|error| read(Dialect::V0).map_err(|_| error))
            .map_err(|error: anyhow::Error| Problem::of(&error, source))
    }
}

fn add(engine: &mut regorus::Engine, source: &Source, dialect: Dialect) -> anyhow::Result<String> {
    engine.set_rego_v0(dialect == Dialect::V0);
    engine.add_policy(source.file.to_string(), source.text.clone())
}

/// Where the rules of every name stand.
type Rules = BTreeMap<String, Vec<(Arc<str>, Place)>>;

/// The rules of all files. One that never denies is put beside them, so that there is something to ask for.
fn rules(modules: &[Module<'_>], data: &Value) -> Result<Rules, Problem> {
    let seed = Source {
        file: "".into(),
        text: "package portcullis.guardrails\ndeny contains \"\" if false\n".to_owned(),
    };
    let seed = Module {
        source: &seed,
        package: PACKAGE.to_owned(),
        dialect: Dialect::V1,
    };
    let with_seed: Vec<Module<'_>> = modules.iter().cloned().chain([seed]).collect();
    let policy = policy(&with_seed, data)?;
    let mut found = Rules::new();
    for (name, rules) in policy.get_rules() {
        for rule in rules {
            let span = rule.span();
            let file = modules.iter().map(|module| &module.source.file);
            let mut file = file.filter(|file| ***file == **span.source.get_path());
            if let Some(file) = file.next() {
                let place = Place {
                    line: span.line,
                    column: span.col,
                };
                found
                    .entry(name.clone())
                    .or_default()
                    .push((file.clone(), place));
            }
        }
    }
    Ok(found)
}

fn policy(modules: &[Module<'_>], data: &Value) -> Result<CompiledPolicy, Problem> {
    let mut engine = regorus::Engine::new();
    fill(&mut engine, modules, data)
        .and_then(|()| engine.compile_with_entrypoint(&DENY.into()))
        .map_err(|error| Problem::found(&error, modules))
}

fn fill(engine: &mut regorus::Engine, modules: &[Module<'_>], data: &Value) -> anyhow::Result<()> {
    for module in modules {
        add(engine, module.source, module.dialect)?;
    }
    engine.add_data(data.clone())
}

/// An engine whose copies evaluate at once. A function that fails is an error to it: it would else be undefined, and
/// the rule would not deny.
fn prepared(modules: &[Module<'_>], data: &Value) -> Result<regorus::Engine, Problem> {
    let mut engine = regorus::Engine::new();
    engine.set_strict_builtin_errors(true);
    fill(&mut engine, modules, data)
        .and_then(|()| engine.compile_with_entrypoint(&DENY.into()))
        .map_err(|error| Problem::found(&error, modules))?;
    Ok(engine)
}

/// Asks once about nothing: `deny` must be a set whatever is asked. A failure is a warning, since it may come of the
/// emptiness.
fn try_once(prepared: &regorus::Engine, rules: &Rules) -> Result<Option<Problem>, Problem> {
    let mut engine = prepared.clone();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: Duration::from_secs(1),
        check_interval: CHECK_EVERY,
    });
    engine.set_input(Value::new_object());
    match engine.eval_rule(DENY.to_owned()) {
        Ok(found) if found.as_set().is_ok() => Ok(None),
        Ok(_) => Err(about_deny(rules, NO_SET.to_owned())),
        Err(error) => {
            let message = format!("`deny` fails on an empty input: {}", words(&error));
            Ok(Some(about_deny(rules, message)))
        }
    }
}

const NO_SET: &str = "`deny` must be a set: write `deny contains msg if { … }`";

fn about_deny(rules: &Rules, message: String) -> Problem {
    let deny = rules.get(DENY).and_then(|places| places.first());
    Problem {
        file: deny.map(|(file, _)| file.clone()),
        at: deny.map(|(_, place)| *place).unwrap_or_default(),
        message: message.into(),
    }
}

fn pure(modules: &[Module<'_>], words: &[Words]) -> Result<(), Problem> {
    for (module, words) in modules.iter().zip(words) {
        if let Some((name, at)) = words.find(IMPURE) {
            return Err(Problem {
                file: Some(module.source.file.clone()),
                at,
                message: format!(
                    "`{name}` may not be used: what a guardrail says depends on its input alone"
                )
                .into(),
            });
        }
    }
    Ok(())
}

/// Rules that nothing asks for: a misspelt `deny` above all.
fn warnings(modules: &[Module<'_>], rules: &Rules, words: &[Words]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for module in modules {
        let file = &module.source.file;
        let warning = |at, message: String| Problem {
            file: Some(file.clone()),
            at,
            message: message.into(),
        };
        let package = module
            .package
            .strip_prefix("data.")
            .unwrap_or(&module.package);
        if module.package != PACKAGE {
            let last = package.rsplit('.').next().unwrap_or(package);
            if words.iter().map(|words| words.count(last)).sum::<usize>() < 2 {
                let message = "decides nothing: guardrails are in `portcullis.guardrails`";
                warnings.push(warning(
                    Place::default(),
                    format!("package `{package}` {message}"),
                ));
            }
            continue;
        }
        for (path, places) in rules.iter().filter(|(path, _)| *path != DENY) {
            let name = path
                .strip_prefix(PACKAGE)
                .unwrap_or(path)
                .trim_start_matches('.');
            let mentions: usize = words.iter().map(|words| words.count(name)).sum();
            let mut here = places.iter().filter(|(other, _)| other == file);
            if let (Some((_, place)), true) = (here.next(), mentions <= places.len()) {
                let message = format!("`{name}` decides nothing: no other rule uses it");
                warnings.push(warning(*place, message));
            }
        }
    }
    warnings
}

/// Each file that denies, with those that do not. A file that needs another that denies cannot stand alone.
fn alone(modules: &[Module<'_>], rules: &Rules, data: &Value) -> Vec<(Arc<str>, regorus::Engine)> {
    let denies = |module: &Module<'_>| {
        let mut places = rules.get(DENY).into_iter().flatten();
        places.any(|(file, _)| *file == module.source.file)
    };
    let (denying, shared): (Vec<_>, Vec<_>) = modules.iter().cloned().partition(denies);
    denying
        .into_iter()
        .filter_map(|module| {
            let file = module.source.file.clone();
            let some: Vec<_> = shared.iter().cloned().chain([module]).collect();
            Some((file, prepared(&some, data).ok()?))
        })
        .collect()
}

impl Problem {
    /// About one file.
    fn of(error: &anyhow::Error, source: &Source) -> Self {
        let (place, message) = read(error);
        Self {
            file: Some(source.file.clone()),
            at: place.map(|(_, at)| at).unwrap_or_default(),
            message,
        }
    }

    /// About whichever file the error names.
    fn found(error: &anyhow::Error, modules: &[Module<'_>]) -> Self {
        let (place, message) = read(error);
        let files = modules.iter().map(|module| &module.source.file);
        let named = place.and_then(|(name, at)| {
            let mut files = files.filter(|file| ***file == *name);
            files.next().map(|file| (file.clone(), at))
        });
        Self {
            at: named.as_ref().map(|(_, at)| *at).unwrap_or_default(),
            file: named.map(|(file, _)| file),
            message,
        }
    }
}

/// The engine's errors are pictures of the line: `--> file:line:column`, the line, `error: what`.
fn read(error: &anyhow::Error) -> (Option<(String, Place)>, Box<str>) {
    let text = error.to_string();
    let place = text.split_once("--> ").and_then(|(_, rest)| {
        let mut parts = rest.lines().next()?.rsplitn(3, ':');
        let column = parts.next()?.trim().parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some((parts.next()?.to_owned(), Place { line, column }))
    });
    (place, words(error).into())
}

/// What an error says, on one line and without its picture.
pub(super) fn words(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once("error: ").map_or(&*text, |(_, what)| what);
    what.split_whitespace().collect::<Vec<_>>().join(" ")
}
