//! The same rules for two other engines. Each is given its request ready made, so that only the decision counts.

use crate::rules::{Asked, Condition, Effect, Rule};
use cedar_policy::{Authorizer, Context, Decision, Entities, PolicySet, Request};
use serde_json::json;
use std::cell::OnceCell;

/// <https://www.cedarpolicy.com>
pub(crate) struct Cedar {
    policies: PolicySet,
    authorizer: Authorizer,
    entities: Entities,
    request: OnceCell<Request>,
}

impl Cedar {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let text: String = rules.iter().map(as_cedar).collect();
        Self {
            policies: text.parse().unwrap(),
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            request: OnceCell::new(),
        }
    }

    pub(crate) fn allows(&self, asked: &Asked) -> bool {
        let request = self.request.get_or_init(|| request(asked));
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

fn request(asked: &Asked) -> Request {
    let context = json!({ "secure": true, "path": asked.resource });
    Request::new(
        r#"User::"alice""#.parse().unwrap(),
        format!(r#"Action::"{}""#, asked.action).parse().unwrap(),
        r#"Bucket::"lake""#.parse().unwrap(),
        Context::from_json_value(context, None).unwrap(),
        None,
    )
    .unwrap()
}

fn as_cedar(rule: &Rule) -> String {
    let effect = match rule.effect {
        Effect::Allow => "permit",
        Effect::Deny => "forbid",
    };
    let named = |action: &&str| format!(r#"Action::"{action}""#);
    let actions: Vec<String> = rule.actions.iter().map(named).collect();
    let condition = match rule.condition {
        Condition::None => "",
        Condition::PlainHttp => " && !context.secure",
    };
    format!(
        "{effect}(principal, action in [{}], resource) when {{ context.path like \"{}*\"{condition} }};\n",
        actions.join(","),
        rule.beginning,
    )
}

/// <https://github.com/microsoft/regorus>
pub(crate) struct Regorus {
    engine: regorus::Engine,
    input: OnceCell<regorus::Value>,
}

impl Regorus {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut text = "package s3\nimport rego.v1\ndefault allow := false\n\
            allow if { permitted; not forbidden }\n"
            .to_owned();
        text.extend(rules.iter().map(as_rego));
        let mut engine = regorus::Engine::new();
        engine.add_policy("s3.rego".into(), text).unwrap();
        Self {
            engine,
            input: OnceCell::new(),
        }
    }

    pub(crate) fn allows(&mut self, asked: &Asked) -> bool {
        let input = self.input.get_or_init(|| {
            let input = json!({ "action": asked.action, "path": asked.resource, "secure": true });
            regorus::Value::from_json_str(&input.to_string()).unwrap()
        });
        self.engine.set_input(input.clone());
        let allowed = self.engine.eval_rule("data.s3.allow".into()).unwrap();
        *allowed.as_bool().unwrap()
    }
}

fn as_rego(rule: &Rule) -> String {
    let name = match rule.effect {
        Effect::Allow => "permitted",
        Effect::Deny => "forbidden",
    };
    let condition = match rule.condition {
        Condition::None => "",
        Condition::PlainHttp => "; not input.secure",
    };
    format!(
        "{name} if {{ input.action in {:?}; startswith(input.path, {:?}){condition} }}\n",
        rule.actions, rule.beginning,
    )
}
