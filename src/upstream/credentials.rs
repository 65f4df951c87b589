//! What requests to an upstream are signed with: from the configuration, from the AWS SDKs' chain, or nothing.
//!
//! Credentials of the chain are fetched in the background and renewed before they expire; a request only ever looks
//! at what is held.

use super::settings::CredentialSettings;
use arc_swap::ArcSwapOption;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use jiff::Timestamp;
use std::error::Error;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Renewal starts this long before the expiry, or at three quarters of a shorter life.
const AHEAD: Duration = Duration::from_secs(300);
/// Credentials without an expiry are read again after this, so that a rotated file is noticed.
const REREAD: Duration = Duration::from_secs(300);
/// Between attempts while fetching fails; doubled up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What a request is signed with.
#[derive(Debug, Clone)]
pub enum Access {
    /// Not at all.
    Anonymous,
    /// With these keys. They print without their secret.
    Keys(Arc<Keys>),
}

/// Why no request can be signed now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCredentials {
    /// The first attempt is still under way.
    #[error("the credentials are still being fetched")]
    Fetching,
    /// Every attempt so far failed.
    #[error("no credentials: {0}")]
    Failed(Arc<str>),
    /// They expired and could not be renewed.
    #[error("the credentials expired at {expired}: {reason}")]
    Expired {
        /// When.
        expired: Timestamp,
        /// What the renewal met.
        reason: Arc<str>,
    },
}

/// The credentials of one upstream.
#[derive(Debug)]
pub struct Credentials {
    source: Source,
    held: ArcSwapOption<Keys>,
    failure: ArcSwapOption<Arc<str>>,
    soon: Arc<Notify>,
    clock: fn() -> Timestamp,
}

#[derive(Debug)]
enum Source {
    Anonymous,
    Static,
    Chain {
        region: Box<str>,
    },
    Profile {
        region: Box<str>,
        name: Box<str>,
    },
    #[cfg(test)]
    Test(SharedCredentialsProvider),
}

impl Credentials {
    /// Credentials of a chain are first there when [`maintain`] has fetched them.
    pub fn new(settings: &CredentialSettings, region: &str, clock: fn() -> Timestamp) -> Self {
        let region = Box::from(region);
        let source = match settings {
            CredentialSettings::Anonymous => Source::Anonymous,
            CredentialSettings::Static { .. } => Source::Static,
            CredentialSettings::Chain { profile: None } => Source::Chain { region },
            CredentialSettings::Chain {
                profile: Some(name),
            } => Source::Profile {
                region,
                name: name.clone(),
            },
        };
        Self {
            source,
            held: ArcSwapOption::new(fixed(settings).map(Arc::new)),
            failure: ArcSwapOption::empty(),
            soon: Arc::default(),
            clock,
        }
    }

    /// What to sign with now, or why nothing can be signed. Never waits.
    pub fn current(&self) -> Result<Access, NoCredentials> {
        if matches!(self.source, Source::Anonymous) {
            return Ok(Access::Anonymous);
        }
        let reason = || self.failure.load().as_deref().cloned();
        let Some(keys) = self.held.load_full() else {
            return Err(reason().map_or(NoCredentials::Fetching, NoCredentials::Failed));
        };
        match expiry(&keys).filter(|expiry| *expiry <= (self.clock)()) {
            None => Ok(Access::Keys(keys)),
            Some(expired) => Err(NoCredentials::Expired {
                expired,
                reason: reason().unwrap_or_else(|| "they were not renewed in time".into()),
            }),
        }
    }

    /// When what is held expires; `None` if it does not or nothing is held.
    pub fn expires(&self) -> Option<Timestamp> {
        self.held.load().as_deref().and_then(expiry)
    }

    /// Why the last attempt to fetch failed; `None` after a success.
    pub fn failure(&self) -> Option<Arc<str>> {
        self.failure.load().as_deref().cloned()
    }

    /// What is held, in words: the key's last letters, where it came from, and until when it is good. `None` if nothing
    /// is needed or held.
    pub fn describe(&self) -> Option<String> {
        let keys = self.held.load_full()?;
        let until = match expiry(&keys) {
            Some(expiry) => format!("until {expiry}"),
            None => "without expiry".to_owned(),
        };
        let key = masked(keys.access_key_id());
        Some(format!("key {key} from {}, {until}", origin(&keys)))
    }

    /// Has them fetched again at once: what they come from may have changed. What is held is good until then.
    pub fn fetch_soon(&self) {
        self.soon.notify_one();
    }

    /// Fetches once. `false`: there is nothing to fetch.
    pub async fn fetch(&self) -> bool {
        // A provider caches what it read from files, so each round asks a new one.
        let Some(provider) = provider(&self.source).await else {
            return false;
        };
        self.take(provider.provide_credentials().await);
        true
    }

    fn take(&self, fetched: Result<Keys, CredentialsError>) {
        match fetched {
            Ok(keys) => {
                self.held.store(Some(Arc::new(keys)));
                self.failure.store(None);
            }
            Err(error) => {
                let reason: Arc<str> = format!("{}: {}", self.source, causes(&error)).into();
                self.failure.store(Some(Arc::new(reason)));
            }
        }
    }

    /// How long what is held may be used before it should be renewed.
    fn good_for(&self) -> Duration {
        let Some(expiry) = self.expires() else {
            return REREAD;
        };
        let life = expiry.duration_since((self.clock)());
        let life = Duration::try_from(life).unwrap_or_default();
        (life - AHEAD.min(life / 4)).max(RETRY.0)
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Static => f.write_str("configuration"),
            Self::Chain { .. } => {
                f.write_str("environment, profile, web identity, container and instance metadata")
            }
            Self::Profile { name, .. } => write!(f, "profile `{name}`"),
            #[cfg(test)]
            Self::Test(_) => f.write_str("test"),
        }
    }
}

fn fixed(settings: &CredentialSettings) -> Option<Keys> {
    match settings {
        CredentialSettings::Static {
            access_key_id,
            secret_access_key,
            session_token,
        } => Some(Keys::new(
            access_key_id.to_string(),
            secret_access_key.expose(),
            session_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
            None,
            "configuration",
        )),
        CredentialSettings::Chain { .. } | CredentialSettings::Anonymous => None,
    }
}

fn expiry(keys: &Keys) -> Option<Timestamp> {
    keys.expiry()
        .and_then(|time| Timestamp::try_from(time).ok())
}

/// The end of a key's id; of a short one nothing.
fn masked(id: &str) -> String {
    let end = id.len().checked_sub(4).filter(|start| *start >= 4);
    let end = end.and_then(|start| id.get(start..)).unwrap_or_default();
    format!("****{end}")
}

/// Which source of the chain gave a key. The SDK says so in its debugging form alone, which holds no secret.
fn origin(keys: &Keys) -> String {
    let text = format!("{keys:?}");
    let named = text.split_once("provider_name: \"");
    let name = named.and_then(|(_, rest)| rest.split_once('"'));
    name.map_or("an unnamed source", |(name, _)| name)
        .to_owned()
}

/// An error with what caused it, in one line. The SDK's outer errors alone do not say which source failed or why.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Where the chain fetches from; `None` if there is nothing to fetch.
async fn provider(source: &Source) -> Option<SharedCredentialsProvider> {
    match source {
        Source::Anonymous | Source::Static => None,
        Source::Chain { region } => {
            let chain = DefaultCredentialsChain::builder()
                .region(aws_config::Region::new(region.to_string()))
                .build()
                .await;
            Some(SharedCredentialsProvider::new(chain))
        }
        Source::Profile { region, name } => {
            let config = aws_config::provider_config::ProviderConfig::default()
                .with_region(Some(aws_config::Region::new(region.to_string())));
            let profile = ProfileFileCredentialsProvider::builder()
                .configure(&config)
                .profile_name(name.to_string())
                .build();
            Some(SharedCredentialsProvider::new(profile))
        }
        #[cfg(test)]
        Source::Test(provider) => Some(provider.clone()),
    }
}

/// Fetches and renews, at once when told to, until the owner is dropped.
pub(super) async fn maintain<T>(owner: &Weak<T>, of: fn(&T) -> &Credentials) {
    let mut retry = RETRY.0;
    loop {
        let Some(owner) = owner.upgrade() else { return };
        let credentials = of(&owner);
        if !credentials.fetch().await {
            return;
        }
        let pause = match credentials.failure() {
            None => {
                retry = RETRY.0;
                credentials.good_for()
            }
            Some(reason) => {
                tracing::warn!(%reason, "fetching upstream credentials failed");
                retry = (retry * 2).min(RETRY.1);
                retry
            }
        };
        let soon = Arc::clone(&credentials.soon);
        drop(owner);
        let _ = tokio::time::timeout(pause, soon.notified()).await;
    }
}

#[cfg(test)]
mod tests;
