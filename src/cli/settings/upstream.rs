//! `settings import --from-upstream NAME`: what a store has set on its buckets becomes files, as far as it can. Whatever cannot
//! is said.

use super::export::{present, told};
use super::files::{Effect, Files};
use super::judge::{Asked, There, judge};
use super::{Ending, Import, Wanted, complain, tell};
use crate::config::settings::Upstream as Entry;
use crate::config::{self, Host, Severity};
use crate::gateway::{clock, routes_of};
use crate::upstream::Upstream;
use crate::upstream::answer;
use crate::upstream::client::{Client, UpstreamAnswer, UpstreamError};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use portcullis_core::admission::{Permit, Routes};
use portcullis_core::controls::settings::SettingKind;
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::xml::{self, BucketList};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is looked at: a list of buckets.
const LIMIT: usize = 16 << 20;

pub(super) fn run(arguments: &Import, name: &str) -> anyhow::Result<Ending> {
    let file = arguments.running.config.as_deref();
    let file = file.context("give the configuration with --config")?;
    let mut settings = match config::load(file, &Host) {
        Ok((settings, _)) => settings,
        Err(mut findings) => {
            findings.retain(|finding| finding.severity == Severity::Error);
            complain(&findings);
            bail!("`{}` has errors", file.display());
        }
    };
    let routes = routes_of(&settings);
    let named = |entry: &Entry| *entry.connection.name == *name;
    let position = settings.upstreams.iter().position(named);
    let position = position.with_context(|| format!("there is no `upstreams.{name}`"))?;
    let folder = folder(arguments, settings.policies.take())?;
    let entry = settings.upstreams.swap_remove(position);
    // Whichever was installed before will do.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let literal = entry.buckets.iter();
    let literal = literal.filter_map(|bucket| BucketName::parse(bucket).ok());
    let source = Source {
        routes: &routes,
        position,
        wanted: Wanted::of(arguments.bucket.as_deref()),
        literal: literal.collect(),
        pattern: arguments.bucket.as_deref(),
        files: Files {
            folder: &folder,
            present: present(arguments.force),
            effect: match arguments.dry_run {
                true => Effect::DryRun,
                false => Effect::Durable,
            },
        },
        keeps_state: settings.state.is_some(),
        client: Client::new(),
        upstream: Arc::new(Upstream::new(entry.connection, clock::now)?),
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    runtime
        .context("cannot start the runtime")?
        .block_on(source.carry())
}

fn folder(arguments: &Import, policies: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let folder = arguments.into.clone().or(policies);
    folder.context("the configuration has no `policies`: give a folder with --into")
}

/// An upstream whose settings are carried over.
struct Source<'a> {
    routes: &'a Routes,
    /// Of the upstream in the routes.
    position: usize,
    wanted: Wanted,
    /// Buckets that the configuration names without a pattern.
    literal: Vec<BucketName>,
    pattern: Option<&'a str>,
    files: Files<'a>,
    keeps_state: bool,
    client: Client,
    upstream: Arc<Upstream>,
}

impl Source<'_> {
    async fn carry(&self) -> anyhow::Result<Ending> {
        let fetched = patiently(self.upstream.credentials().fetch()).await;
        if let Err(missing) = self.upstream.access() {
            bail!(
                "{}",
                fetched
                    .err()
                    .map_or(missing.to_string(), |late| late.to_string())
            );
        }
        let (buckets, mut ending) = self.buckets().await?;
        let here = |bucket: &BucketName| {
            self.wanted.has(bucket) && self.routes.find(bucket.as_str()) == Some(self.position)
        };
        let buckets: Vec<_> = buckets.into_iter().filter(here).collect();
        if buckets.is_empty() {
            eprintln!("portcullis: there is no such bucket that is routed to this upstream");
            ending = Ending::Refused;
        }
        for bucket in buckets {
            ending = ending.max(self.bucket(&bucket).await?);
        }
        Ok(ending)
    }

    /// The buckets that the upstream lists; also those that are named, where it does not list all.
    async fn buckets(&self) -> anyhow::Result<(Vec<BucketName>, Ending)> {
        let answer = self.ask(&Permit::listing(self.position)).await;
        let answer =
            answer.map_err(|error| anyhow::anyhow!("cannot list buckets: {}", error.explain()))?;
        let (mut names, why) = match BucketList::parse(&answer.body) {
            Ok(list) if list.continuation_token.is_none() => return Ok((read(list), Ending::Done)),
            Ok(list) => (read(list), "the store does not list all at once".to_owned()),
            Err(_) => (Vec::new(), refusal(self.upstream.name(), &answer)),
        };
        names.extend(self.pattern.and_then(|name| BucketName::parse(name).ok()));
        names.extend(self.literal.iter().cloned());
        names.sort();
        names.dedup();
        if names.is_empty() {
            bail!("cannot list buckets: {why}");
        }
        tell(
            "not listed",
            format!("{why}; others are asked for only if they are named"),
        );
        Ok((names, Ending::Refused))
    }

    async fn bucket(&self, bucket: &BucketName) -> anyhow::Result<Ending> {
        let mut found = Vec::new();
        for asked in Asked::ALL {
            let permit = Permit::setting_of(self.position, bucket, asked.kind());
            let there = match self.ask(&permit).await {
                Ok(answer) => judge(asked, bucket, self.upstream.name(), &answer),
                Err(error) => There::Failed(error.explain()),
            };
            if let There::Failed(why) = there {
                let what = asked.name();
                tell(
                    "failed",
                    format!("{bucket}: {what}: {why}; nothing of it was written"),
                );
                return Ok(Ending::Refused);
            }
            found.push((asked, there));
        }
        let mut ending = Ending::Done;
        for (asked, there) in found {
            ending = ending.max(self.keep(bucket, asked, there)?);
        }
        Ok(ending)
    }

    /// Writes what was found, or says why not.
    fn keep(&self, bucket: &BucketName, asked: Asked, there: There) -> anyhow::Result<Ending> {
        let shown = format!("{bucket}/{}", asked.name());
        let (text, word) = match there {
            There::Text(text) => (text, None),
            There::But(_, _) if !self.keeps_state => {
                let why = "ACLs count in this bucket, and the configuration has no `state`";
                tell("lost", format!("{shown}: {why}"));
                return Ok(Ending::Refused);
            }
            There::But(text, word) => (text, Some(word)),
            There::Nothing => {
                tell("none", shown);
                return Ok(Ending::Done);
            }
            There::Lacking(why) => {
                tell("none", format!("{shown}: {why}"));
                return Ok(Ending::Done);
            }
            There::Lost(why) => {
                tell("lost", format!("{shown}: {why}"));
                return Ok(Ending::Refused);
            }
            There::Unknown(why) | There::Failed(why) => {
                tell("unknown", format!("{shown}: {why}"));
                return Ok(Ending::Refused);
            }
        };
        let ending = self.write(bucket, asked.kind(), &text)?;
        if let Some(word) = word {
            tell("lost", format!("{shown}: {word}"));
            return Ok(Ending::Refused);
        }
        Ok(ending)
    }

    fn write(&self, bucket: &BucketName, kind: SettingKind, text: &[u8]) -> anyhow::Result<Ending> {
        let path: &Path = &self.files.path(bucket, kind);
        Ok(told(path, self.files.put(bucket, kind, text)?))
    }

    async fn ask(&self, permit: &Permit) -> Result<UpstreamAnswer, UpstreamError> {
        let now = clock::now();
        let sent = self
            .client
            .send(&self.upstream, permit, Bytes::new(), LIMIT, now);
        patiently(sent).await.and_then(|sent| sent)
    }
}

fn read(list: BucketList) -> Vec<BucketName> {
    let mut names = Vec::new();
    for bucket in list.buckets {
        match BucketName::parse(&bucket.name) {
            Ok(name) => names.push(name),
            Err(error) => {
                let listed = bucket.name.escape_debug();
                tell("not read", format!("`{listed}` is no bucket here: {error}"));
            }
        }
    }
    names.sort();
    names
}

fn refusal(upstream: &str, answer: &UpstreamAnswer) -> String {
    let error = xml::UpstreamError::parse(&answer.body);
    let fault = answer::fault(&answer.headers, error.as_ref());
    match answer::classify(answer.status, fault.as_ref()) {
        answer::Treatment::Replace(_, cause) => cause.explain(upstream),
        answer::Treatment::Pass => {
            format!("answered {} and no list", answer.status.as_u16())
        }
    }
}

async fn patiently<T>(work: impl Future<Output = T>) -> Result<T, UpstreamError> {
    let late = |_| UpstreamError::Deadline(PATIENCE);
    tokio::time::timeout(PATIENCE, work).await.map_err(late)
}
