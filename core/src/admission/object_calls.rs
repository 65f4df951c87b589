//! Calls on what is kept of one version of an object: its ACL, and its tags where the store behind the gateway has none.
//!
//! Such a call is allowed by what the store knows of the version. What it does is worked out twice: here, so that what
//! cannot be is refused at once, and when it is carried out, on the record of the very version that the upstream names, which
//! nobody else changes meanwhile.

use super::facts::Whose;
use super::legality::Case;
use super::objects::{KeptObject, kept};
use super::settings::{changeable, document, empty};
use super::{Labels, acls, refuse, tagging};
use crate::context::Stored;
use crate::controls::acl::{Acl, AclChange, NewObject, On, narrowest, put_acl, shown_object};
use crate::controls::objects::ObjectRecord;
use crate::controls::ownership::ObjectOwnership;
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::tags::{Tagged, Tags};
use crate::s3::answer::{Answer, S3Error};
use bytes::Bytes;
use http::{Method, StatusCode};

/// A call on what is kept of one version, which must be there. Made only by admission.
#[derive(Debug, Clone)]
pub struct ObjectCall {
    object: KeptObject,
    version: Option<Box<str>>,
    /// The canonical id of the account that owns the bucket.
    bucket_owner: Box<str>,
    ownership: ObjectOwnership,
    block: PublicAccessBlock,
    act: Act,
}

#[derive(Debug, Clone)]
enum Act {
    ShowAcl,
    PutAcl(AclChange),
    ShowTags,
    PutTags(Tags),
    DeleteTags,
}

/// What a call does.
#[derive(Debug, Clone)]
pub struct Called {
    /// The version's new record; `None`: it stays as it is.
    pub record: Option<ObjectRecord>,
    /// What is answered once that is durable.
    pub answer: Answer,
}

/// What counts of all that may be on record of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OnRecord {
    record: ObjectRecord,
    tags: TagsOnRecord,
}

/// Whether it is known which tags a version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagsOnRecord {
    /// It is.
    Settled,
    /// A write of unknown fate may have changed them.
    Open,
}

impl ObjectCall {
    /// The object.
    pub fn object(&self) -> &KeptObject {
        &self.object
    }

    /// The version; `None`: the current one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Works out what the call does to the version of which this may be on record; `None` among them: no record.
    ///
    /// # Errors
    /// Those that S3 has for what the call asks of such a version; ServiceUnavailable while it is not known what there is.
    pub fn carry_out(&self, possible: Vec<Option<ObjectRecord>>) -> Result<Called, S3Error> {
        self.act_on(OnRecord::of(possible, &self.bucket_owner))
    }

    fn act_on(&self, found: OnRecord) -> Result<Called, S3Error> {
        let OnRecord { record, tags } = found;
        let settled = || match tags {
            TagsOnRecord::Settled => Ok(()),
            TagsOnRecord::Open => Err(refuse::unsettled()),
        };
        match &self.act {
            Act::ShowAcl => Ok(shows(self.acl_of(record))),
            Act::PutAcl(change) => {
                let acl = self.new_acl(change, &record)?;
                settled()?;
                let changed = acl.map(|acl| ObjectRecord {
                    acl: Some(acl),
                    ..record
                });
                Ok(changes(changed, StatusCode::OK))
            }
            Act::ShowTags => {
                settled()?;
                let tags = Tags::from(record.tags);
                Ok(shows(document("application/xml", tags.to_xml())))
            }
            Act::PutTags(tags) => {
                settled()?;
                Ok(changes(with_tags(record, tags), StatusCode::OK))
            }
            Act::DeleteTags => {
                settled()?;
                let changed = with_tags(record, &Tags::default());
                Ok(changes(changed, StatusCode::NO_CONTENT))
            }
        }
    }

    fn acl_of(&self, record: ObjectRecord) -> Answer {
        let object = NewObject {
            owner: record.owner,
            acl: record.acl,
        };
        acls::shown(&shown_object(
            &object,
            self.ownership,
            &self.bucket_owner,
            self.block,
        ))
    }

    fn new_acl(&self, change: &AclChange, record: &ObjectRecord) -> Result<Option<Acl>, S3Error> {
        let (owner, bucket_owner) = (&record.owner, &self.bucket_owner);
        put_acl(change, self.ownership, owner, bucket_owner, self.block)
    }
}

fn shows(answer: Answer) -> Called {
    Called {
        record: None,
        answer,
    }
}

fn changes(record: Option<ObjectRecord>, status: StatusCode) -> Called {
    Called {
        record,
        answer: empty(status),
    }
}

/// `None` if it has them already.
fn with_tags(record: ObjectRecord, tags: &Tags) -> Option<ObjectRecord> {
    let tags = tags.pairs().to_vec();
    (tags != record.tags).then_some(ObjectRecord { tags, ..record })
}

/// The call of an allowed request, if that is one; `body` is its document.
pub(super) fn call(
    case: &Case<'_>,
    labels: &Labels,
    body: &Bytes,
) -> Result<Option<ObjectCall>, S3Error> {
    let Some(act) = act(case, body)? else {
        return Ok(None);
    };
    let (bucket_owner, in_force) = acls::known(case, labels)?;
    let call = ObjectCall {
        object: kept(case)?,
        version: case.request.query.get("versionId").map(Into::into),
        bucket_owner: bucket_owner.into(),
        ownership: in_force.ownership(),
        block: in_force.public_access_block(),
        act,
    };
    let called = call.act_on(OnRecord::looked_up(case, bucket_owner))?;
    if called.record.is_some() {
        changeable(case, false)?;
    }
    Ok(Some(call))
}

fn act(case: &Case<'_>, body: &Bytes) -> Result<Option<Act>, S3Error> {
    let operation = case.request.operation;
    let method = case.head.method;
    let act = match (acls::call(operation), tagging::call(operation)) {
        (Some(On::Object), _) if *method == Method::GET => Act::ShowAcl,
        (Some(On::Object), _) => Act::PutAcl(AclChange::of(case.head.headers, body, On::Object)?),
        (None, Some(Tagged::Object)) => match *method {
            Method::GET => Act::ShowTags,
            Method::DELETE => Act::DeleteTags,
            _ => Act::PutTags(Tags::parse_xml(Tagged::Object, body)?),
        },
        (Some(On::Bucket), _) | (None, Some(Tagged::Bucket) | None) => return Ok(None),
    };
    Ok(Some(act))
}

impl OnRecord {
    /// Of all that may be on record.
    fn of(possible: Vec<Option<ObjectRecord>>, bucket_owner: &str) -> Self {
        let tags = match tagging::counting(&possible) {
            Stored::Known(_) | Stored::None => TagsOnRecord::Settled,
            Stored::NotAsked => TagsOnRecord::Open,
        };
        Self {
            record: narrowest(possible, bucket_owner),
            tags,
        }
    }

    /// What was looked up of the request's target; nothing where no records are kept.
    fn looked_up(case: &Case<'_>, bucket_owner: &str) -> Self {
        let record = match case.looked.record(Whose::Target) {
            Stored::Known(record) => record.clone(),
            Stored::NotAsked | Stored::None => return Self::of(vec![None], bucket_owner),
        };
        let tags = match case.looked.tags(Whose::Target) {
            Stored::NotAsked if case.keeps_tags() => TagsOnRecord::Open,
            Stored::NotAsked | Stored::None | Stored::Known(_) => TagsOnRecord::Settled,
        };
        Self { record, tags }
    }
}
