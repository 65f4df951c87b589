//! AWS's operators, each with values of a policy and of requests.

/// The key that every condition is about.
pub(crate) const KEY: &str = "s3:RequestObjectTagKeys";

/// A condition operator.
#[derive(Debug)]
pub(crate) struct Operator {
    /// Its name, without set operator and `IfExists`.
    pub(crate) name: &'static str,
    /// Whether it wants a match.
    pub(crate) sense: Sense,
    /// The values of the policy.
    pub(crate) values: &'static [&'static str],
    /// Values of the request that match one of them.
    pub(crate) matching: [&'static str; 2],
    /// Values of the request that match none.
    pub(crate) missing: [&'static str; 2],
}

/// What an operator makes of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    /// It holds.
    Positive,
    /// It does not.
    Negated,
    /// It asks for presence alone.
    Null,
}

macro_rules! operators {
    ($($name:literal $sense:ident $values:expr => $matching:expr, $missing:expr;)*) => {
        /// Every operator of the page on condition operators.
        pub(crate) const OPERATORS: &[Operator] = &[$(Operator {
            name: $name,
            sense: Sense::$sense,
            values: &$values,
            matching: $matching,
            missing: $missing,
        }),*];
    };
}

const NOON: &str = "2026-06-01T12:00:00Z";
const SECOND_AFTER: &str = "2026-06-01T12:00:01Z";
const SECOND_BEFORE: &str = "2026-06-01T11:59:59Z";
const NOON_ELSEWHERE: &str = "2026-06-01T14:00:00+02:00";
const NOON_IN_SECONDS: &str = "1780315200";
const RANGES: [&str; 2] = ["192.0.2.0/24", "2001:db8::/32"];
const INSIDE: [&str; 2] = ["192.0.2.9", "2001:db8::1"];
const OUTSIDE: [&str; 2] = ["198.51.100.1", "2001:db9::1"];
const TOPICS: [&str; 1] = ["arn:aws:sns:*:111122223333:t*"];
const OURS: [&str; 2] = [
    "arn:aws:sns:us-east-1:111122223333:t1",
    "arn:aws:sns::111122223333:t:x",
];
const OTHERS: [&str; 2] = [
    "arn:aws:sqs:us-east-1:111122223333:t1",
    "arn:aws:sns:a:b:111122223333:t1",
];

operators! {
    "StringEquals" Positive ["red", "gr*"] => ["red", "gr*"], ["Red", "green"];
    "StringNotEquals" Negated ["red", "gr*"] => ["red", "gr*"], ["Red", "green"];
    "StringEqualsIgnoreCase" Positive ["red", "gr*"] => ["RED", "Gr*"], ["blue", "green"];
    "StringNotEqualsIgnoreCase" Negated ["red", "gr*"] => ["RED", "Gr*"], ["blue", "green"];
    "StringLike" Positive ["re?", "gr*"] => ["red", "green"], ["Red", "agreen"];
    "StringNotLike" Negated ["re?", "gr*"] => ["red", "green"], ["Red", "agreen"];
    "NumericEquals" Positive ["10", "20"] => ["10.0", "20"], ["11", "-10"];
    "NumericNotEquals" Negated ["10", "20"] => ["10.0", "20"], ["11", "-10"];
    "NumericLessThan" Positive ["10"] => ["9", "9.999"], ["10", "100"];
    "NumericLessThanEquals" Positive ["10"] => ["10", "9"], ["10.001", "100"];
    "NumericGreaterThan" Positive ["10"] => ["100", "10.001"], ["10", "9"];
    "NumericGreaterThanEquals" Positive ["10"] => ["10", "100"], ["9.999", "-10"];
    "DateEquals" Positive [NOON] => [NOON_ELSEWHERE, NOON_IN_SECONDS], [SECOND_AFTER, "2026-06-01"];
    "DateNotEquals" Negated [NOON] => [NOON_ELSEWHERE, NOON_IN_SECONDS], [SECOND_AFTER, "2026-06-01"];
    "DateLessThan" Positive [NOON] => [SECOND_BEFORE, "0"], [NOON, SECOND_AFTER];
    "DateLessThanEquals" Positive [NOON_IN_SECONDS] => [NOON_ELSEWHERE, SECOND_BEFORE], [SECOND_AFTER, "2026-06-02"];
    "DateGreaterThan" Positive ["2026-06-01"] => [NOON, "2026-06-01T00:00:01Z"], ["2026-06-01", "0"];
    "DateGreaterThanEquals" Positive ["2026-06-01"] => ["2026-06-01", NOON], ["2026-05-31T23:59:59Z", "0"];
    "Bool" Positive ["true"] => ["true", "TRUE"], ["false", "False"];
    "BinaryEquals" Positive ["aGk=", "aG8="] => ["aGk=", "aG8="], ["aGo=", "AQI="];
    "IpAddress" Positive RANGES => INSIDE, OUTSIDE;
    "NotIpAddress" Negated RANGES => INSIDE, OUTSIDE;
    "ArnEquals" Positive TOPICS => OURS, OTHERS;
    "ArnLike" Positive TOPICS => OURS, OTHERS;
    "ArnNotEquals" Negated TOPICS => OURS, OTHERS;
    "ArnNotLike" Negated TOPICS => OURS, OTHERS;
    "Null" Null ["true"] => ["x", "y"], ["a", "b"];
}
