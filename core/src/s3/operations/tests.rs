use super::*;
use std::collections::BTreeSet;

/// What AWS's model and the Service Authorization Reference say of an operation.
#[derive(serde::Deserialize)]
struct Fact {
    name: String,
    method: String,
    level: String,
    log: Option<String>,
    query_required: Vec<String>,
    headers_required: Vec<String>,
    query: Vec<String>,
    headers: Vec<String>,
    /// Action, on what, effect, and when: `state` if something stored says so.
    needs: Vec<Asked>,
    deprecated: bool,
    same_wire_as: Vec<String>,
    /// Whether the body must come with a checksum.
    checksum: bool,
    /// Of the document in the body.
    root: Option<String>,
}

type Asked = (String, String, String, String);

/// Operations that AWS's model does not have: a form, a preflight, and an account's settings, which are S3 Control's.
const BESIDE_THE_MODEL: [OperationId; 5] = [
    OperationId::PostObject,
    OperationId::OptionsPreflight,
    OperationId::GetAccountPublicAccessBlock,
    OperationId::PutAccountPublicAccessBlock,
    OperationId::DeleteAccountPublicAccessBlock,
];

fn facts() -> Vec<Fact> {
    serde_json::from_str(include_str!("../../../tests/data/operations.json")).unwrap()
}

/// Calls back with each row and AWS's facts on it.
fn each(check: impl Fn(&Operation, &Fact)) {
    let facts = facts();
    let modelled = |row: &&Operation| !BESIDE_THE_MODEL.contains(&row.id);
    for row in OPERATIONS.iter().filter(modelled) {
        let fact = facts.iter().find(|fact| fact.name == row.name);
        check(
            row,
            fact.unwrap_or_else(|| panic!("AWS has no {}", row.name)),
        );
    }
}

#[test]
fn every_operation_of_aws_is_a_row_or_an_alias_of_one() {
    let facts = facts();
    assert_eq!(facts.len(), 116);
    for fact in &facts {
        let row = OPERATIONS.iter().find(|row| row.name == fact.name);
        let alias = ALIASES.iter().find(|(name, _)| *name == fact.name);
        assert!(row.is_some() != alias.is_some(), "{}", fact.name);
        assert_eq!(alias.is_some(), fact.deprecated, "{}", fact.name);
    }
    assert_eq!(
        OPERATIONS.len(),
        116 - ALIASES.len() + BESIDE_THE_MODEL.len()
    );
}

/// No request tells the two from each other, so whichever row takes it must ask and log the same.
#[test]
fn an_alias_is_called_and_permitted_as_its_row() {
    let facts = facts();
    for (name, id) in ALIASES {
        let find = |name: &str| facts.iter().find(|fact| fact.name == *name).unwrap();
        let (alias, row) = (find(name), find(id.row().name));
        assert!(alias.same_wire_as.contains(&row.name), "{name}");
        assert!(!row.deprecated, "{name}");
        assert_eq!(alias.log, row.log, "{name}");
        assert_eq!(alias.needs, row.needs, "{name}");
        assert_eq!(alias.root, row.root, "{name}");
        assert_eq!(alias.query_required, row.query_required, "{name}");
    }
}

#[test]
fn rows_and_ids_name_each_other() {
    assert_eq!(OPERATIONS.len(), OperationId::ALL.len());
    for (row, id) in OPERATIONS.iter().zip(OperationId::ALL) {
        assert_eq!(row.id, *id);
        assert_eq!(id.row().name, row.name);
    }
}

#[test]
fn rows_are_recognised_as_aws_says() {
    each(|row, fact| {
        assert_eq!(row.method, fact.method, "{}", row.name);
        let level = match row.level {
            Level::Service => "service",
            Level::Account => "account",
            Level::ObjectLambda => "other",
            Level::Bucket => "bucket",
            Level::Object => "object",
        };
        assert_eq!(level, fact.level, "{}", row.name);
        // AWS knows these by their host, or refuses them without the header.
        if row.answered_by == AnsweredBy::Nobody {
            return;
        }
        let marks: BTreeSet<String> = row
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Query(name) | Mark::Header(name) | Mark::ContentType(name) => {
                    (*name).to_owned()
                }
                Mark::QueryValue(name, value) => format!("{name}={value}"),
            })
            .collect();
        let required = fact.query_required.iter().chain(&fact.headers_required);
        assert_eq!(marks, required.cloned().collect(), "{}", row.name);
    });
}

#[test]
fn rows_accept_the_query_names_aws_lists() {
    each(|row, fact| {
        let mut accepted: BTreeSet<&str> = row.accepts.iter().copied().collect();
        if row.id == OperationId::ListDirectoryBuckets {
            accepted.extend(row.query_marks());
        }
        let mut listed: BTreeSet<&str> = fact.query.iter().map(String::as_str).collect();
        if row.id == OperationId::ListObjects {
            listed.insert("list-type");
        }
        assert_eq!(accepted, listed, "{}", row.name);
    });
}

#[test]
fn every_header_aws_lists_has_a_disposition() {
    each(|row, fact| {
        for header in &fact.headers {
            let known = row.disposition(header).is_some();
            assert!(known, "{} does not list {header}", row.name);
        }
    });
}

#[test]
fn log_names_are_those_of_aws() {
    each(|row, fact| {
        // What is about no bucket stands in no bucket's log, and AWS has no name for it.
        let own = matches!(row.level, Level::Service | Level::ObjectLambda);
        assert_eq!(fact.log.is_none(), own, "{}", row.name);
        assert_eq!(fact.log.as_deref().unwrap_or(row.log), row.log);
    });
}

#[test]
fn documents_have_the_root_and_the_checksum_that_aws_asks_for() {
    each(|row, fact| {
        let required = fact.checksum;
        assert_eq!(row.checksum == Checksum::Required, required, "{}", row.name);
        let root = fact.root.as_deref();
        match row.payload {
            PayloadKind::Settings(name, _) | PayloadKind::OptionalSettings(name, _) => {
                assert_eq!(Some(name), root, "{}", row.name);
            }
            // These are read by parsers of their own.
            PayloadKind::Document(_) => {
                let own = [
                    "CompleteMultipartUpload",
                    "CreateBucketConfiguration",
                    "Delete",
                ];
                assert!(root.is_none_or(|root| own.contains(&root)), "{}", row.name);
            }
            PayloadKind::None | PayloadKind::Stream => assert_eq!(root, None, "{}", row.name),
        }
    });
}

#[test]
fn permissions_are_those_aws_asks_for() {
    each(|row, fact| {
        let asked: BTreeSet<Asked> = row.needs.iter().map(|need| shown(row, need)).collect();
        let expected: BTreeSet<Asked> = fact.needs.iter().cloned().collect();
        let excused = |asked: &&Asked| !beyond_the_model(row, asked);
        let invented: Vec<_> = asked.difference(&expected).filter(excused).collect();
        assert!(invented.is_empty(), "{} asks for {invented:?}", row.name);
        // What takes a look-up that nobody can make yet stands in a comment of its row.
        let by_request = |missing: &&Asked| missing.3 != "state";
        let missing: Vec<_> = expected.difference(&asked).filter(by_request).collect();
        assert!(
            missing.is_empty(),
            "{} does not ask for {missing:?}",
            row.name
        );
    });
}

/// What the model does not say, or says elsewhere.
fn beyond_the_model(row: &Operation, (action, on, effect, when): &Asked) -> bool {
    let (action, when) = (action.as_str(), when.as_str());
    match (on.as_str(), effect.as_str()) {
        // A missing object is a matter of what is stored; and a copy reads its source.
        (_, "error-selection") => action == "s3:ListBucket" && when == "always",
        // HeadObject has the header too, and a version's tags have an action of their own.
        (_, "response-only") => action.ends_with("Tagging"),
        // Part of it the request says, part of it takes a look-up.
        ("object", _) if row.id == OperationId::CopyObject => action == "s3:PutObjectTagging",
        // These are about the tables of the metadata.
        ("table-bucket", _) => action.starts_with("s3tables:"),
        _ => false,
    }
}

fn shown(row: &Operation, need: &Need) -> Asked {
    let on = match (need.on, row.level) {
        (On::Target, Level::Service) => "service",
        (On::Target, Level::Account) => "account",
        (On::Target, Level::ObjectLambda) => "olap",
        (On::Target, _) if need.action == Action::CreateSession => "dirbucket",
        (On::Target, Level::Object) => "object",
        (On::Target, Level::Bucket) | (On::Bucket, _) => "bucket",
        (On::CopySource, _) => "source-object",
        (On::EachKey, _) => "each-key",
        (On::Role, _) => "role",
        (On::TableBucket, _) => "service",
        (On::FormKey, _) => "form",
    };
    let effect = match need.effect {
        Effect::Required => "required",
        Effect::Reveals => "error-selection",
        Effect::Shows(_) => "response-only",
    };
    let when = match need.when {
        When::Always => "always",
        When::Query(name) => return named(need, on, effect, format!("query {name}")),
        When::NoQuery(name) => return named(need, on, effect, format!("no query {name}")),
        When::AnyHeader(_) | When::HeaderNot(..) | When::HeaderIs(..) => "header",
        When::SourceVersion => "source version",
        When::NoSourceVersion => "no source version",
        When::ItemVersion => "item VersionId",
        When::NoItemVersion => "no item VersionId",
        When::ItemEtag => "item ETag",
        When::InBody(Part::Tags) => "body CreateBucketConfiguration/Tags",
        When::InBody(Part::TableEncryption) => "body EncryptionConfiguration",
        When::InBody(Part::TableEnabled) => "body ConfigurationState=ENABLED",
        When::KeepsTags | When::KeepsTagsOfObject | When::KeepsTagsOfVersion => "state",
    };
    named(need, on, effect, when.to_owned())
}

fn named(need: &Need, on: &str, effect: &str, when: String) -> Asked {
    let action = need.action.name().to_owned();
    (action, on.to_owned(), effect.to_owned(), when)
}

#[test]
fn every_row_asks_for_a_permission_whatever_the_request_says() {
    use When::*;
    // A preflight comes before anybody is known.
    let asks = |row: &&Operation| row.id != OperationId::OptionsPreflight;
    for row in OPERATIONS.iter().filter(asks) {
        let whens: Vec<When> = row.needs.iter().map(|need| need.when).collect();
        let pair = |one, other| whens.contains(&one) && whens.contains(&other);
        let covered = whens.contains(&Always)
            && row
                .needs
                .iter()
                .any(|need| need.effect == Effect::Required && need.when == Always)
            || pair(Query("versionId"), NoQuery("versionId"))
            || pair(ItemVersion, NoItemVersion);
        assert!(covered, "{}", row.name);
    }
}

#[test]
fn what_must_be_allowed_is_asked_on_what_the_request_names() {
    for row in OPERATIONS {
        for need in row
            .needs
            .iter()
            .filter(|need| need.effect == Effect::Required)
        {
            assert!(need.on != On::Bucket, "{}", row.name);
            let each = row.id == OperationId::DeleteObjects;
            assert_eq!(need.on == On::EachKey, each, "{}", row.name);
            let copy = row.marks.contains(&Mark::Header("x-amz-copy-source"));
            assert!(copy || need.on != On::CopySource, "{}", row.name);
            let document = matches!(row.payload, PayloadKind::Settings(..));
            let named = matches!(need.on, On::Role | On::TableBucket);
            assert!(document || !named, "{}", row.name);
            let form = row.id == OperationId::PostObject;
            assert_eq!(need.on == On::FormKey, form, "{}", row.name);
        }
    }
}

#[test]
fn every_row_is_found_under_its_method_and_level_those_with_more_marks_first() {
    for row in OPERATIONS {
        let rows = Operation::of(row.method, row.level);
        assert!(rows.iter().any(|found| found.id == row.id), "{}", row.name);
        let rank = |row: &Operation| (row.query_marks().count(), row.marks.len());
        assert!(rows.is_sorted_by(|one, next| rank(one) >= rank(next)));
    }
    assert!(Operation::of("PATCH", Level::Object).is_empty());
}

#[test]
fn marks_and_accepted_names_are_disjoint_and_none_is_ignored_by_s3() {
    for row in OPERATIONS {
        for name in row.query_marks() {
            assert!(!row.accepts.contains(&name), "{}: {name}", row.name);
            // Routing skips these.
            assert!(!name.starts_with("x-") && !name.starts_with("X-"));
        }
    }
}

/// What a request shows to routing.
struct Shown<'a> {
    query: Vec<&'a str>,
    copy: bool,
    form: bool,
}

/// Tries every request that bears up to three of the query names that any row of its method and level knows: either one
/// row takes it, or none.
#[test]
fn t18_one_row_wins_every_request() {
    for (method, level) in METHODS
        .iter()
        .flat_map(|method| LEVELS.map(|level| (method, level)))
    {
        let rows = Operation::of(method, level);
        let marks = rows.iter().flat_map(|row| row.query_marks());
        let names: BTreeSet<&str> = marks.chain(["", "versionId", "unheard-of"]).collect();
        let names: Vec<&str> = names.into_iter().collect();
        for (at, one) in names.iter().enumerate() {
            for (then, two) in names.iter().enumerate().skip(at) {
                for three in &names[then..] {
                    for kind in 0..4 {
                        let mut query = vec![*one, *two, *three];
                        query.retain(|name| !name.is_empty());
                        query.dedup();
                        let (copy, form) = (kind & 1 == 1, kind & 2 == 2);
                        one_wins(method, level, rows, &Shown { query, copy, form });
                    }
                }
            }
        }
    }
}

fn one_wins(method: &str, level: Level, rows: &[&Operation], shown: &Shown<'_>) {
    let query = &shown.query;
    let holds = |mark: &Mark| match mark {
        Mark::Query(name) | Mark::QueryValue(name, _) => query.contains(name),
        Mark::Header(_) => shown.copy,
        Mark::ContentType(_) => shown.form,
    };
    let accepted = |row: &&Operation| query.iter().all(|name| row.accepts(name));
    let found = Operation::find(method, level, query.len(), holds).filter(accepted);
    let matching = rows
        .iter()
        .copied()
        .filter(|row| row.marks.iter().all(&holds))
        .filter(accepted);
    let rank = |row: &Operation| (row.query_marks().count(), row.marks.len());
    let most = matching.clone().map(rank).max();
    let best: Vec<OperationId> = matching
        .filter(|row| Some(rank(row)) == most)
        .map(|row| row.id)
        .collect();
    assert!(best.len() <= 1, "{method} {level:?} {query:?}: {best:?}");
    if let Some(found) = found {
        assert_eq!(vec![found.id], best, "{method} {level:?} {query:?}");
    }
}

/// A name by which one row is known never passes as part of another row's request.
#[test]
fn t18_no_row_accepts_the_sub_resource_of_another() {
    for row in OPERATIONS.iter().filter(|row| row.accepts != ["*"]) {
        let rivals = Operation::of(row.method, row.level);
        for name in rivals.iter().flat_map(|rival| rival.query_marks()) {
            let own = row.query_marks().any(|mark| mark == name);
            // Every other list-type is the first version of the listing.
            let listing = row.id == OperationId::ListObjects && name == "list-type";
            assert!(own || listing || !row.accepts(name), "{}: {name}", row.name);
        }
    }
}

#[test]
fn t41_no_row_forwards_what_belongs_to_the_connection_or_the_caller() {
    let never = [
        "authorization",
        "cookie",
        "connection",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-goog-meta-a",
        "x-minio-force-delete",
        "x-rgw-a",
        "x-emc-a",
        "x-oss-a",
        "x-cos-a",
        "referer",
        "origin",
        "user-agent",
        "accept-encoding",
    ];
    for row in OPERATIONS {
        for header in never {
            assert_eq!(row.disposition(header), None, "{}: {header}", row.name);
        }
    }
}

#[track_caller]
fn check_header(operation: OperationId, header: &str, expected: Option<Disposition>) {
    assert_eq!(operation.row().disposition(header), expected, "{header}");
}

#[test]
fn headers_go_where_their_owner_is() {
    use Disposition::*;
    use OperationId::*;
    check_header(PutObject, "x-amz-meta-colour", Some(Forward));
    check_header(PutObject, "x-amz-tagging", Some(Forward));
    check_header(PutObject, "content-encoding", Some(Rewrite));
    check_header(PutObject, "x-amz-acl", Some(Consume));
    check_header(PutObject, "x-amz-security-token", Some(Consume));
    check_header(PutObject, "x-amz-expected-bucket-owner", Some(Consume));
    check_header(PutObject, "x-amz-object-lock-mode", Some(Consume));
    check_header(PutObject, "x-amz-write-offset-bytes", Some(Later));
    check_header(PutObject, "x-amz-copy-source-range", None);
    check_header(PutObject, "x-amz-unheard-of", None);
    check_header(GetObject, "x-amz-meta-colour", None);
    check_header(GetObject, "range", Some(Forward));
    check_header(CopyObject, "x-amz-copy-source", Some(Rewrite));
    check_header(
        DeleteObject,
        "x-amz-bypass-governance-retention",
        Some(Consume),
    );
    check_header(DeleteObjects, "x-amz-checksum-crc32", Some(Consume));
    check_header(DeleteObjects, "content-type", None);
    check_header(
        CompleteMultipartUpload,
        "x-amz-checksum-crc32",
        Some(Forward),
    );
}

/// The lists by which a permission is asked and the rules by which a header is taken must not drift apart.
#[test]
fn every_header_that_asks_a_permission_is_listed_by_its_row() {
    for row in OPERATIONS {
        for need in row.needs {
            let names: &[&str] = match need.when {
                When::AnyHeader(names) => names,
                When::HeaderIs(ref name, _) | When::HeaderNot(ref name, _) => {
                    std::slice::from_ref(name)
                }
                When::Always
                | When::Query(_)
                | When::NoQuery(_)
                | When::SourceVersion
                | When::KeepsTags
                | When::KeepsTagsOfObject
                | When::KeepsTagsOfVersion
                | When::NoSourceVersion
                | When::InBody(_) => &[],
                When::ItemVersion | When::NoItemVersion | When::ItemEtag => &[],
            };
            for name in names {
                assert!(row.disposition(name).is_some(), "{}: {name}", row.name);
            }
        }
    }
}
