//! Calls on tags where the gateway keeps them, because the store behind the bucket has none.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use super::facts::Whose;
use super::legality::Case;
use super::questions::copies_tags;
use super::{Route, Rules, refuse};
use crate::context::{self, Stored};
use crate::controls::objects::ObjectRecord;
use crate::controls::tags::{Tag, Tagged, Tags};
use crate::s3::answer::S3Error;
use crate::s3::operations::{Level, Operation, OperationId};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What tells how many tags an object has.
const COUNT: HeaderName = HeaderName::from_static("x-amz-tagging-count");

impl Rules {
    /// Whether the gateway keeps the tags of an upstream's buckets and objects: if it has a store, and the upstream is not
    /// known to keep tags.
    pub(super) fn keeps_tags(&self, route: Option<&Route>) -> bool {
        let lacking = |route: &Route| !route.profile.has(OperationId::PutObjectTagging);
        self.buckets.is_some() && route.is_some_and(lacking)
    }
}

impl Case<'_> {
    /// Whether the gateway keeps the tags of what the request is about.
    pub(super) fn keeps_tags(&self) -> bool {
        self.rules.keeps_tags(self.route())
    }
}

/// What has the tags that an operation is about, if it is about tags.
pub(super) fn call(operation: &Operation) -> Option<Tagged> {
    let tagged = match operation.level {
        Level::Object => Tagged::Object,
        Level::Service | Level::Account | Level::ObjectLambda | Level::Bucket => Tagged::Bucket,
    };
    operation.is_about_tags().then_some(tagged)
}

/// The tags that a new object gets where the gateway keeps them: a copy has those of its source unless it replaces them.
pub(super) fn of_new_object(case: &Case<'_>) -> Result<Vec<Tag>, S3Error> {
    if !case.keeps_tags() {
        return Ok(Vec::new());
    }
    if case.request.operation.id != OperationId::CopyObject || !copies_tags(case) {
        return Ok(of_headers(case.head.headers)?.pairs().to_vec());
    }
    match case.looked.tags(Whose::Source) {
        Stored::Known(tags) => Ok(tags.iter().map(pair).collect()),
        Stored::None => Ok(Vec::new()),
        Stored::NotAsked => Err(refuse::unsettled()),
    }
}

/// What `x-amz-tagging` says; none if it is not there.
fn of_headers(headers: &HeaderMap) -> Result<Tags, S3Error> {
    let Some(value) = headers.get("x-amz-tagging") else {
        return Ok(Tags::default());
    };
    let read = value.to_str().ok().map(context::parse_tags);
    let tags = read
        .and_then(Result::ok)
        .ok_or_else(refuse::bad_tagging_header)?;
    let mut keys: Vec<&str> = tags.iter().map(|tag| &*tag.key).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < tags.len() {
        return Err(refuse::bad_tagging_header());
    }
    Tags::new(Tagged::Object, tags.iter().map(pair).collect())
}

fn pair(tag: &context::Tag) -> Tag {
    (tag.key.clone(), tag.value.clone())
}

/// The tags of an object of which this may be on record. Not known, if it may be one or another.
pub(super) fn counting(possible: &[Option<ObjectRecord>]) -> Stored<Vec<context::Tag>> {
    let of = |record: &Option<ObjectRecord>| {
        let tags = record.as_ref().map(|record| record.tags.as_slice());
        tags.unwrap_or_default().to_vec()
    };
    let mut each = possible.iter().map(of);
    let tags = each.next().unwrap_or_default();
    if each.any(|other| other != tags) {
        return Stored::NotAsked;
    }
    let tag = |(key, value): Tag| context::Tag { key, value };
    Stored::Known(tags.into_iter().map(tag).collect())
}

/// The header that tells how many tags an object has; none if it has none.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub(super) fn count(tags: &[context::Tag]) -> HeaderMap {
    let some = (!tags.is_empty()).then(|| (COUNT, HeaderValue::from(tags.len())));
    some.into_iter().collect()
}
