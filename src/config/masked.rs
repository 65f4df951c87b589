//! The effective configuration, with every default filled in and every secret masked.

use super::settings::{
    Addressing, Admin, Chunks, Credentials, Listener, Locks, Log, LogFormat, LogTarget, Settings,
    Upstream,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

const MASK: &str = "***";

impl Settings {
    /// The settings as YAML in the form they are written in, but of identities and policies a summary. Secrets read
    /// `***`.
    pub fn masked_yaml(&self) -> String {
        let mut map = Map::new();
        map.insert("instance".into(), json!(self.instance));
        map.insert("threads".into(), json!(self.threads));
        map.insert("listeners".into(), named(&self.listeners, listener));
        optional(
            &mut map,
            "health",
            self.health.map(|address| address.to_string()),
        );
        map.extend(
            self.admin
                .as_ref()
                .map(|own| ("admin".to_owned(), admin(own))),
        );
        map.insert("upstreams".into(), named(&self.upstreams, upstream));
        map.insert("identities".into(), self.identities());
        map.insert("policies".into(), self.policies());
        let state = self.state.as_ref();
        map.insert(
            "state".into(),
            json!(state.map(|state| json!({ "redb": state.0 }))),
        );
        map.insert("logs".into(), named(&self.logs, log));
        map.insert("limits".into(), self.limits_shown());
        let shutdown = &self.shutdown;
        map.insert(
            "shutdown".into(),
            json!({ "delay": span(shutdown.delay), "drain": span(shutdown.drain) }),
        );
        let watch = self.watch.map_or(json!(false), |every| json!(span(every)));
        map.insert("watch".into(), watch);
        serde_yaml::to_string(&map).unwrap_or_default()
    }

    fn identities(&self) -> Value {
        json!({
            "accounts": self.directory.accounts.len(),
            "callers": self.directory.callers.len(),
            "access_keys": self.directory.keys.len(),
        })
    }

    fn policies(&self) -> Value {
        let mut buckets: Vec<_> = self.buckets.keys().map(ToString::to_string).collect();
        buckets.sort();
        let rego = if self.rego.is_some() {
            "in force"
        } else {
            "none"
        };
        let mut shown = Map::new();
        shown.insert("buckets".into(), json!(buckets));
        shown.insert(
            "guardrails".into(),
            json!({ "documents": self.guardrails.len(), "rego": rego }),
        );
        if !self.not_enforced.is_empty() {
            let modes = self.not_enforced.iter();
            let modes = modes.map(|(name, mode)| (name.to_string(), json!(mode.name())));
            shown.insert("modes".into(), Value::Object(modes.collect()));
        }
        Value::Object(shown)
    }

    fn limits_shown(&self) -> Value {
        let limits = &self.limits;
        json!({
            "max_connections": limits.max_connections,
            "header_bytes": limits.header_bytes,
            "header_timeout": span(limits.header_timeout),
            "idle_timeout": span(limits.idle_timeout),
            "body_idle_timeout": span(limits.body_idle_timeout),
            "document_bytes": limits.document_bytes,
        })
    }
}

fn named<T>(all: &[T], shown: impl Fn(&T) -> (String, Value)) -> Value {
    Value::Object(all.iter().map(shown).collect())
}

fn optional(map: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

fn listener(listener: &Listener) -> (String, Value) {
    let mut map = Map::new();
    map.insert("bind".into(), listener.bind.to_string().into());
    if !listener.hosts.is_empty() {
        map.insert("hosts".into(), json!(listener.hosts));
    }
    if listener.tls.is_some() {
        map.insert("tls".into(), json!({ "cert": "(read)", "key": MASK }));
    }
    let principal = listener.principal.as_ref();
    optional(
        &mut map,
        "principal",
        principal.map(|caller| caller.principal_arn.to_string()),
    );
    map.insert("decision".into(), listener.decision.name().into());
    (listener.name.to_string(), Value::Object(map))
}

fn admin(admin: &Admin) -> Value {
    let mut shown = json!({ "bind": admin.bind.to_string(), "recent": admin.recent });
    if let (Some(map), Some(_)) = (shown.as_object_mut(), &admin.token) {
        map.insert("token".into(), MASK.into());
    }
    if let (Some(map), Some(tls)) = (shown.as_object_mut(), &admin.tls) {
        let ca = tls.client_ca.as_ref().map(|_| "(read)");
        map.insert(
            "tls".into(),
            json!({ "cert": "(read)", "key": MASK, "client_ca": ca }),
        );
    }
    shown
}

fn upstream(upstream: &Upstream) -> (String, Value) {
    let timeouts = &upstream.connection.timeouts;
    let mut shown = json!({
        "profile": upstream.profile.name,
        "region": upstream.connection.region,
        "endpoint": upstream.connection.endpoint.to_string(),
        "addressing": match upstream.connection.addressing {
            Addressing::Path => "path",
            Addressing::VirtualHosted => "virtual-hosted",
        },
        "timeouts": {
            "connect": span(timeouts.connect),
            "read": span(timeouts.read),
            "write": span(timeouts.write),
            "idle": span(timeouts.idle),
        },
        "look_ups": {
            "concurrent": upstream.look_ups.concurrent,
            "per_second": upstream.look_ups.per_second,
        },
        "owner_account": upstream.owner_account.as_str(),
        "buckets": upstream.buckets,
        "default": upstream.default,
        "credentials": credentials(&upstream.connection.credentials),
    });
    let chunks = match upstream.chunks {
        Chunks::Passed => None,
        Chunks::Plain => Some("plain"),
        Chunks::Trailer => Some("trailer"),
        Chunks::Signed => Some("signed"),
    };
    if let (Some(map), Some(chunks)) = (shown.as_object_mut(), chunks) {
        map.insert("chunks".into(), chunks.into());
    }
    let theirs: Vec<&str> = upstream.theirs.iter().map(|kind| kind.name()).collect();
    if let (Some(map), false) = (shown.as_object_mut(), theirs.is_empty()) {
        map.insert("settings_of_the_upstream".into(), theirs.into());
    }
    if let (Some(map), Locks::Passed) = (shown.as_object_mut(), upstream.locks) {
        map.insert("object_lock".into(), "both".into());
    }
    if let (Some(map), Some(_)) = (shown.as_object_mut(), &upstream.connection.ca_pem) {
        map.insert("tls".into(), json!({ "ca": "(read)" }));
    }
    (upstream.connection.name.to_string(), shown)
}

fn credentials(credentials: &Credentials) -> Value {
    match credentials {
        Credentials::Chain { profile: None } => json!("chain"),
        Credentials::Chain {
            profile: Some(profile),
        } => json!({ "profile": profile }),
        Credentials::Anonymous => json!("anonymous"),
        Credentials::Static {
            access_key_id,
            session_token,
            ..
        } => {
            let mut map = Map::new();
            map.insert("access_key_id".into(), json!(access_key_id));
            map.insert("secret_access_key".into(), MASK.into());
            optional(
                &mut map,
                "session_token",
                session_token.as_ref().map(|_| MASK.to_owned()),
            );
            Value::Object(map)
        }
    }
}

fn log(log: &Log) -> (String, Value) {
    let format = match log.format {
        LogFormat::S3 => "s3",
        LogFormat::Json => "json",
    };
    let to = match &log.to {
        LogTarget::Stdout => "stdout".to_owned(),
        LogTarget::File(path) => path.display().to_string(),
    };
    (log.name.to_string(), json!({ "format": format, "to": to }))
}

fn span(duration: Duration) -> String {
    match duration.as_millis() {
        whole if whole % 1000 == 0 => format!("{}s", whole / 1000),
        milliseconds => format!("{milliseconds}ms"),
    }
}
