//! Upstreams: where they answer, which buckets they hold, and what they are signed with.

use super::super::fill::did_you_mean;
use super::super::place::At;
use super::super::raw;
use super::super::settings::{Addressing, Endpoint, Scheme, Upstream, UpstreamSettings};
use super::{Check, chunks, credentials, owners, patterns, tls, values};
use portcullis_core::document::Value;
use portcullis_core::s3::names::AccountId;
use portcullis_core::s3::profiles::{PROFILES, Profile};
use std::collections::BTreeMap;

/// The upstreams in the order written.
pub(super) fn upstreams(
    written: Option<BTreeMap<String, raw::Upstream>>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Vec<Upstream> {
    let Some(mut raw) = check.required(at, written) else {
        return Vec::new();
    };
    if raw.is_empty() {
        check.push(at.error("no upstream is configured"));
    }
    let mut upstreams = Vec::new();
    for name in at.names() {
        let (Some(raw), at) = (raw.remove(&name), at.field(&name)) else {
            continue;
        };
        upstreams.extend(upstream(&name, raw, &at, check));
    }
    compare_buckets(&upstreams, at, check);
    compare_defaults(&upstreams, at, check);
    upstreams
}

fn upstream(
    name: &str,
    mut raw: raw::Upstream,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Upstream> {
    let profile = profile(raw.profile.take(), &at.field("profile"), check);
    let kind = kind(profile);
    let reach = reach(&mut raw, kind, at, check);
    let buckets = buckets(raw.buckets, raw.default, at, check);
    let timeouts = values::timeouts(raw.timeouts, &at.field("timeouts"), check);
    let look_ups = values::look_ups(raw.look_ups, &at.field("look_ups"), check);
    let owner_account = owner(raw.owner_account, &at.field("owner_account"), check);
    let credentials = credentials::credentials(kind, &at.field("credentials"), check);
    let chunks = chunks::chunks(
        raw.chunks,
        profile,
        credentials.as_ref(),
        &at.field("chunks"),
        check,
    );
    let owners = raw.settings.unwrap_or_default();
    let theirs = owners::theirs(&owners, profile, &at.field("settings"), check);
    let locks = owners::locks(&owners, profile, &at.field("settings"), check);
    let reach = reach?;
    Some(Upstream {
        connection: UpstreamSettings {
            name: name.into(),
            region: reach.region,
            endpoint: reach.endpoint,
            addressing: reach.addressing,
            ca_pem: reach.ca,
            timeouts,
            credentials: credentials?,
        },
        profile: profile?,
        owner_account: owner_account?,
        buckets,
        default: raw.default.unwrap_or(false),
        chunks,
        theirs,
        locks,
        look_ups,
    })
}

/// Where and how an upstream is reached.
struct Reach {
    region: Box<str>,
    endpoint: Endpoint,
    addressing: Addressing,
    ca: Option<Vec<u8>>,
}

fn reach(raw: &mut raw::Upstream, kind: Kind, at: &At<'_>, check: &mut Check<'_>) -> Option<Reach> {
    let region = region(raw.region.take(), kind, &at.field("region"), check);
    let endpoint_at = at.field("endpoint");
    let endpoint = endpoint(
        raw.endpoint.take(),
        kind,
        region.as_deref(),
        &endpoint_at,
        check,
    );
    let ca_at = at.field("tls").field("ca");
    let ca = raw.tls.take().and_then(|tls| tls.ca);
    let ca = ca.and_then(|text| tls::authorities(&text, &ca_at, check));
    let endpoint = endpoint?;
    if ca.is_some() && endpoint.scheme == Scheme::Http {
        check.push(ca_at.error("has no effect: the endpoint is `http`"));
    }
    Some(Reach {
        addressing: addressing(
            raw.addressing,
            kind,
            &endpoint,
            &at.field("addressing"),
            check,
        ),
        region: region?,
        endpoint,
        ca,
    })
}

/// Whether a store is S3 itself, whose endpoint and credentials need not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Aws,
    Other,
}

fn kind(profile: Option<&Profile>) -> Kind {
    match profile {
        Some(profile) if profile.name == "aws" => Kind::Aws,
        Some(_) | None => Kind::Other,
    }
}

fn profile(
    written: Option<String>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<&'static Profile> {
    let name = check.required(at, written)?;
    let found = Profile::find(&name).ok_or_else(|| {
        let known: Vec<_> = PROFILES.iter().map(|one| one.name.to_owned()).collect();
        format!("unknown profile `{name}`{}", did_you_mean(&name, &known))
    });
    check.take(at, found)
}

fn owner(written: Option<String>, at: &At<'_>, check: &mut Check<'_>) -> Option<AccountId> {
    let text = check.required(at, written)?;
    let parsed = AccountId::parse(&text).map_err(|error| format!("`{text}`: {error}"));
    check.take(at, parsed)
}

fn region(
    written: Option<String>,
    kind: Kind,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Box<str>> {
    let text = match (written, kind) {
        (None, Kind::Other) if at.node().is_none() => "us-east-1".to_owned(),
        (written, _) => check.required(at, written)?,
    };
    let good = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(good);
    let message = format!("`{text}` is not a region, such as `eu-west-1`");
    check.take(at, fits.then(|| text.into()).ok_or(message))
}

fn endpoint(
    written: Option<String>,
    kind: Kind,
    region: Option<&str>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Endpoint> {
    if written.is_none() && at.node().is_none() && kind == Kind::Aws {
        return region.map(aws_endpoint);
    }
    let text = check.required(at, written)?;
    let endpoint = check.take(at, parse_endpoint(&text))?;
    if endpoint.scheme == Scheme::Http && !is_local(&endpoint.host) {
        let message = "plain `http`: bodies and signatures can be read on the way";
        check.push(at.error(message).softened());
    }
    Some(endpoint)
}

/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>
fn aws_endpoint(region: &str) -> Endpoint {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    Endpoint {
        scheme: Scheme::Https,
        host: format!("s3.{region}.{domain}").into(),
        port: 443,
    }
}

fn parse_endpoint(text: &str) -> Result<Endpoint, String> {
    let message = || {
        format!("`{text}` is not an endpoint: `https://host` or `http://host:port`, without a path")
    };
    let uri: http::Uri = text.parse().map_err(|_| message())?;
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        _ => return Err(message()),
    };
    let authority = uri.authority().ok_or_else(message)?;
    let bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
    let port = match authority.port() {
        Some(port) => Some(port.as_u16()),
        None if authority.as_str().ends_with(':') => None,
        None => Some(scheme.default_port()),
    };
    let host = authority
        .host()
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    match port.filter(|port| bare && *port > 0 && !host.is_empty()) {
        Some(port) => Ok(Endpoint {
            scheme,
            host: host.into(),
            port,
        }),
        None => Err(message()),
    }
}

fn is_local(host: &str) -> bool {
    let loopback = |ip: std::net::IpAddr| ip.is_loopback();
    host == "localhost" || host.parse().is_ok_and(loopback)
}

fn addressing(
    written: Option<raw::Addressing>,
    kind: Kind,
    endpoint: &Endpoint,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Addressing {
    let addressing = match written {
        Some(raw::Addressing::Path) => Addressing::Path,
        Some(raw::Addressing::VirtualHosted) => Addressing::VirtualHosted,
        None if kind == Kind::Aws => Addressing::VirtualHosted,
        None => Addressing::Path,
    };
    let address = endpoint.host.parse::<std::net::IpAddr>().is_ok();
    if addressing == Addressing::VirtualHosted && address {
        check.push(at.error(
            "`virtual-hosted` needs an endpoint with a host name; use `path` for an IP address",
        ));
    }
    addressing
}

fn buckets(
    written: Option<Vec<String>>,
    default: Option<bool>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Vec<Box<str>> {
    let list = at.field("buckets");
    let written = match (written, default) {
        (None, Some(true)) => Vec::new(),
        (written, _) => check.required(&list, written).unwrap_or_default(),
    };
    let empty = list
        .node()
        .is_some_and(|node| node.value == Value::List(Vec::new()));
    if empty && default != Some(true) {
        check.push(list.error("is empty: no bucket is on this upstream"));
    }
    let mut buckets = Vec::new();
    for (index, text) in written.iter().enumerate() {
        buckets.extend(check.take(&list.index(index), patterns::parse(text)));
    }
    buckets
}

/// Each pair of patterns of two upstreams.
fn compare_buckets(upstreams: &[Upstream], at: &At<'_>, check: &mut Check<'_>) {
    for (position, one) in upstreams.iter().enumerate() {
        for other in upstreams.iter().take(position) {
            for (index, pattern) in one.buckets.iter().enumerate() {
                let at = at.field(&one.connection.name).field("buckets").index(index);
                compare_pattern(pattern, other, &at, check);
            }
        }
    }
}

fn compare_pattern(pattern: &str, other: &Upstream, at: &At<'_>, check: &mut Check<'_>) {
    for earlier in &other.buckets {
        let name = &other.connection.name;
        if **earlier == *pattern {
            check.push(at.error(format!(
                "`{pattern}` stands under `upstreams.{name}` already"
            )));
        } else if patterns::overlap(pattern, earlier) {
            let message = format!(
                "a bucket can match both `{pattern}` and `{earlier}` of `upstreams.{name}`; the upstream written first takes it"
            );
            check.push(at.error(message).softened());
        }
    }
}

fn compare_defaults(upstreams: &[Upstream], at: &At<'_>, check: &mut Check<'_>) {
    let mut defaults = upstreams.iter().filter(|upstream| upstream.default);
    let Some(first) = defaults.next() else {
        return;
    };
    let place = at.field(&first.connection.name).field("default");
    check.push(
        place
            .error("every bucket that no pattern names goes here, misspelt ones too")
            .softened(),
    );
    for second in defaults {
        let place = at.field(&second.connection.name).field("default");
        check.push(place.error(format!(
            "`upstreams.{}` is the default already",
            first.connection.name
        )));
    }
}
