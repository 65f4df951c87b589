//! What the engine says of a statement with one condition.

use super::samples::{KEY, Operator};
use super::{Answer, Effect, Modifier, Situation};
use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Origin, Policies, Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict, View,
    evaluate,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::AccountId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a statement of this effect applies: the Allow if it allows, the Deny if it denies what is allowed.
pub(crate) fn answer(
    operator: &Operator,
    modifier: Modifier,
    situation: Situation,
    effect: Effect,
) -> Answer {
    let Some(conditional) = conditional(operator, modifier, effect) else {
        return Answer::Refused;
    };
    let everything = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let policies = match effect {
        Effect::Allow => vec![conditional],
        Effect::Deny => vec![compile(everything).unwrap(), conditional],
    };
    let applied = match effect {
        Effect::Allow => Verdict::Allow,
        Effect::Deny => Verdict::ExplicitDeny,
    };
    match decide(policies, &context(operator, situation)) {
        verdict if verdict == applied => Answer::Yes,
        _ => Answer::No,
    }
}

fn conditional(operator: &Operator, modifier: Modifier, effect: Effect) -> Option<Arc<Policy>> {
    let name = modifier.on(operator.name);
    let values = serde_json::to_string(operator.values).unwrap();
    compile(&format!(
        r#"{{"Effect": "{effect:?}", "Action": "*", "Resource": "*", "Condition": {{"{name}": {{"{KEY}": {values}}}}}}}"#
    ))
}

fn compile(statement: &str) -> Option<Arc<Policy>> {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
    let origin = Arc::new(Origin {
        source: "truth table".into(),
    });
    let compiled = Policy::compile(
        &document::json(&text).unwrap(),
        PolicyKind::Identity,
        origin,
    );
    compiled.ok().map(|compiled| Arc::new(compiled.policy))
}

/// A single value is given as such: a key with one value and a set of one are tested alike.
fn context(operator: &Operator, situation: Situation) -> FixedContext {
    let key = Key::parse(KEY).unwrap();
    let context = FixedContext::default();
    let Situation::Values(values) = situation else {
        return context;
    };
    let [mut matching, mut missing] =
        [operator.matching, operator.missing].map(|samples| samples.into_iter());
    let mut value = |matches: &bool| match matches {
        true => matching.next().unwrap(),
        false => missing.next().unwrap(),
    };
    match values {
        [one] => context.with(key, value(one)),
        values => context.with_many(key, values.iter().map(value)),
    }
}

fn decide(policies: Vec<Arc<Policy>>, context: &FixedContext) -> Verdict {
    let owner = AccountId::parse("111122223333").unwrap();
    let arn = "arn:aws:iam::111122223333:user/alice";
    let principal = Principal::Known(Arc::new(Caller {
        account: Arc::new(Account::new(owner, "0".repeat(64), "truth table")),
        kind: CallerKind::User {
            name: "alice".into(),
        },
        arn: arn.into(),
        principal_arn: arn.into(),
        user_id: "AIDAEXAMPLEALICE".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: policies.into(),
        boundary: None,
        session_policy: None,
        session: None,
    }));
    let none = Policies {
        bucket: None,
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &principal,
        action: Action::PutObject,
        resource: "acme-data/key",
        owner,
        context,
        view: View::Live,
    };
    evaluate(none, &question).verdict
}
