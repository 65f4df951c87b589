//! The rules: one row each. `docs/lint.md` is generated from this table.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Most likely a mistake.
    Warning,
    /// Worth a look.
    Note,
}

impl Severity {
    /// `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! rules {
    ($($variant:ident = $id:literal $severity:ident, $summary:literal, $why:literal, $help:literal;)*) => {
        /// A rule of the linter.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "`: ", $summary)] $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of their ids.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, which does not change.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// How bad a finding is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it finds, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }

            /// Why that matters.
            pub fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// What to do about it.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }
        }
    };
}

rules! {
    AbsentKey = "absent-key" Warning,
        "a condition on a key that no request through this gateway has",
        "A positive test of an absent key never holds, so an Allow never allows and a Deny never denies; a negated test or one with IfExists always holds.",
        "Use a key the gateway knows, such as aws:SourceIp or aws:PrincipalArn, or keep the statement for AWS alone, knowing what it does here.";
    ActionResourceSplit = "action-resource-split" Note,
        "every action is granted or denied, but only on the bucket or only on its objects",
        "Actions on a bucket need `arn:aws:s3:::bucket`, those on objects `arn:aws:s3:::bucket/*`. The other half of the actions named is not covered.",
        "Name both ARNs, or only the actions that are meant.";
    ActionWithoutResource = "action-without-resource" Warning,
        "an action that applies to no resource of its statement",
        "Actions on a bucket need `arn:aws:s3:::bucket`, those on objects `arn:aws:s3:::bucket/key`, ListAllMyBuckets needs `*`. Here the action has no effect.",
        "Add the resource the action applies to, or take the action out.";
    AllowShadowed = "allow-shadowed" Warning,
        "an Allow of which everything is denied by another statement",
        "A Deny without conditions always wins, so the Allow can never have an effect.",
        "Take the Allow out, or narrow the Deny.";
    AnyAccountArn = "any-account-arn" Warning,
        "an ARN pattern that leaves the account open decides who is let in",
        "Whoever has an account can create a role or user of that name there.",
        "Write the account's 12 digits into the pattern, or test aws:PrincipalAccount too.";
    BroadPrincipal = "broad-principal" Note,
        "a whole account may do everything to the bucket",
        "The account's own administrators then decide who may read, delete, and change the bucket's policy. For another account that is rarely meant.",
        "Name the users and roles that need it, or the actions.";
    DenyMissesVersion = "deny-misses-version" Warning,
        "a Deny of an action on objects without its form for versions",
        "A request with a versionId asks for the Version action instead: what is denied for the current version stays open for it when it is named by its id.",
        "Deny the Version action too.";
    DenyShadowed = "deny-shadowed" Warning,
        "a Deny of which everything is denied by another statement",
        "The other Deny is broader and has no conditions, so the conditions or limits written here change nothing.",
        "Take it out, or narrow the other one.";
    DuplicateStatement = "duplicate-statement" Warning,
        "a statement that says what another says",
        "Two copies are changed one at a time: whoever takes back the one leaves the other in force.",
        "Keep one.";
    ForAllValuesAllow = "forallvalues-allow" Warning,
        "ForAllValues in an Allow that does not ask for the key to be there",
        "ForAllValues holds when the key is missing or empty, so the Allow matches requests without it.",
        "Add `\"Null\": {\"KEY\": \"false\"}`.";
    LiteralVariable = "literal-variable" Warning,
        "a policy variable in a version of the language that has none",
        "Before version 2012-10-17 `${` is plain text: it matches only keys and values that hold these very characters.",
        "Set `Version` to `2012-10-17`.";
    MatchesNobody = "matches-nobody" Warning,
        "a principal that no caller of the gateway can be",
        "A unique id is what is left of a deleted user or role, and identity providers do not call themselves.",
        "Name the user or role anew, or take the principal out.";
    MfaIfExists = "mfa-ifexists" Warning,
        "BoolIfExists on aws:MultiFactorAuthPresent, which requests here never have",
        "The test holds whenever the key is missing, so an Allow is open without a second factor and a Deny closes for everyone.",
        "Do not rely on a second factor here; confine by principal or network.";
    NegatedAllow = "negated-allow" Warning,
        "an Allow whose only conditions hold when their keys are missing",
        "Negated operators and IfExists hold for requests that do not have the key, such as those of anonymous callers.",
        "Test for what is wanted with a positive operator, or add `\"Null\": {\"KEY\": \"false\"}`.";
    NeverMatches = "never-matches" Warning,
        "a statement whose conditions can never all hold",
        "An Allow that never matches grants nothing; a Deny that never matches protects nothing.",
        "Correct the conditions that exclude each other. Alternatives belong into one list of values, or into two statements.";
    NoVersion = "no-version" Note,
        "a policy without `Version`",
        "Without it the language is that of 2008, in which policy variables are plain text.",
        "Add `\"Version\": \"2012-10-17\"`.";
    NotActionAllow = "notaction-allow" Warning,
        "an Allow of everything but some actions",
        "It grants each action that is not listed, those that change the policy too, and every action that is added to S3 later.",
        "List the actions that are meant under `Action`.";
    NotPrincipalDeny = "notprincipal-deny" Warning,
        "NotPrincipal does not spare whom it names",
        "A caller is spared only if the whole chain is listed: the session, its role and the account; or the user and the account.",
        "List the whole chain, or better use `\"Principal\": \"*\"` with a condition on aws:PrincipalArn.";
    NotResourceAllow = "notresource-allow" Warning,
        "an Allow on everything but some resources",
        "It grants the actions on each resource that is not listed, and on every one that is created later.",
        "List the resources that are meant under `Resource`.";
    Public = "public" Warning,
        "a statement that opens the bucket to everyone",
        "Anonymous callers are let in, and Block Public Access counts the whole policy as public.",
        "Name principals, or confine the statement by aws:PrincipalArn, aws:SourceIp and the like. If it is meant, accept the finding.";
    PublicByAccident = "public-by-accident" Warning,
        "a statement is public although a condition looks as if it confined it",
        "Negated operators, IfExists and ForAllValues hold for requests that do not have the key; wildcards, wide networks and what clients say of themselves confine nobody.",
        "Use a positive operator with fixed values of a key that callers cannot choose.";
    PublicWrite = "public-write" Warning,
        "everyone may change objects or settings",
        "Anyone may fill the bucket at its owner's cost, replace what others read, or change who may do what.",
        "Grant everyone reading at most.";
    SetKeyWithoutQuantifier = "set-key-without-quantifier" Warning,
        "a key with several values is tested without ForAnyValue or ForAllValues",
        "A request with several values then neither matches nor fails for certain: it is not allowed by an Allow, and denied by a Deny.",
        "Write `ForAnyValue:` or `ForAllValues:` before the operator.";
    TrustsEveryToken = "trusts-every-token" Note,
        "a role trusts an identity provider whoever it vouches for",
        "Every user of the provider can make sessions of the role. Of a public provider that is anyone who gets a token for the right audience.",
        "Add a condition on `ISSUER:sub` or another claim that the provider's users cannot choose.";
    UnknownName = "unknown-name" Warning,
        "an action, condition key or policy variable that does not exist",
        "An unknown action grants and denies nothing; an unknown key is absent from every request.",
        "Correct the spelling.";
    WildcardInLiteralOperator = "wildcard-in-literal-operator" Warning,
        "`*` or `?` in a value that is compared literally",
        "StringEquals and its relatives know no wildcards: the value matches only itself, with the star in it.",
        "Use StringLike, or StringNotLike.";
}
