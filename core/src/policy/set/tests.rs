use super::*;
use crate::context::{FixedContext, Key};
use crate::document;
use crate::identity::Principal;
use crate::policy::{Mode, Origin, PolicyKind, View};
use crate::s3::actions::Action;
use crate::s3::names::AccountId;
use proptest::prelude::*;

/// What the index is to find: every statement is asked, in order.
fn linear<'p, C: Context>(
    documents: &'p [Arc<Policy>],
    effect: Effect,
    question: &Question<'_, C>,
) -> Found<'p> {
    let mut unknown = Found::No;
    for policy in documents {
        for statement in &policy.statements(effect).list {
            if !statement.actions.contains(question.action) {
                continue;
            }
            let resource = Subject::of(question.resource);
            match policy.ask(
                statement,
                effect,
                Layer::Identity,
                &resource,
                question,
                |_| true,
            ) {
                found @ Found::Yes(_) => return found,
                Found::Unknown => unknown = Found::Unknown,
                Found::No => (),
            }
        }
    }
    unknown
}

/// Which statement, so that two findings can be compared.
fn told(found: Found<'_>) -> String {
    match found {
        Found::Yes(Source::Statement(_, policy, statement)) => {
            format!("{} of {}", statement.position, policy.origin().source)
        }
        Found::Yes(_) => unreachable!("a search finds statements"),
        Found::Unknown => "unknown".into(),
        Found::No => "none".into(),
    }
}

fn resource() -> impl Strategy<Value = String> {
    let own = "[abé/]{0,3}([*?]|[$][{]aws:username[}]|[$][{]s3:prefix, 'a'[}])?[ab/]{0,2}";
    prop_oneof![
        8 => own.prop_map(|rest| format!("arn:aws:s3:::{rest}")),
        1 => Just("*".to_owned()),
        1 => "[ab:*]{0,3}".prop_map(|rest| format!("arn:{rest}*")),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let actions = [
        "s3:*",
        "s3:GetObject",
        "s3:Get*",
        "s3:PutObject",
        "iam:PassRole",
    ];
    let conditions = [
        "",
        r#","Condition":{"StringEquals":{"aws:username":"a"}}"#,
        r#","Condition":{"StringLike":{"s3:prefix":["a*","b"]}}"#,
        r#","Condition":{"StringNotEquals":{"s3:ExistingObjectTag/x":"a"}}"#,
    ];
    let effect = prop::sample::select(vec!["Allow", "Deny"]);
    let element = prop::sample::select(vec!["Resource", "Resource", "Resource", "NotResource"]);
    let resources = prop::collection::vec(resource(), 1..4);
    (
        effect,
        prop::sample::select(actions.to_vec()),
        element,
        resources,
        prop::sample::select(conditions.to_vec()),
    )
        .prop_map(|(effect, action, element, resources, condition)| {
            format!(
                r#"{{"Effect":"{effect}","Action":"{action}","{element}":{resources:?}{condition}}}"#
            )
        })
}

fn compiled(number: usize, statements: &[String], mode: Mode) -> Arc<Policy> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    let origin = Arc::new(Origin {
        source: number.to_string().into(),
    });
    let node = document::json(&text).unwrap();
    let compiled = Policy::compile(&node, PolicyKind::Identity, origin).unwrap();
    Arc::new(compiled.policy.in_mode(mode))
}

fn documents() -> impl Strategy<Value = Vec<Arc<Policy>>> {
    let mode = prop::sample::select(vec![Mode::Enforce, Mode::Enforce, Mode::Shadow]);
    let document = (prop::collection::vec(statement(), 1..8), mode);
    prop::collection::vec(document, 0..4).prop_map(|documents| {
        let numbered = documents.into_iter().enumerate();
        numbered
            .map(|(number, (statements, mode))| compiled(number, &statements, mode))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_index_finds_what_asking_every_statement_finds(
        documents in documents(),
        resource in "(arn:)?[abé/:]{0,5}",
        action in prop::sample::select(vec![
            Action::GetObject, Action::PutObject, Action::ListBucket, Action::PassRole,
        ]),
        view in prop::sample::select(vec![View::Live, View::Shadow]),
        known in prop::sample::select(vec!["", "a", "b"]),
    ) {
        let context = match known {
            "" => FixedContext::default().with_unknown(Key::Prefix),
            name => FixedContext::default().with(Key::Username, name),
        };
        let question = Question {
            principal: &Principal::Anonymous,
            action,
            resource: &resource,
            owner: AccountId::parse("111122223333").unwrap(),
            context: &context,
            view,
        };
        let set = PolicySet::from(documents.clone());
        for effect in [Effect::Allow, Effect::Deny] {
            let found = set.find(effect, Layer::Identity, &question, |_| true);
            prop_assert_eq!(told(found), told(linear(&documents, effect, &question)));
            for policy in &documents {
                let found = policy.find(effect, Layer::Identity, &question, |_| true);
                let one = std::slice::from_ref(policy);
                prop_assert_eq!(told(found), told(linear(one, effect, &question)));
            }
        }
    }
}

#[test]
fn a_statement_that_never_applies_is_in_no_index() {
    let policy = |key: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "*",
                "Condition": {{"StringEquals": {{"{key}": "x"}}}}}}}}"#
        );
        let origin = Arc::new(Origin {
            source: "test".into(),
        });
        let node = document::json(&text).unwrap();
        Policy::compile(&node, PolicyKind::Identity, origin)
            .unwrap()
            .policy
    };
    for (key, indexed) in [("saml:aud", 0), ("aws:username", 1)] {
        let policy = policy(key);
        let index = Index::of([&*policy.allows.list]);
        let found = index.candidates(Action::GetObject, "arn:aws:s3:::lake/key");
        assert_eq!(found.flatten().count(), indexed, "{key}");
    }
}
