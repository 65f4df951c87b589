//! What an upstream says of buckets and versions that are locked here.

use super::super::super::Gateway;
use super::super::super::locks::is_enabled;
use super::super::super::snapshot::Snapshot;
use crate::admin::Refused;
use crate::upstream::client::UpstreamAnswer;
use http::StatusCode;
use http::header::ETAG;
use jiff::Timestamp;
use portcullis_core::admission::{Listing, Locks, Permit, Route};
use portcullis_core::controls::lock::{
    LegalHold, LockConfiguration, LockRequest, LockTime, ObjectLock, Retention,
};
use portcullis_core::controls::settings::SettingKind;
use portcullis_core::request::percent_decode;
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::xml::{BucketList, Element, Marker, VersionPage};
use serde_json::{Value, json};
use std::sync::Arc;

/// A lock that is over is still read: at this time every date is to come.
const ANY_TIME: LockTime = LockTime::certain(Timestamp::MIN);

/// A bucket at its upstream.
pub(super) struct There<'g> {
    gateway: &'g Gateway,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) position: usize,
    pub(super) bucket: BucketName,
}

impl Gateway {
    /// The buckets of upstreams that keep locks too, and so know locks that are on record no more.
    pub(in crate::gateway::control) async fn buckets_there(&self) -> Result<Value, Refused> {
        self.kept()?;
        let snapshot = self.snapshot.load_full();
        let mut names = Vec::new();
        let routes = snapshot.rules.routes.0.iter().enumerate();
        for (position, route) in routes.filter(|(_, route)| route.locks == Locks::Passed) {
            let silent = || silent(&format!("upstream `{}`", route.name));
            let answer = self.ask(position, &Permit::listing(position)).await;
            let answer = answer.filter(|answer| answer.status.is_success());
            let list = BucketList::parse(&answer.ok_or_else(silent)?.body).map_err(|_| silent())?;
            let listed = list.buckets.into_iter().map(|bucket| bucket.name);
            let ours = |name: &String| snapshot.rules.routes.find(name) == Some(position);
            names.extend(listed.filter(ours));
        }
        names.sort_unstable();
        Ok(json!({ "buckets": names }))
    }

    /// The upstream of a bucket: that on record, or else the one it is routed to.
    pub(super) fn there(&self, bucket: &BucketName) -> Result<There<'_>, Refused> {
        let snapshot = self.snapshot.load_full();
        let buckets = self.store.buckets();
        let position = match buckets.get(bucket) {
            Some(record) => {
                let mut targets = snapshot.upstreams.iter();
                targets.position(|target| *target.name == *record.upstream)
            }
            None => snapshot.rules.routes.find(bucket.as_str()),
        };
        let position = position.ok_or_else(|| {
            Refused::NotFound(format!("no upstream has bucket `{}`", bucket.as_str()))
        })?;
        Ok(There {
            gateway: self,
            snapshot,
            position,
            bucket: bucket.clone(),
        })
    }
}

impl There<'_> {
    pub(super) fn route(&self) -> Result<&Route, Refused> {
        let route = self.snapshot.rules.routes.get(self.position);
        route.ok_or_else(|| self.silent())
    }

    /// The Object Lock that the bucket has at an upstream that is told of locks.
    pub(super) async fn configuration(&self) -> Result<Option<LockConfiguration>, Refused> {
        if self.route()?.locks == Locks::Here {
            return Ok(None);
        }
        let asked = Permit::setting_of(self.position, &self.bucket, SettingKind::ObjectLock);
        let answer = self.ask(&asked).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Ok(None),
            StatusCode::OK if is_enabled(&answer, "ObjectLockEnabled") == Some(true) => {
                // A default that is not understood is none, but the bucket has Object Lock.
                Ok(Some(
                    LockConfiguration::parse_xml(&answer.body).unwrap_or_default(),
                ))
            }
            StatusCode::OK => Ok(None),
            _ => Err(self.silent()),
        }
    }

    /// Whether the upstream keeps versions now.
    pub(super) async fn keeps_versions(&self) -> Result<bool, Refused> {
        let asked = Permit::versioning_of(self.position, &self.bucket);
        let answer = self.ask(&asked).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(self.gone());
        }
        is_enabled(&answer, "Status").ok_or_else(|| self.silent())
    }

    /// Some of all versions.
    pub(super) async fn versions(&self, after: Option<&Marker>) -> Result<VersionPage, Refused> {
        let of = match self.route()?.profile.versions {
            true => Listing::Versions,
            false => Listing::Objects,
        };
        let asked = Permit::page_of(self.position, &self.bucket, of, after);
        let answer = self.ask(&asked).await?;
        match answer.status {
            StatusCode::OK => VersionPage::parse(&answer.body, decoded).map_err(|_| self.silent()),
            StatusCode::NOT_FOUND => Err(self.gone()),
            _ => Err(self.silent()),
        }
    }

    /// The lock that a version has there, none where the upstream is told of none; `None`: it is not there.
    pub(super) async fn lock(
        &self,
        key: &str,
        version: &str,
    ) -> Result<Option<ObjectLock>, Refused> {
        let route = self.route()?;
        let named = Some(version).filter(|_| route.profile.versions);
        let asked = Permit::head_of(self.position, &self.bucket, key, named);
        let answer = self.ask(&asked).await?;
        match answer.status {
            // The version is a delete marker.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => return Ok(None),
            status if status.is_success() => {}
            _ => return Err(self.silent()),
        }
        if route.locks == Locks::Here {
            return Ok(Some(ObjectLock::none()));
        }
        let said = LockRequest::from_headers(&answer.headers, ANY_TIME);
        let said = said.map_err(|_| self.silent())?;
        let retention = match said.retention {
            Some(retention) => Some(retention),
            None => self.retention(key, version).await?,
        };
        let legal_hold = match said.legal_hold {
            Some(hold) => Some(hold),
            None => self.legal_hold(key, version).await?,
        };
        Ok(Some(ObjectLock {
            retention,
            legal_hold,
        }))
    }

    async fn retention(&self, key: &str, version: &str) -> Result<Option<Retention>, Refused> {
        let asked = Permit::retention_of(self.position, &self.bucket, key, version);
        let read = |body: &[u8]| Retention::parse_xml(body, ANY_TIME).ok();
        Ok(self.part(&asked, read).await?.flatten())
    }

    async fn legal_hold(&self, key: &str, version: &str) -> Result<Option<LegalHold>, Refused> {
        let asked = Permit::legal_hold_of(self.position, &self.bucket, key, version);
        Ok(self.part(&asked, hold).await?.flatten())
    }

    /// `None`: there is no such part of a lock.
    async fn part<T>(
        &self,
        asked: &Permit,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Refused> {
        let answer = self.ask(asked).await?;
        match answer.status {
            StatusCode::OK => match read(&answer.body) {
                Some(part) => Ok(Some(part)),
                // A store that does not know the question answers with the object.
                None if answer.headers.contains_key(ETAG) => Ok(None),
                None => Err(self.silent()),
            },
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Ok(None),
            _ => Err(self.silent()),
        }
    }

    async fn ask(&self, permit: &Permit) -> Result<UpstreamAnswer, Refused> {
        let answer = self.gateway.ask(self.position, permit).await;
        answer.ok_or_else(|| self.silent())
    }

    pub(super) fn silent(&self) -> Refused {
        silent(&format!(
            "the upstream of bucket `{}`",
            self.bucket.as_str()
        ))
    }

    fn gone(&self) -> Refused {
        let bucket = self.bucket.as_str();
        Refused::NotFound(format!("there is no bucket `{bucket}` at its upstream"))
    }
}

/// Some stores answer an empty document where there never was a hold.
fn hold(document: &[u8]) -> Option<Option<LegalHold>> {
    let root = Element::of_answer(document).ok()?;
    match root.name == "LegalHold" && root.children.is_empty() {
        true => Some(None),
        false => LegalHold::parse_xml(document).ok().map(Some),
    }
}

fn silent(who: &str) -> Refused {
    Refused::Unavailable(format!(
        "{who} does not answer, or not so that it can be read"
    ))
}

fn decoded(text: &str) -> Option<String> {
    let bytes = percent_decode(text.as_bytes())?;
    String::from_utf8(bytes.into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_hold_is_none_and_another_document_is_no_answer() {
        assert_eq!(hold(b"<LegalHold/>"), Some(None));
        let on = b"<LegalHold><Status>ON</Status></LegalHold>";
        assert_eq!(hold(on), Some(Some(LegalHold::On)));
        for other in [&b"<Error/>"[..], b"x", b"<LegalHold><Status/></LegalHold>"] {
            assert_eq!(hold(other), None);
        }
    }
}
