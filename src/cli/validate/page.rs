//! The linter's rules as a page; `docs/lint.md` holds it.

use portcullis_core::policy::lint::Rule;

const HEAD: &str = "# What `validate` finds in policies

Generated from the table in `core/src/policy/lint/rules.rs`.

A policy can be valid and still not do what its author believes. `portcullis validate` says where, under a rule with a \
fixed name: `file:line:column: warning: message [rule]`. A *warning* is most likely a mistake and fails with `--strict`; \
a *note* is worth a look and never fails. `--format json`, `sarif` and `github` tell programs the same, with the rule and \
what to do.

## Accepting a finding

What is meant is accepted in the configuration, by file and rule and with the reason; the policies stay AWS's documents, \
copied unchanged. Files are relative to the configuration.

```yaml
lint:
  allow:
    policies/buckets/downloads/policy.json:
      public: everyone may download our releases
```

A rule that does not exist is an error, and an entry that matches no finding a warning, so that none outlives what it \
was written for. `portcullis validate --config portcullis.yaml policies/` accepts the same in the files it is given.

## Rules

| Rule | Severity | Finds | Why it matters | What to do |
|---|---|---|---|---|
";

/// The page.
pub fn rules() -> String {
    let rows = Rule::ALL.iter().map(|rule| {
        let severity = rule.severity().as_str();
        let (id, why, help) = (rule.id(), rule.why(), rule.help());
        format!(
            "| `{id}` | {severity} | {} | {why} | {help} |\n",
            rule.summary()
        )
    });
    HEAD.to_owned() + &rows.collect::<String>()
}
