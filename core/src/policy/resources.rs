//! The Resource and NotResource elements.
//!
//! Nearly every resource the gateway decides on begins with `arn:aws:s3:::`, so a pattern is matched against that text
//! when it is compiled, and only what remains of it against `bucket` or `bucket/key` when a request comes. Other ARNs, of
//! a role that is passed on or of an access point, come whole and are matched whole.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>

use super::glob::{self, Glob, Matched, Subject, Token, Variables, Wildcards};
use super::globs::Globs;
use super::prefixes;
use super::truth::Truth;
use crate::context::Context;

const PREFIX: &str = "arn:aws:s3:::";

/// Which resources a statement is about.
#[derive(Debug)]
pub(crate) enum Resources {
    Only(Patterns),
    Not(Patterns),
}

/// The entries of a Resource or NotResource.
#[derive(Debug)]
pub(crate) struct Patterns {
    /// Against what follows `arn:aws:s3:::`.
    own: Globs,
    /// Against whole ARNs of anything else.
    foreign: Globs,
}

impl Patterns {
    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        let (own, foreign): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|entry| (entry.globs, entry.foreign))
            .unzip();
        Self {
            own: own.into_iter().flatten().collect(),
            foreign: foreign.into_iter().flatten().collect(),
        }
    }

    /// Those that can be about a resource: no bucket's name begins like an ARN.
    fn about(&self, resource: &Subject<'_>) -> &Globs {
        match resource.text().starts_with("arn:") {
            true => &self.foreign,
            false => &self.own,
        }
    }
}

impl Resources {
    /// Texts of which one begins every resource that can be meant, none of them beginning another.
    pub(crate) fn beginnings(&self) -> Vec<&str> {
        match self {
            Self::Only(patterns) => {
                let all = patterns.own.iter().chain(patterns.foreign.iter());
                prefixes::shortest(all.map(Glob::literal_prefix).collect())
            }
            Self::Not(_) => vec![""],
        }
    }

    /// Whether a resource is meant: one of S3 without `arn:aws:s3:::`, or any other by its whole ARN.
    pub(crate) fn cover<C: Context>(&self, resource: &Subject<'_>, context: &C) -> Truth {
        match self {
            Self::Only(globs) => globs.about(resource).match_any(resource, context),
            // AWS says that an entry with a variable without value matches no resource, so everything would be
            // covered. That suits a Deny; in an Allow it would widen, so there it counts as not covered.
            Self::Not(globs) => Truth::any(globs.about(resource).iter().map(|glob| {
                match glob.matches(resource, context) {
                    Matched::NoValue => Truth::Undecidable,
                    matched @ (Matched::Yes | Matched::No | Matched::Unknown) => matched.truth(),
                }
            }))
            .not(),
        }
    }
}

/// One entry as compiled.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Against the resource without `arn:aws:s3:::`; none if the pattern names nothing of S3, and rarely several.
    pub(crate) globs: Vec<Glob>,
    /// Against any other ARN as a whole; none if the pattern begins as S3's own do.
    pub(crate) foreign: Option<Glob>,
    pub(crate) reach: Reach,
}

/// What an entry can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    pub(crate) service: bool,
    pub(crate) bucket: bool,
    pub(crate) object: bool,
}

impl Reach {
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            service: self.service || other.service,
            bucket: self.bucket || other.bucket,
            object: self.object || other.object,
        }
    }
}

/// Compiles one entry; within a bucket's policy `bucket` is its name.
pub(crate) fn entry(
    text: &str,
    variables: Variables,
    bucket: Option<&str>,
) -> Result<Entry, String> {
    if text != "*" && !text.starts_with("arn:") {
        return Err(format!("`{text}` is neither an ARN nor `*`"));
    }
    let tokens = glob::tokens(text, Wildcards::Match, variables)?;
    if variable_too_early(&tokens) {
        return Err(format!(
            "`{text}` has a policy variable before the fifth colon"
        ));
    }
    let rests = glob::after(&tokens, PREFIX);
    let reach = rests
        .iter()
        .map(|rest| reach(rest, bucket))
        .fold(Reach::default(), Reach::or);
    let globs = rests.into_iter().map(Glob::of).collect();
    let foreign = (bucket.is_none() && !text.starts_with(PREFIX)).then(|| Glob::of(&tokens));
    Ok(Entry {
        globs,
        foreign,
        reach,
    })
}

fn variable_too_early(tokens: &[Token]) -> bool {
    let named = tokens.split(|token| *token == Token::Char(':')).take(5);
    named
        .flatten()
        .any(|token| matches!(token, Token::Variable(_)))
}

/// What the rest of a pattern after `arn:aws:s3:::` can match.
fn reach(rest: &[Token], bucket: Option<&str>) -> Reach {
    let open = |token: &Token| matches!(token, Token::Star | Token::Variable(_));
    let empty = |rest: &[Token]| rest.iter().all(open);
    match bucket {
        Some(bucket) => Reach {
            service: false,
            bucket: glob::after(rest, bucket).into_iter().any(empty),
            object: glob::after(rest, &format!("{bucket}/"))
                .into_iter()
                .any(|rest| !rest.is_empty()),
        },
        None => {
            let slash = rest.contains(&Token::Char('/'));
            Reach {
                // AWS documents ListAllMyBuckets as having only the resource `*`, and grants it with
                // `arn:aws:s3:::*` in its own walkthroughs; both match the empty resource.
                service: empty(rest),
                bucket: !slash && !rest.is_empty(),
                object: slash || rest.iter().any(|token| open(token) || *token == Token::One),
            }
        }
    }
}

#[cfg(test)]
mod tests;
