//! What is asked on the admin listener, and how it is answered.

use super::super::http::{self, Text, TooLong, json};
use super::{Control, Doubt, Gate, Holder, LockWork, Refused};
use ::http::header::{ALLOW, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Of the body of a request: all that can be set on one bucket, with room for white space.
pub(super) const BODY_SIZE: usize = 1024 * 1024;

/// What is asked.
pub(super) enum Question {
    Status,
    Explain(String),
    Reload,
    State,
    Backup,
    Settings(Holder),
    PutSettings(Holder),
    Locks,
    LockedUpstream,
    Acknowledge(Doubt),
    WorkOnLocks(LockWork, BucketName),
}

/// One row of the routes. A path that ends in `/` is followed by one more segment.
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// `None`: the segment names nothing.
    question: fn(&str) -> Option<Question>,
}

/// Everything that can be asked.
pub(super) const ROWS: &[Row] = &[
    Row {
        method: Method::GET,
        path: "/status",
        question: |_| Some(Question::Status),
    },
    Row {
        method: Method::GET,
        path: "/explain/",
        question: |id| Some(Question::Explain(id.to_owned())),
    },
    Row {
        method: Method::POST,
        path: "/reload",
        question: |_| Some(Question::Reload),
    },
    Row {
        method: Method::GET,
        path: "/state",
        question: |_| Some(Question::State),
    },
    Row {
        method: Method::POST,
        path: "/state/backup",
        question: |_| Some(Question::Backup),
    },
    Row {
        method: Method::GET,
        path: "/settings/buckets/",
        question: |name| bucket(name).map(Question::Settings),
    },
    Row {
        method: Method::POST,
        path: "/settings/buckets/",
        question: |name| bucket(name).map(Question::PutSettings),
    },
    Row {
        method: Method::GET,
        path: "/settings/accounts/",
        question: |id| account(id).map(Question::Settings),
    },
    Row {
        method: Method::POST,
        path: "/settings/accounts/",
        question: |id| account(id).map(Question::PutSettings),
    },
    Row {
        method: Method::GET,
        path: "/locks",
        question: |_| Some(Question::Locks),
    },
    Row {
        method: Method::GET,
        path: "/locks/upstream",
        question: |_| Some(Question::LockedUpstream),
    },
    Row {
        method: Method::POST,
        path: "/locks/acknowledge/",
        question: |name| doubt(name).map(Question::Acknowledge),
    },
    Row {
        method: Method::POST,
        path: "/locks/list/",
        question: |name| locks(LockWork::List, name),
    },
    Row {
        method: Method::POST,
        path: "/locks/show/",
        question: |name| locks(LockWork::Show, name),
    },
    Row {
        method: Method::POST,
        path: "/locks/verify/",
        question: |name| locks(LockWork::Verify, name),
    },
    Row {
        method: Method::POST,
        path: "/locks/rebuild/",
        question: |name| locks(LockWork::Rebuild, name),
    },
];

fn doubt(name: &str) -> Option<Doubt> {
    Doubt::ALL.into_iter().find(|doubt| doubt.name() == name)
}

fn locks(work: LockWork, name: &str) -> Option<Question> {
    let bucket = BucketName::parse(name).ok()?;
    Some(Question::WorkOnLocks(work, bucket))
}

fn bucket(name: &str) -> Option<Holder> {
    BucketName::parse(name).ok().map(Holder::Bucket)
}

fn account(id: &str) -> Option<Holder> {
    AccountId::parse(id).ok().map(Holder::Account)
}

/// Answers a request.
pub(super) async fn respond(
    request: http::Request,
    gate: &Gate,
    control: &dyn Control,
) -> Response<Text> {
    if let Err(refusal) = gate.pass(request.headers()) {
        return *refusal;
    }
    let question = match question(&request) {
        Ok(question) => question,
        Err(refusal) => return *refusal,
    };
    match http::body(request, BODY_SIZE).await {
        Ok(body) => answer(question, &body, control).await,
        Err(TooLong) => refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too long, or did not come in time",
        ),
    }
}

fn question(request: &http::Request) -> Result<Question, Box<Response<Text>>> {
    let path = request.uri().path();
    let here = |row: &&Row| segment(row, path).is_some();
    let rows = ROWS.iter().filter(here);
    let Some(row) = rows.clone().find(|row| row.method == *request.method()) else {
        let methods: Vec<&str> = rows.map(|row| row.method.as_str()).collect();
        return Err(Box::new(match methods.is_empty() {
            true => refuse(StatusCode::NOT_FOUND, "not found"),
            false => not_allowed(&methods.join(", ")),
        }));
    };
    if row.method == Method::POST && !says_json(request.headers()) {
        return Err(Box::new(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "a POST says `content-type: application/json`",
        )));
    }
    let found = segment(row, path).and_then(|segment| (row.question)(segment));
    found.ok_or_else(|| Box::new(refuse(StatusCode::NOT_FOUND, "not found")))
}

/// What follows the row's path; `None`: it is another one.
fn segment<'p>(row: &Row, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(row.path)?;
    let follows = !rest.is_empty() && !rest.contains('/');
    (row.path.ends_with('/') == follows && (follows || rest.is_empty())).then_some(rest)
}

async fn answer(question: Question, body: &[u8], control: &dyn Control) -> Response<Text> {
    let answered = match question {
        Question::Status => Ok(control.status()),
        Question::Explain(id) => control.explain(&id).ok_or_else(|| {
            Refused::NotFound(
                "no such exchange is kept: it may be older than those, or another gateway's"
                    .to_owned(),
            )
        }),
        Question::Reload => {
            return match control.reload().await {
                Ok(done) => json(StatusCode::OK, &done),
                Err(findings) => json(StatusCode::CONFLICT, &findings),
            };
        }
        Question::State => control.state(),
        Question::Backup => match written(body).and_then(|body| file(&body)) {
            Ok(to) => control.backup(to).await,
            Err(refused) => Err(refused),
        },
        Question::Settings(holder) => control.settings(&holder),
        Question::PutSettings(holder) => match written(body) {
            Ok(body) => control.put_settings(&holder, &body).await,
            Err(refused) => Err(refused),
        },
        Question::Locks => control.locks(),
        Question::LockedUpstream => control.locked_upstream().await,
        Question::Acknowledge(doubt) => control.acknowledge(doubt).await,
        Question::WorkOnLocks(work, bucket) => match written(body) {
            Ok(body) => control.work_on_locks(work, &bucket, &body).await,
            Err(refused) => Err(refused),
        },
    };
    match answered {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(refused) => refuse(refused.status(), refused.why()),
    }
}

fn written(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Malformed(format!("not JSON: {error}")))
}

fn file(body: &Value) -> Result<PathBuf, Refused> {
    let to = body.get("to").and_then(Value::as_str).map(PathBuf::from);
    to.filter(|to| to.is_absolute())
        .ok_or_else(|| Refused::Malformed("`to` is an absolute path".to_owned()))
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn why(&self) -> &str {
        match self {
            Self::Malformed(why)
            | Self::NotFound(why)
            | Self::Conflict(why)
            | Self::Unavailable(why) => why,
        }
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn not_allowed(methods: &str) -> Response<Text> {
    let mut refusal = refuse(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    if let Ok(allowed) = HeaderValue::from_str(methods) {
        refusal.headers_mut().insert(ALLOW, allowed);
    }
    refusal
}

pub(super) fn refuse(status: StatusCode, message: &str) -> Response<Text> {
    json(status, &json!({ "error": message }))
}
