//! What takes a look-up to know. The tags that are stored with an object are asked for only when the outcome depends on
//! them, which is when a condition names `s3:ExistingObjectTag`, or when a copy would keep tags that the caller may not
//! read and write. What the store has on record of an object is asked for wherever ACLs are enabled.

use super::legality::Case;
use super::posted::Posted;
use super::waiting::Waits;
use super::{Permit, Route, objects, refuse};
use crate::context::{Stored, Tag};
use crate::controls::objects::ObjectRecord;
use crate::request::S3Request;
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::names::Target;
use crate::s3::operations::{On, OperationId};

/// Why a request does not pass, or not yet.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(S3Error),
    /// It depends on this.
    Unknown(Fact),
}

impl From<S3Error> for Stop {
    fn from(error: S3Error) -> Self {
        Self::Refused(error)
    }
}

/// What is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    /// An object's tags.
    Tags(Whose),
    /// An object's owner and ACL.
    Record(Whose),
}

/// The object that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Target,
    Source,
}

/// What was looked up so far.
#[derive(Debug)]
pub struct Looked {
    target: Stored<Vec<Tag>>,
    source: Stored<Vec<Tag>>,
    /// What is on record of the target and of a copy's source; `None`: not asked.
    records: [Option<ObjectRecord>; 2],
    /// What a form says beside its file.
    pub(super) posted: Option<Posted>,
}

impl Looked {
    /// Nothing yet. Where there is no object, or the store keeps no tags, there are none to look up.
    pub(super) fn nothing(request: &S3Request, route: Option<&Route>) -> Self {
        let tagged = route.is_some_and(|route| route.profile.has(OperationId::GetObjectTagging));
        let unless = |some: bool| match some && tagged {
            true => Stored::NotAsked,
            false => Stored::None,
        };
        Self {
            target: unless(request.target.key().is_some()),
            source: unless(request.copy_source.is_some()),
            records: [None, None],
            posted: None,
        }
    }

    /// How much memory a form takes that it holds, about.
    pub fn size(&self) -> usize {
        self.posted.as_ref().map_or(0, Posted::size)
    }

    pub(super) fn learn_tags(&mut self, whose: Whose, tags: Stored<Vec<Tag>>) {
        match whose {
            Whose::Target => self.target = tags,
            Whose::Source => self.source = tags,
        }
    }

    pub(super) fn learn_record(&mut self, whose: Whose, record: ObjectRecord) {
        let [target, source] = &mut self.records;
        match whose {
            Whose::Target => *target = Some(record),
            Whose::Source => *source = Some(record),
        }
    }

    pub(super) fn record(&self, whose: Whose) -> Stored<&ObjectRecord> {
        let [target, source] = &self.records;
        let record = match whose {
            Whose::Target => target,
            Whose::Source => source,
        };
        record.as_ref().map_or(Stored::NotAsked, Stored::Known)
    }

    pub(super) fn tags(&self, whose: Whose) -> Stored<&[Tag]> {
        let tags = match whose {
            Whose::Target => &self.target,
            Whose::Source => &self.source,
        };
        match tags {
            Stored::NotAsked => Stored::NotAsked,
            Stored::None => Stored::None,
            Stored::Known(tags) => Stored::Known(tags),
        }
    }
}

/// The object a permission is asked on, if it is one whose tags can be looked up.
pub(super) fn whose(on: On) -> Option<Whose> {
    match on {
        On::Target | On::FormKey => Some(Whose::Target),
        On::CopySource => Some(Whose::Source),
        On::Bucket | On::EachKey | On::Role | On::TableBucket => None,
    }
}

/// Whether `s3:ExistingObjectTag` exists for an action; a new object has no tags yet.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
pub(super) fn sees_tags(action: Action) -> bool {
    use Action::*;
    matches!(
        action,
        DeleteObjectAnnotation
            | DeleteObjectTagging
            | DeleteObjectVersionAnnotation
            | DeleteObjectVersionTagging
            | GetObject
            | GetObjectAcl
            | GetObjectAnnotation
            | GetObjectAttributes
            | GetObjectTagging
            | GetObjectVersion
            | GetObjectVersionAcl
            | GetObjectVersionAnnotation
            | GetObjectVersionAttributes
            | GetObjectVersionTagging
            | ListObjectAnnotations
            | ListObjectVersionAnnotations
            | PutObjectAcl
            | PutObjectAnnotation
            | PutObjectTagging
            | PutObjectVersionAcl
            | PutObjectVersionAnnotation
            | PutObjectVersionTagging
            | UpdateObjectEncryption
    )
}

/// How to find out.
pub(super) fn look_up(case: &Case<'_>, fact: Fact) -> Result<Waits, S3Error> {
    let waits = match fact {
        // Those on record were looked up with it, and may be one or another.
        Fact::Tags(_) if case.keeps_tags() => return Err(refuse::unsettled()),
        Fact::Tags(whose) => {
            tags_of(case, whose).map(|permit| Waits::Tags(whose, Box::new(permit)))
        }
        Fact::Record(whose) => {
            objects::record_of(case, whose).map(|record| Waits::Record(whose, Box::new(record)))
        }
    };
    waits.ok_or_else(refuse::nothing_to_ask_on)
}

fn tags_of(case: &Case<'_>, whose: Whose) -> Option<Permit> {
    let (target, version) = case.object(whose)?;
    Permit::tags_of(case.route?, target, version)
}

impl<'a> Case<'a> {
    /// The object that is meant, and its version if one is named.
    pub(super) fn object(&self, whose: Whose) -> Option<(&'a Target, Option<&'a str>)> {
        match whose {
            Whose::Target => Some((&self.request.target, self.request.query.get("versionId"))),
            Whose::Source => {
                let source = self.request.copy_source.as_ref()?;
                Some((&source.target, source.version_id.as_deref()))
            }
        }
    }
}
