//! What takes a look-up to know: the tags that are stored with an object. They are asked for only when the outcome
//! depends on them, which is when a condition names `s3:ExistingObjectTag`, or when a copy would keep tags that the
//! caller may not read and write.

use super::legality::Case;
use super::posted::Posted;
use super::{Permit, Route};
use crate::context::{Stored, Tag};
use crate::request::S3Request;
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::operations::{On, OperationId};

/// Why a request does not pass, or not yet.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(S3Error),
    /// It depends on these tags.
    Unknown(Whose),
}

impl From<S3Error> for Stop {
    fn from(error: S3Error) -> Self {
        Self::Refused(error)
    }
}

/// The object whose tags are meant.
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
            posted: None,
        }
    }

    /// How much memory a form takes that it holds, about.
    pub fn size(&self) -> usize {
        self.posted.as_ref().map_or(0, Posted::size)
    }

    pub(super) fn learn(&mut self, whose: Whose, tags: Vec<Tag>) {
        match whose {
            Whose::Target => self.target = Stored::Known(tags),
            Whose::Source => self.source = Stored::Known(tags),
        }
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

/// Leave to look the tags up; `None` where there is no such object.
pub(super) fn look_up(case: &Case<'_>, whose: Whose) -> Option<Permit> {
    let request = case.request;
    let (target, version) = match whose {
        Whose::Target => (&request.target, request.query.get("versionId")),
        Whose::Source => {
            let source = request.copy_source.as_ref()?;
            (&source.target, source.version_id.as_deref())
        }
    };
    Permit::tags_of(case.route?, target, version)
}
