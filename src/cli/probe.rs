//! `validate --probe-upstream`: asks each upstream whether it can be used as it is configured.

use crate::config::{Finding, Settings};
use crate::gateway::clock;
use crate::upstream::Upstream;
use crate::upstream::client::Client;
use crate::upstream::probe::{Found, Subject, probe};
use anyhow::Context as _;
use portcullis_core::document::Place;
use portcullis_core::s3::names::BucketName;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// What was found of each upstream, in the order of the configuration.
pub(super) struct Probes(Vec<Probed>);

struct Probed {
    name: Box<str>,
    endpoint: String,
    found: Found,
}

/// Asks every upstream, one after the other.
pub(super) fn run(settings: Settings) -> anyhow::Result<Probes> {
    // Whichever was installed before will do.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(probe_all(settings))
}

async fn probe_all(settings: Settings) -> anyhow::Result<Probes> {
    let client = Client::new();
    let mut probes = Vec::new();
    for upstream in settings.upstreams {
        let patterns = upstream.buckets.iter();
        // A pattern is no bucket name.
        let buckets = patterns.filter_map(|bucket| BucketName::parse(bucket).ok());
        let subject = Subject {
            profile: upstream.profile.name,
            buckets: buckets.collect(),
            clock: clock::now,
            upstream: Arc::new(Upstream::new(upstream.connection, clock::now)?),
        };
        probes.push(Probed {
            name: subject.upstream.name().into(),
            endpoint: subject.upstream.endpoint().to_string(),
            found: probe(&client, &subject).await,
        });
    }
    Ok(Probes(probes))
}

impl Probes {
    /// What is wrong, as warnings about fields of the configuration file.
    pub(super) fn findings(&self, file: &Path) -> Vec<Finding> {
        let mut findings = Vec::new();
        for probed in &self.0 {
            for complaint in &probed.found.complaints {
                let nowhere = Place { line: 0, column: 0 };
                let path = format!("upstreams.{}.{}", probed.name, complaint.field);
                let finding = Finding::error(file, nowhere, complaint.message.as_str());
                findings.push(finding.of(path).softened());
            }
        }
        findings
    }

    /// A line for each upstream.
    pub(super) fn as_text(&self) -> String {
        self.0.iter().map(Probed::as_line).collect()
    }

    /// The same, for programs.
    pub(super) fn as_json(&self) -> Value {
        let shown = |probed: &Probed| {
            json!({
                "name": probed.name,
                "endpoint": probed.endpoint,
                "credentials": probed.found.credentials,
                "answer": probed.found.answer,
            })
        };
        self.0.iter().map(shown).collect()
    }
}

impl Probed {
    fn as_line(&self) -> String {
        let credentials = match self.found.credentials.as_str() {
            "" => "no credentials",
            credentials => credentials,
        };
        let answer = self.found.answer.as_deref().unwrap_or("did not answer");
        format!(
            "upstreams.{}: {credentials}; {} {answer}\n",
            self.name, self.endpoint
        )
    }
}
