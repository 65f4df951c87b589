//! Whether an upstream can be used as it is configured: what can be found out without changing anything.

use super::Upstream;
use super::answer::{self, Cause, Treatment};
use super::client::{Client, UpstreamAnswer, UpstreamError};
use super::credentials::Access;
use bytes::Bytes;
use http::StatusCode;
use http::header::{DATE, HeaderMap, HeaderName, SERVER};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use portcullis_core::admission::Permit;
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::xml::{self, BucketList};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is looked at.
const LIMIT: usize = 16 << 20;
/// Clocks that differ by more are worth a word; at fifteen minutes signatures are refused.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// How stores call themselves in `Server`, and the profile that fits.
const SERVERS: &[(&str, &str)] = &[
    ("AmazonS3", "aws"),
    ("Ceph", "ceph"),
    ("Garage", "garage"),
    ("MinIO", "minio"),
];

/// What to ask.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The upstream.
    pub upstream: Arc<Upstream>,
    /// The name of its profile.
    pub profile: &'a str,
    /// Buckets that it should hold.
    pub buckets: Vec<BucketName>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What requests are signed with, in words. Holds no secret; empty if there is nothing to sign with.
    pub credentials: String,
    /// How it answered, in words; `None` if it did not.
    pub answer: Option<String>,
    /// What is wrong or should be looked at.
    pub complaints: Vec<Complaint>,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The upstream's field to look at.
    pub field: &'static str,
    /// Lower case, no full stop.
    pub message: String,
}

/// Asks an upstream for the list of buckets and for each bucket that it should hold. One that is used anonymously has no
/// list for us; it is asked all the same if there is nothing else to ask.
pub async fn probe(client: &Client, subject: &Subject<'_>) -> Found {
    let mut found = Found::default();
    let Some(access) = found.credentials(subject).await else {
        return found;
    };
    let goes_on = match access {
        Access::Keys(_) => found.list(client, subject).await,
        Access::Anonymous if subject.buckets.is_empty() => {
            found.ask(client, subject, &Permit::listing(0)).await;
            false
        }
        Access::Anonymous => true,
    };
    if goes_on {
        found.look_for_buckets(client, subject).await;
    }
    found
}

impl Found {
    async fn credentials(&mut self, subject: &Subject<'_>) -> Option<Access> {
        let credentials = subject.upstream.credentials();
        let fetched = patiently(credentials.fetch()).await;
        match (credentials.current(), fetched) {
            (Ok(access), _) => {
                let keys = credentials.describe();
                self.credentials = keys.unwrap_or_else(|| "anonymous".to_owned());
                return Some(access);
            }
            (Err(_), Err(late)) => self.complain("credentials", late.to_string()),
            (Err(missing), Ok(_)) => self.complain("credentials", missing.to_string()),
        }
        None
    }

    /// `false`: there is no use in asking more.
    async fn list(&mut self, client: &Client, subject: &Subject<'_>) -> bool {
        let Some(answer) = self.ask(client, subject, &Permit::listing(0)).await else {
            return false;
        };
        let error = xml::UpstreamError::parse(&answer.body);
        let fault = answer::fault(&answer.headers, error.as_ref());
        let denied = fault
            .as_ref()
            .is_some_and(|fault| fault.code == "AccessDenied");
        match answer::classify(answer.status, fault.as_ref()) {
            Treatment::Replace(..) if denied => {
                let message = "the key is good but may not list buckets: ListBuckets will fail";
                self.complain("credentials", message);
                true
            }
            Treatment::Replace(_, cause) => {
                self.complain(field(&cause), cause.explain(subject.upstream.name()));
                false
            }
            Treatment::Pass if BucketList::parse(&answer.body).is_ok() => true,
            Treatment::Pass => {
                let status = answer.status.as_u16();
                let message = format!(
                    "answered {status} and no list to ListBuckets: is this an S3 endpoint?"
                );
                self.complain("endpoint", message);
                false
            }
        }
    }

    async fn look_for_buckets(&mut self, client: &Client, subject: &Subject<'_>) {
        for bucket in &subject.buckets {
            let permit = Permit::inquiry(0, bucket);
            let Some(answer) = self.ask(client, subject, &permit).await else {
                return;
            };
            self.judge_bucket(subject, bucket, &answer);
        }
    }

    fn judge_bucket(
        &mut self,
        subject: &Subject<'_>,
        bucket: &BucketName,
        answer: &UpstreamAnswer,
    ) {
        let fault = answer::fault(&answer.headers, None);
        let region = fault.as_ref().and_then(|fault| fault.region.as_deref());
        let configured = subject.upstream.region();
        match answer::classify(answer.status, fault.as_ref()) {
            Treatment::Replace(_, cause) => {
                let why = cause.explain(subject.upstream.name());
                self.complain(field(&cause), format!("bucket `{bucket}`: {why}"));
            }
            Treatment::Pass if answer.status == StatusCode::NOT_FOUND => {
                self.complain("buckets", format!("bucket `{bucket}` does not exist there"));
            }
            Treatment::Pass => {
                if let Some(region) = region.filter(|region| *region != configured) {
                    let message = format!("bucket `{bucket}` is in `{region}`, not `{configured}`");
                    self.complain("region", message);
                }
            }
        }
    }

    /// `None`: there was no answer, and a complaint says why.
    async fn ask(
        &mut self,
        client: &Client,
        subject: &Subject<'_>,
        permit: &Permit,
    ) -> Option<UpstreamAnswer> {
        let now = (subject.clock)();
        let sent = client.send(&subject.upstream, permit, Bytes::new(), LIMIT, now);
        match patiently(sent).await.and_then(|sent| sent) {
            Ok(answer) => {
                if self.answer.is_none() {
                    self.note(&answer, subject);
                }
                Some(answer)
            }
            Err(error) => {
                self.complain("endpoint", error.explain());
                None
            }
        }
    }

    /// What the first answer says of the upstream, whatever it was asked.
    fn note(&mut self, answer: &UpstreamAnswer, subject: &Subject<'_>) {
        let status = answer.status.as_u16();
        let server = text(&answer.headers, SERVER).filter(|server| server.len() <= 64);
        let called = server.map(|server| format!(", server `{server}`"));
        self.answer = Some(format!("answered {status}{}", called.unwrap_or_default()));
        let known = SERVERS
            .iter()
            .find(|(name, _)| server.is_some_and(|server| server.starts_with(name)));
        if let Some((name, profile)) = known.filter(|(_, profile)| *profile != subject.profile) {
            let message = format!("the server calls itself `{name}`: its profile is `{profile}`");
            self.complain("profile", message);
        }
        if let Some(skew) = skew(&answer.headers, (subject.clock)()) {
            let message = format!(
                "its clock and this host's differ by {} s; at 900 s signatures are refused",
                skew.as_secs()
            );
            self.complain("endpoint", message);
        }
    }

    fn complain(&mut self, field: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.complaints.push(Complaint { field, message });
    }
}

/// By how much the clock of who answered differs, if it is worth a word.
fn skew(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = text(headers, DATE)?;
    let date = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let skew = date.duration_since(now).abs();
    (skew > SKEW).then_some(skew)
}

/// A header that a terminal can show: visible ASCII.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn field(cause: &Cause) -> &'static str {
    match cause {
        Cause::Credentials(_) => "credentials",
        Cause::Region { .. } => "region",
        Cause::Clock(_) | Cause::Redirect(_) => "endpoint",
    }
}

async fn patiently<T>(work: impl Future<Output = T>) -> Result<T, UpstreamError> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .map_err(|_| UpstreamError::Deadline(PATIENCE))
}
