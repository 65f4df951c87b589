//! Patterns against the definition. Input: a pattern, a line break, a text.

use super::Outcome;
use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::Principal;
use portcullis_core::policy::{
    Origin, Pattern, Policies, Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict,
    View, evaluate,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::sync::Arc;

/// The value of `${aws:username}`, of which nothing is a wildcard.
const USERNAME: &str = "a*?b";

pub(super) fn check(input: &[u8]) -> Outcome {
    let Ok(input) = str::from_utf8(input) else {
        return Outcome::Refused;
    };
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    let expected = matches(&wildcards(pattern), text);
    assert_eq!(Pattern::new(pattern).matches(text), expected, "as a name");
    if let Some(allowed) = allowed("2008-10-17", pattern, text) {
        assert_eq!(allowed, expected, "as a resource");
    }
    if let (Some(tokens), Some(allowed)) =
        (variables(pattern), allowed("2012-10-17", pattern, text))
    {
        assert_eq!(allowed, matches(&tokens, text), "with variables");
    }
    Outcome::of(expected)
}

#[derive(Debug, Clone, Copy)]
enum Token {
    Star,
    One,
    Is(char),
}

/// The definition: after each token, where in the text one may stand.
fn matches(pattern: &[Token], text: &str) -> bool {
    let mut before: Vec<bool> = text.chars().map(|_| false).collect();
    before.insert(0, true);
    for token in pattern {
        let mut after = vec![matches!(token, Token::Star) && before[0]];
        for (at, found) in text.chars().enumerate() {
            after.push(match token {
                Token::Star => before[at + 1] || after[at],
                Token::One => before[at],
                Token::Is(wanted) => before[at] && *wanted == found,
            });
        }
        before = after;
    }
    before.last() == Some(&true)
}

fn wildcards(pattern: &str) -> Vec<Token> {
    let token = |c| match c {
        '*' => Token::Star,
        '?' => Token::One,
        c => Token::Is(c),
    };
    pattern.chars().map(token).collect()
}

/// With the one variable and the three escapes that this file knows; `None` if there is another.
fn variables(pattern: &str) -> Option<Vec<Token>> {
    let mut parts = pattern.split("${");
    let mut tokens = wildcards(parts.next()?);
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        match name {
            "aws:username" => tokens.extend(USERNAME.chars().map(Token::Is)),
            "*" | "?" | "$" => tokens.extend(name.chars().map(Token::Is)),
            _ => return None,
        }
        tokens.extend(wildcards(rest));
    }
    Some(tokens)
}

/// Whether a policy with this pattern for keys allows this key; `None` if it is no policy.
fn allowed(version: &str, pattern: &str, key: &str) -> Option<bool> {
    let bucket = BucketName::parse("lake").unwrap();
    let document = format!(
        "{{\"Version\":\"{version}\",\"Statement\":{{\"Effect\":\"Allow\",\"Principal\":\"*\",\
         \"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::lake/{}\"}}}}",
        escaped(pattern)
    );
    let document = document::json(&document).unwrap();
    let origin = Arc::new(Origin { source: "".into() });
    let compiled = Policy::compile(&document, PolicyKind::Bucket(&bucket), origin).ok()?;
    let policies = Policies {
        bucket: Some(&compiled.policy),
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &Principal::Anonymous,
        action: Action::GetObject,
        resource: &format!("lake/{key}"),
        owner: AccountId::parse("111122223333").unwrap(),
        context: &FixedContext::default().with(Key::Username, USERNAME),
        view: View::Live,
    };
    Some(evaluate(policies, &question).verdict == Verdict::Allow)
}

/// As the inside of a JSON text.
fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}
