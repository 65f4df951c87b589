//! What the gateway asks of upstreams of its own accord: look-ups, and what keeps a bucket or an object as it was decided.
//! Beside [`forward`](super::forward) the only maker of a [`Permit`].

use super::forward::say_md5;
use super::{Permit, Run};
use crate::controls::lock::LockConfiguration;
use crate::controls::settings::SettingKind;
use crate::request::{Head, encode_path, encode_query_component};
use crate::s3::names::{BucketName, Target};
use crate::s3::xml::{DeleteFailure, DeleteItem, DeleteRequest, Marker};
use crate::sigv4::payload::BodyPlan;
use bytes::Bytes;
use http::Method;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, ORIGIN,
};

/// How many versions an upstream is asked for at once: few, as each of them may be asked for after that.
const PAGE: usize = 50;

impl Permit {
    /// Leave to ask an upstream what it tells a browser that asks before it requests. Nobody is known then, and nothing is
    /// told but what the store's rules say of origins.
    pub(super) fn preflight(upstream: usize, head: &Head<'_>, target: &Target) -> Option<Self> {
        let asked = [
            ORIGIN,
            ACCESS_CONTROL_REQUEST_METHOD,
            ACCESS_CONTROL_REQUEST_HEADERS,
        ];
        let headers = asked.into_iter().filter_map(|name| {
            let value = head.headers.get(&name)?.clone();
            Some((name, value))
        });
        Some(Self {
            key: target.key().map(encode_path).unwrap_or_default(),
            headers: headers.collect(),
            run: Run::Stream,
            ..Self::look_up(upstream, Method::OPTIONS, target.bucket_name()?)
        })
    }

    /// The same leave to delete, but not what is locked. `None`: nothing is left to delete.
    pub fn without(&self, locked: &[DeleteFailure]) -> Option<Self> {
        let Run::DeleteObjects { allowed, quiet, .. } = &self.run else {
            return None;
        };
        let mut request = DeleteRequest::parse(allowed.as_ref()?).ok()?;
        let is = |item: &DeleteItem, failure: &DeleteFailure| {
            item.key == failure.key && item.version_id == failure.version_id
        };
        let is_locked = |item: &DeleteItem| locked.iter().any(|failure| is(item, failure));
        request.objects.retain(|item| !is_locked(item));
        if request.objects.is_empty() {
            return None;
        }
        Some(Self {
            upstream: self.upstream,
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            run: Run::DeleteObjects {
                allowed: Some(request.to_xml()),
                refused: Vec::new(),
                quiet: *quiet,
            },
            ..Self::look_up(0, self.method.clone(), "")
        })
    }

    /// Leave to ask an upstream whether a bucket exists: a look-up of the gateway's own, before a bucket is created and
    /// where a creation was cut short. `upstream` is a position in the routes.
    pub fn inquiry(upstream: usize, bucket: &BucketName) -> Self {
        Self::look_up(upstream, Method::HEAD, bucket.as_str())
    }

    /// Leave to ask an upstream for the buckets of the gateway's own credentials: whether they are good, before anybody
    /// is served.
    pub fn listing(upstream: usize) -> Self {
        Self::look_up(upstream, Method::GET, "")
    }

    /// Leave to ask an upstream what it has set on a bucket of its own: a look-up by the gateway's credentials, to carry
    /// settings over. Whoever has the configuration may ask the same without the gateway.
    pub fn setting_of(upstream: usize, bucket: &BucketName, kind: SettingKind) -> Self {
        let query = match kind {
            SettingKind::Policy => "policy=",
            SettingKind::PublicAccessBlock => "publicAccessBlock=",
            SettingKind::Cors => "cors=",
            SettingKind::Ownership => "ownershipControls=",
            SettingKind::Acl => "acl=",
            SettingKind::Tagging => "tagging=",
            SettingKind::ObjectLock => "object-lock=",
        };
        Self {
            query: query.to_owned(),
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    /// Leave to ask an upstream for the versioning of a bucket, on which locks there depend.
    pub fn versioning_of(upstream: usize, bucket: &BucketName) -> Self {
        Self {
            query: "versioning=".to_owned(),
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    /// Leave to enable the versioning of a bucket that was just created with Object Lock: of it alone versions are kept.
    pub fn enable_versioning(upstream: usize, bucket: &BucketName) -> Self {
        let document = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status></VersioningConfiguration>";
        Self::put_on(
            upstream,
            bucket,
            "versioning=",
            Bytes::from_static(document.as_bytes()),
        )
    }

    /// Leave to enable Object Lock on a bucket whose store keeps locks too.
    pub fn enable_lock(upstream: usize, bucket: &BucketName) -> Self {
        let document = LockConfiguration::default().to_xml();
        Self::put_on(upstream, bucket, "object-lock=", document)
    }

    /// Leave to delete a bucket whose creation could not be finished. It is empty.
    pub fn undo_creation(upstream: usize, bucket: &BucketName) -> Self {
        Self::look_up(upstream, Method::DELETE, bucket.as_str())
    }

    fn put_on(upstream: usize, bucket: &BucketName, query: &str, document: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        say_md5(&mut headers, &document);
        Self {
            query: query.to_owned(),
            headers,
            run: Run::Buffered(document),
            ..Self::look_up(upstream, Method::PUT, bucket.as_str())
        }
    }

    /// Leave to ask an upstream for the lifecycle of a bucket, which may destroy what is locked.
    pub fn lifecycle_of(upstream: usize, bucket: &BucketName) -> Self {
        Self {
            query: "lifecycle=".to_owned(),
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    /// Leave to ask an upstream for the tags of an object, of one version if it is named. `None`: it is no object.
    pub(super) fn tags_of(upstream: usize, target: &Target, version: Option<&str>) -> Option<Self> {
        let (bucket, key) = (target.bucket_name()?, target.key()?);
        let version = version.map(encode_query_component);
        Some(Self {
            key: encode_path(key),
            query: version.map_or_else(
                || "tagging=".to_owned(),
                |version| format!("tagging=&versionId={version}"),
            ),
            ..Self::look_up(upstream, Method::GET, bucket)
        })
    }

    /// Leave to ask an upstream for an object's head: a look-up of the gateway's own, where a change of the object was cut
    /// short.
    pub fn head_of(upstream: usize, bucket: &BucketName, key: &str, version: Option<&str>) -> Self {
        let version = version.map(encode_query_component);
        Self {
            key: encode_path(key),
            query: version.map_or_else(String::new, |version| format!("versionId={version}")),
            ..Self::look_up(upstream, Method::HEAD, bucket.as_str())
        }
    }

    /// Leave to ask an upstream for the newest versions of all keys that begin with this one, likewise.
    pub fn versions_of(upstream: usize, bucket: &BucketName, key: &str) -> Self {
        Self {
            query: format!("prefix={}&versions=", encode_query_component(key)),
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    /// Leave to ask an upstream for some of all versions in a bucket, or of all objects where it keeps no versions: to
    /// find what may be locked when the gateway's own records are in doubt.
    pub fn page_of(
        upstream: usize,
        bucket: &BucketName,
        of: Listing,
        after: Option<&Marker>,
    ) -> Self {
        let said = |name: &str, value: &str| format!("{name}={}&", encode_query_component(value));
        let key = after.map(|after| &*after.key);
        let version = after.and_then(|after| after.version.as_deref());
        let key_of = |name: &str| key.map_or_else(String::new, |key| said(name, key));
        let encoding = "encoding-type=url&";
        let most = format!("max-keys={PAGE}");
        let query = match of {
            Listing::Versions => {
                let version = version.map_or_else(String::new, |id| said("version-id-marker", id));
                let key = key_of("key-marker");
                format!("{encoding}{key}{most}&{version}versions=")
            }
            Listing::Objects => {
                let token = key_of("continuation-token");
                format!("{token}{encoding}list-type=2&{most}")
            }
        };
        Self {
            query,
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    /// Leave to ask an upstream that keeps locks too how a version is retained.
    pub fn retention_of(upstream: usize, bucket: &BucketName, key: &str, version: &str) -> Self {
        Self::lock_of(
            upstream,
            bucket,
            key,
            &format!("retention=&{}", named(version)),
        )
    }

    /// Leave to ask an upstream that keeps locks too for the legal hold of a version.
    pub fn legal_hold_of(upstream: usize, bucket: &BucketName, key: &str, version: &str) -> Self {
        Self::lock_of(
            upstream,
            bucket,
            key,
            &format!("legal-hold=&{}", named(version)),
        )
    }

    fn lock_of(upstream: usize, bucket: &BucketName, key: &str, query: &str) -> Self {
        Self {
            key: encode_path(key),
            query: query.to_owned(),
            ..Self::look_up(upstream, Method::GET, bucket.as_str())
        }
    }

    pub(super) fn look_up(upstream: usize, method: Method, bucket: &str) -> Self {
        Self {
            upstream: Some(upstream),
            method,
            bucket: bucket.to_owned(),
            key: String::new(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: BodyPlan::default(),
            wrapping: None,
            run: Run::Buffered(Bytes::new()),
            conceal_missing: false,
            keeping: None,
        }
    }
}

/// What a bucket is listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// ListObjectVersions.
    Versions,
    /// ListObjectsV2.
    Objects,
}

fn named(version: &str) -> String {
    format!("versionId={}", encode_query_component(version))
}
