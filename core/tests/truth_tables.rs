//! Every condition operator, with every modifier, in every kind of context, in Allow and in Deny: the engine, a few
//! lines written from AWS's text, and a golden table must agree. The table is written from those lines, never from the
//! engine: run the test with `UPDATE_GOLDEN=1` and read the diff.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "truth_tables/aws.rs"]
mod aws;
#[path = "truth_tables/engine.rs"]
mod engine;
#[path = "truth_tables/samples.rs"]
mod samples;

use samples::{OPERATORS, Operator};
use std::fmt::Write;

/// What stands before and after the operator's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Modifier {
    set: Set,
    existence: Existence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    None,
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existence {
    Required,
    IfExists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// What the request says about the key; `true` stands for a value that matches, whatever the operator then makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    Missing,
    Values(&'static [bool]),
}

/// Whether a statement with the condition applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// There is no such operator.
    Refused,
}

const MODIFIERS: [Modifier; 6] = {
    use Existence::{IfExists, Required};
    const fn with(set: Set, existence: Existence) -> Modifier {
        Modifier { set, existence }
    }
    [
        with(Set::None, Required),
        with(Set::None, IfExists),
        with(Set::ForAllValues, Required),
        with(Set::ForAnyValue, Required),
        with(Set::ForAllValues, IfExists),
        with(Set::ForAnyValue, IfExists),
    ]
};

const SITUATIONS: [(&str, Situation); 7] = [
    ("missing", Situation::Missing),
    ("empty", Situation::Values(&[])),
    ("match", Situation::Values(&[true])),
    ("miss", Situation::Values(&[false])),
    ("all", Situation::Values(&[true, true])),
    ("some", Situation::Values(&[true, false])),
    ("none", Situation::Values(&[false, false])),
];

const LEGEND: &str = "\
Whether a statement with the condition applies: A the Allow does, D the Deny does, - it does not.
missing: the key is absent. empty: it is there without values. match, miss: one value, which the policy's values match
or not. all, some, none: two values, of which two, one, none match. A negated operator turns each of these round.
-D is what cannot be decided: several values without a set operator, and ForAnyValue with IfExists on no value.
!! is no operator: a policy with it is refused.

";

#[test]
fn the_engine_decides_as_aws_describes() {
    let mut wrong = Vec::new();
    for (operator, modifier) in rows() {
        for (name, situation) in SITUATIONS {
            for effect in [Effect::Allow, Effect::Deny] {
                let expected = aws::answer(operator, modifier, situation, effect);
                let found = engine::answer(operator, modifier, situation, effect);
                if expected != found {
                    let operator = modifier.on(operator.name);
                    wrong.push(format!(
                        "{effect:?} {operator} {name}: {found:?}, not {expected:?}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_golden_table_is_what_aws_describes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/truth-tables.txt");
    let table = table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    let same = golden.lines().eq(table.lines());
    assert!(
        same,
        "{path} differs; if that is right, run with UPDATE_GOLDEN=1\n{table}"
    );
}

fn rows() -> impl Iterator<Item = (&'static Operator, Modifier)> {
    MODIFIERS
        .into_iter()
        .flat_map(|modifier| OPERATORS.iter().map(move |operator| (operator, modifier)))
}

fn table() -> String {
    let mut text = LEGEND.to_owned();
    let mut heading = None;
    for (operator, modifier) in rows() {
        if heading != Some(modifier) {
            let blank = if heading.is_some() { "\n" } else { "" };
            write!(text, "{blank}{:<46}", modifier.on("…")).unwrap();
            let names = SITUATIONS.map(|(name, _)| format!("{name:<9}"));
            writeln!(text, "{}", names.concat().trim_end()).unwrap();
            heading = Some(modifier);
        }
        let cells = SITUATIONS.map(|(_, situation)| cell(operator, modifier, situation));
        let row = format!("{:<46}{}", modifier.on(operator.name), cells.concat());
        writeln!(text, "{}", row.trim_end()).unwrap();
    }
    text
}

fn cell(operator: &Operator, modifier: Modifier, situation: Situation) -> String {
    let letter = |effect, letter| match aws::answer(operator, modifier, situation, effect) {
        Answer::Yes => letter,
        Answer::No => "-",
        Answer::Refused => "!",
    };
    let (allow, deny) = (letter(Effect::Allow, "A"), letter(Effect::Deny, "D"));
    format!("{:<9}", format!("{allow}{deny}"))
}

impl Modifier {
    /// An operator as a policy writes it.
    fn on(self, name: &str) -> String {
        let prefix = match self.set {
            Set::None => "",
            Set::ForAllValues => "ForAllValues:",
            Set::ForAnyValue => "ForAnyValue:",
        };
        let suffix = match self.existence {
            Existence::Required => "",
            Existence::IfExists => "IfExists",
        };
        format!("{prefix}{name}{suffix}")
    }
}
