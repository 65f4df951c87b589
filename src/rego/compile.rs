//! From files to an engine, with every problem and its place.

use super::{DENY, Engine, PACKAGE};
use portcullis_core::document::Place;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::{Program, RuleType};
use regorus::{CompiledPolicy, Value};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
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
    let data = document(data).map_err(|problem| vec![problem])?;
    let link = |modules: &[Module<'_>]| program(modules, &data).map_err(|problem| vec![problem]);
    let rules = rules(&modules, &data).map_err(|problem| vec![problem])?;
    if !rules.contains_key(DENY) {
        let warnings = warnings(&modules, &rules, &BTreeSet::new());
        return Ok(Compiled {
            engine: None,
            warnings,
        });
    }
    let program = link(&modules)?;
    check(&program, &rules).map_err(|problem| vec![problem])?;
    let used = program
        .rule_infos
        .iter()
        .map(|rule| rule.name.clone())
        .collect();
    let warnings = warnings(&modules, &rules, &used);
    let alone = alone(&modules, &rules, &data);
    Ok(Compiled {
        engine: Some(Engine {
            program,
            data,
            deadline,
            alone,
            idle: Mutex::default(),
        }),
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
    let compiled = modules
        .iter()
        .try_for_each(|module| add(&mut engine, module.source, module.dialect).map(drop))
        .and_then(|()| engine.add_data(data.clone()))
        .and_then(|()| engine.compile_with_entrypoint(&DENY.into()));
    compiled.map_err(|error| Problem::found(&error, modules))
}

fn program(modules: &[Module<'_>], data: &Value) -> Result<Arc<Program>, Problem> {
    let policy = policy(modules, data)?;
    Compiler::compile_from_policy(&policy, &[DENY])
        .map_err(|error| Problem::found(&anyhow::Error::msg(error.to_string()), modules))
}

/// What compiles and still is no guardrail.
fn check(program: &Program, rules: &Rules) -> Result<(), Problem> {
    let deny = rules.get(DENY).and_then(|places| places.first());
    let about_deny = |message: String| Problem {
        file: deny.map(|(file, _)| file.clone()),
        at: deny.map(|(_, place)| *place).unwrap_or_default(),
        message: message.into(),
    };
    let names = program
        .builtin_info_table
        .iter()
        .map(|builtin| &*builtin.name);
    let mut impure = names.filter(|name| IMPURE.contains(name));
    if let Some(name) = impure.next() {
        return Err(about_deny(format!(
            "`{name}` may not be used: what a guardrail says depends on its input alone"
        )));
    }
    let mut denies = program.rule_infos.iter().filter(|rule| rule.name == DENY);
    match denies.all(|rule| matches!(rule.rule_type, RuleType::PartialSet)) {
        true => Ok(()),
        false => Err(about_deny(
            "`deny` must be a set: write `deny contains msg if { … }`".to_owned(),
        )),
    }
}

/// Rules that nothing asks for: a misspelt `deny` above all.
fn warnings(modules: &[Module<'_>], rules: &Rules, used: &BTreeSet<String>) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for module in modules {
        let file = &module.source.file;
        let own = rules.iter().flat_map(|(name, places)| {
            let mut here = places.iter().filter(|(other, _)| other == file);
            here.next().map(|(_, place)| (name, *place))
        });
        let unused: Vec<_> = own
            .clone()
            .filter(|(name, _)| !used.contains(*name))
            .collect();
        let warning = |at, message: String| Problem {
            file: Some(file.clone()),
            at,
            message: message.into(),
        };
        let package = module
            .package
            .strip_prefix("data.")
            .unwrap_or(&module.package);
        if module.package != PACKAGE && unused.len() == own.count() {
            warnings.push(warning(
                Place::default(),
                format!(
                    "package `{package}` decides nothing: guardrails are in `portcullis.guardrails`"
                ),
            ));
        } else if module.package == PACKAGE {
            warnings.extend(unused.into_iter().map(|(name, place)| {
                let name = name.strip_prefix(PACKAGE).unwrap_or(name);
                let name = name.trim_start_matches('.');
                warning(
                    place,
                    format!("`{name}` decides nothing: no `deny` uses it"),
                )
            }));
        }
    }
    warnings
}

/// Each file that denies, with those that do not. A file that needs another that denies cannot stand alone.
fn alone(modules: &[Module<'_>], rules: &Rules, data: &Value) -> Vec<(Arc<str>, Arc<Program>)> {
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
            Some((file, program(&some, data).ok()?))
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
    let what = text.rsplit_once("error: ").map_or(&*text, |(_, what)| what);
    let words = what.split_whitespace().collect::<Vec<_>>().join(" ");
    (place, words.into())
}
