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
    needs: Vec<(String, String, String)>,
    /// Actions that are needed only if something stored or in the body says so.
    state_needs: Vec<String>,
}

fn facts() -> Vec<Fact> {
    serde_json::from_str(include_str!("../../../tests/data/operations.json")).unwrap()
}

/// Calls back with each row and AWS's facts on it.
fn each(check: impl Fn(&Operation, &Fact)) {
    let facts = facts();
    for row in OPERATIONS {
        let fact = facts.iter().find(|fact| fact.name == row.name);
        check(
            row,
            fact.unwrap_or_else(|| panic!("AWS has no {}", row.name)),
        );
    }
}

fn query_marks(row: &Operation) -> Vec<&'static str> {
    let name = |mark: &Mark| match mark {
        Mark::Query(name) | Mark::QueryValue(name, _) => Some(*name),
        Mark::Header(_) => None,
    };
    row.marks.iter().filter_map(name).collect()
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
            Level::Bucket => "bucket",
            Level::Object => "object",
        };
        assert_eq!(level, fact.level, "{}", row.name);
        let marks: BTreeSet<String> = row
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Query(name) | Mark::Header(name) => (*name).to_owned(),
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
        let accepted: BTreeSet<&str> = row.accepts.iter().copied().collect();
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
        // AWS's model has none for ListBuckets, which belongs to no bucket's log.
        let expected = fact.log.as_deref().unwrap_or("REST.GET.SERVICE");
        assert_eq!(row.log, expected, "{}", row.name);
    });
}

#[test]
fn permissions_are_those_aws_asks_for() {
    each(|row, fact| {
        let asked: BTreeSet<(String, String, String)> =
            row.needs.iter().map(|need| shown(row, need)).collect();
        let mut expected: BTreeSet<(String, String, String)> = fact.needs.iter().cloned().collect();
        // AWS's model says this of reads alone, but a copy reads its source.
        if asked.iter().any(|(_, on, _)| on == "source-object") {
            let source = ["s3:ListBucket", "source-object", "error-selection"];
            expected.insert(source.map(str::to_owned).into());
        }
        let invented: Vec<_> = asked.difference(&expected).collect();
        assert!(invented.is_empty(), "{} asks for {invented:?}", row.name);
        for missing in expected.difference(&asked) {
            let by_state = fact.state_needs.contains(&missing.0) && missing.2 == "required";
            assert!(by_state, "{} does not ask for {missing:?}", row.name);
        }
    });
}

fn shown(row: &Operation, need: &Need) -> (String, String, String) {
    let on = match (need.on, row.level) {
        (On::Target, Level::Service) => "service",
        (On::Target, Level::Object) => "object",
        (On::Target, Level::Bucket) | (On::Bucket, _) => "bucket",
        (On::CopySource, _) => "source-object",
        (On::EachKey, _) => "each-key",
    };
    let effect = match need.effect {
        Effect::Required => "required",
        Effect::Reveals => "error-selection",
    };
    (
        need.action.name().to_owned(),
        on.to_owned(),
        effect.to_owned(),
    )
}

#[test]
fn every_row_asks_for_a_permission_whatever_the_request_says() {
    use When::*;
    for row in OPERATIONS {
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
        }
    }
}

#[test]
fn rows_with_more_marks_come_first() {
    for (at, row) in OPERATIONS.iter().enumerate() {
        for later in &OPERATIONS[at..] {
            let rivals = later.method == row.method && later.level == row.level;
            assert!(
                !rivals || later.marks.len() <= row.marks.len(),
                "{} must come before {}",
                later.name,
                row.name
            );
        }
    }
}

#[test]
fn marks_and_accepted_names_are_disjoint() {
    for row in OPERATIONS {
        for name in query_marks(row) {
            assert!(!row.accepts.contains(&name), "{}: {name}", row.name);
        }
    }
}

/// Tries every set of query names and headers that any row knows: either one row takes the request, or none.
#[test]
fn t18_one_row_wins_every_request() {
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
        for level in [Level::Service, Level::Bucket, Level::Object] {
            let rows: Vec<&Operation> = Operation::of(method, level).collect();
            let names: BTreeSet<&str> = rows
                .iter()
                .flat_map(|row| query_marks(row))
                .chain(["versionId", "acl"])
                .collect();
            let names: Vec<&str> = names.into_iter().collect();
            for set in 0..1_u32 << (names.len() + 1) {
                let has = |at: usize| set >> at & 1 == 1;
                let query: Vec<&str> = (0..names.len())
                    .filter(|at| has(*at))
                    .map(|at| names[at])
                    .collect();
                one_wins(method, level, &rows, &query, has(names.len()));
            }
        }
    }
}

fn one_wins(method: &str, level: Level, rows: &[&Operation], query: &[&str], copy: bool) {
    let holds = |mark: &Mark| match mark {
        Mark::Query(name) => query.contains(name),
        Mark::QueryValue(name, _) => query.contains(name),
        Mark::Header(_) => copy,
    };
    let accepted = |row: &&Operation| query.iter().all(|name| row.accepts(name));
    let found = Operation::find(method, level, holds).filter(accepted);
    let matching = rows
        .iter()
        .copied()
        .filter(|row| row.marks.iter().all(&holds))
        .filter(accepted);
    let most = matching.clone().map(|row| row.marks.len()).max();
    let best: Vec<OperationId> = matching
        .filter(|row| Some(row.marks.len()) == most)
        .map(|row| row.id)
        .collect();
    assert!(best.len() <= 1, "{method} {level:?} {query:?}: {best:?}");
    if let Some(found) = found {
        assert_eq!(vec![found.id], best, "{method} {level:?} {query:?}");
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
    check_header(PutObject, "x-amz-object-lock-mode", Some(Later));
    check_header(PutObject, "x-amz-write-offset-bytes", Some(Later));
    check_header(PutObject, "x-amz-copy-source-range", None);
    check_header(PutObject, "x-amz-unheard-of", None);
    check_header(GetObject, "x-amz-meta-colour", None);
    check_header(GetObject, "range", Some(Forward));
    check_header(CopyObject, "x-amz-copy-source", Some(Rewrite));
    check_header(
        DeleteObject,
        "x-amz-bypass-governance-retention",
        Some(Later),
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
                | When::NoSourceVersion => &[],
                When::ItemVersion | When::NoItemVersion | When::ItemEtag => &[],
            };
            for name in names {
                assert!(row.disposition(name).is_some(), "{}: {name}", row.name);
            }
        }
    }
}
