//! The condition operators: one row each.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

/// A condition operator without set prefix and `IfExists`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) compare: Compare,
    pub(crate) sense: Sense,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Text,
    TextIgnoringCase,
    /// With `*` and `?`.
    Like,
    Number(Order),
    Date(Order),
    Bool,
    /// Base64 of the same bytes.
    Binary,
    /// An address within a range.
    Network,
    /// With `*` and `?` within each part.
    Arn,
    /// Presence alone.
    Null,
}

/// How the request's value must stand to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Whether the condition holds when a value matches or when none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    Positive,
    Negated,
}

macro_rules! operators {
    ($($name:literal: $compare:expr, $sense:ident;)*) => {
        /// Every operator.
        pub(crate) static OPERATORS: &[Operator] =
            &[$(Operator { name: $name, compare: $compare, sense: Sense::$sense }),*];
    };
}

operators! {
    "StringEquals": Compare::Text, Positive;
    "StringNotEquals": Compare::Text, Negated;
    "StringEqualsIgnoreCase": Compare::TextIgnoringCase, Positive;
    "StringNotEqualsIgnoreCase": Compare::TextIgnoringCase, Negated;
    "StringLike": Compare::Like, Positive;
    "StringNotLike": Compare::Like, Negated;
    "NumericEquals": Compare::Number(Order::Equal), Positive;
    "NumericNotEquals": Compare::Number(Order::Equal), Negated;
    "NumericLessThan": Compare::Number(Order::Less), Positive;
    "NumericLessThanEquals": Compare::Number(Order::LessOrEqual), Positive;
    "NumericGreaterThan": Compare::Number(Order::Greater), Positive;
    "NumericGreaterThanEquals": Compare::Number(Order::GreaterOrEqual), Positive;
    "DateEquals": Compare::Date(Order::Equal), Positive;
    "DateNotEquals": Compare::Date(Order::Equal), Negated;
    "DateLessThan": Compare::Date(Order::Less), Positive;
    "DateLessThanEquals": Compare::Date(Order::LessOrEqual), Positive;
    "DateGreaterThan": Compare::Date(Order::Greater), Positive;
    "DateGreaterThanEquals": Compare::Date(Order::GreaterOrEqual), Positive;
    "Bool": Compare::Bool, Positive;
    "BinaryEquals": Compare::Binary, Positive;
    "IpAddress": Compare::Network, Positive;
    "NotIpAddress": Compare::Network, Negated;
    "ArnEquals": Compare::Arn, Positive;
    "ArnLike": Compare::Arn, Positive;
    "ArnNotEquals": Compare::Arn, Negated;
    "ArnNotLike": Compare::Arn, Negated;
    "Null": Compare::Null, Positive;
}

/// The operator of this name. Case counts, as in AWS's grammar.
pub(crate) fn find(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.name == name)
}
