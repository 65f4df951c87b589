//! Requests that cannot be decided by their head alone: what they wait for, and how they go on with it.

use super::authorise::{self, Granted};
use super::facts::{self, Looked, Stop, Whose};
use super::legality::{self, Case};
use super::posted::{self, Posted};
use super::{
    Admission, Arrival, Labels, Outcome, Permit, RecordOf, Rules, authenticate, forward, objects,
    questions, tagging,
};
use crate::context::Stored;
use crate::controls::objects::ObjectRecord;
use crate::form::{Boundary, Form};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::sigv4::payload::{BodyPlan, ChunkSignatures};
use bytes::Bytes;

/// A request that cannot be decided before something more is known.
#[derive(Debug)]
pub struct Waiting {
    pub(super) request: S3Request,
    pub(super) plan: BodyPlan,
    pub(super) labels: Labels,
    pub(super) route: Option<usize>,
    pub(super) looked: Box<Looked>,
    pub(super) body: Option<Bytes>,
    pub(super) waits: Waits,
}

/// What a request waits for, and what it takes to get it.
#[derive(Debug)]
pub(super) enum Waits {
    Body,
    /// A form, whose caller is not known before.
    Form(Boundary),
    Tags(Whose, Box<Permit>),
    Record(Whose, Box<RecordOf>),
    /// For nothing any more.
    Over,
}

/// What a request waits for.
#[derive(Debug, Clone, Copy)]
pub enum Missing<'a> {
    /// The whole of its body, checked against this.
    Body(&'a BodyPlan),
    /// The fields of a form, of which these boundaries separate the parts.
    Form(&'a Boundary),
    /// The Tagging document that this leave gets.
    Tags(&'a Permit),
    /// What the store may have on record of a version.
    Record(&'a RecordOf),
}

/// What a request waited for.
#[derive(Debug)]
pub enum Found {
    /// The body, decoded and verified.
    Body(Bytes),
    /// The fields of a form.
    Form {
        /// Those before the file.
        form: Form,
        /// Bytes of the body before the file.
        before: u64,
    },
    /// The tags, each key with its value; none of an object that is not there.
    Tags(Vec<(String, String)>),
    /// All that may be on record of the version; `None` among them: no record.
    Record(Vec<Option<ObjectRecord>>),
}

impl Waiting {
    /// What is missing. There are at most five rounds: a body or a form; record and tags of the object and of a copy's
    /// source.
    pub fn missing(&self) -> Missing<'_> {
        match &self.waits {
            Waits::Body | Waits::Over => Missing::Body(&self.plan),
            Waits::Form(boundary) => Missing::Form(boundary),
            Waits::Tags(_, permit) => Missing::Tags(permit),
            Waits::Record(_, record) => Missing::Record(record),
        }
    }

    /// The record's labels, should what is missing never come.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Continues with what was missing. `head` and `arrival` are those of [`super::admit()`].
    pub fn resume(
        mut self,
        rules: &Rules,
        head: &Head<'_>,
        arrival: &Arrival<'_>,
        found: Found,
    ) -> Admission {
        match (std::mem::replace(&mut self.waits, Waits::Over), found) {
            (Waits::Body, Found::Body(body)) => self.body = Some(body),
            (Waits::Tags(whose, _), Found::Tags(pairs)) => {
                let tags = Stored::Known(questions::tags(&pairs));
                self.looked.learn_tags(whose, tags);
            }
            (Waits::Record(whose, _), Found::Record(possible)) => {
                let source = self
                    .request
                    .copy_source
                    .as_ref()
                    .map(|source| &source.target);
                let target = match whose {
                    Whose::Target => &self.request.target,
                    Whose::Source => source.unwrap_or(&self.request.target),
                };
                let route = self.route.and_then(|position| rules.routes.get(position));
                if rules.keeps_tags(route) {
                    self.looked.learn_tags(whose, tagging::counting(&possible));
                }
                let record = objects::counting(rules, target, self.route, possible);
                self.looked.learn_record(whose, record);
            }
            (Waits::Form(boundary), Found::Form { form, before }) => {
                let read = self.read_form(rules, head, arrival, &form, &boundary, before);
                if let Err(error) = read {
                    return Admission::of(self.labels, Err(error)).after(self.looked);
                }
            }
            // Nobody gives what was not asked for.
            (
                Waits::Over | Waits::Body | Waits::Tags(..) | Waits::Record(..) | Waits::Form(_),
                _,
            ) => {
                return Admission::of(self.labels, Err(ErrorCode::InternalError.into()));
            }
        }
        self.decide(rules, head, arrival)
    }

    /// The same order of checks for a form, now that it can be read: who sends it, whether it is as its policy document
    /// says, and whether the upload it stands for may be made at all.
    fn read_form(
        &mut self,
        rules: &Rules,
        head: &Head<'_>,
        arrival: &Arrival<'_>,
        form: &Form,
        boundary: &Boundary,
        before: u64,
    ) -> Result<(), S3Error> {
        self.request.target = posted::target(&self.request, form)?;
        let (request, labels) = (&self.request, &mut self.labels);
        labels.describe(request);
        let signed = authenticate::sender(rules, request, arrival, form, labels)?;
        labels.describe_owners(rules, request, self.route);
        let length = posted::file_length(head, boundary, before)?;
        posted::check_policy(form, request, length, arrival.now)?;
        let route = self.route.and_then(|position| rules.routes.get(position));
        *self.looked = Looked::nothing(request, route);
        let posted = Posted::of(head, request, form, length, signed)?;
        self.looked.posted = Some(posted);
        let upload = self.looked.posted.as_ref().map(|posted| posted.head(head));
        let case = Case {
            rules,
            head: upload.as_ref().unwrap_or(head),
            arrival,
            request,
            presented: None,
            route: self.route,
            looked: &self.looked,
        };
        self.plan = legality::check(&case, ChunkSignatures::Verified(None))?;
        Ok(())
    }

    /// Puts what is known to the engine; what is still missing becomes what is waited for.
    fn decide(mut self, rules: &Rules, head: &Head<'_>, arrival: &Arrival<'_>) -> Admission {
        let mut labels = self.labels.clone();
        let upload = self.looked.posted.as_ref().map(|posted| posted.head(head));
        let head = upload.as_ref().unwrap_or(head);
        // Verified by `admit`, from the same head.
        let presented = authenticate::presented(head, &self.request, arrival)
            .ok()
            .flatten();
        let case = Case {
            rules,
            head,
            arrival,
            request: &self.request,
            presented,
            route: self.route,
            looked: &self.looked,
        };
        let granted = match &self.body {
            Some(body) => authorise::with_body(&case, &mut labels, body.clone()),
            None => authorise::without_body(&case, &mut labels),
        };
        let missing = match granted {
            Ok(granted) => {
                let outcome = forwarded(&case, self.plan, granted);
                return Admission::of(labels, Ok(outcome)).after(self.looked);
            }
            Err(stop) => missing(&case, stop),
        };
        match missing {
            Err(error) => Admission::of(labels, Err(error)).after(self.looked),
            Ok(waits) => {
                self.waits = waits;
                Admission::of(self.labels.clone(), Ok(Outcome::Need(Box::new(self))))
            }
        }
    }
}

/// What to look up before a request can be decided.
pub(super) fn missing(case: &Case<'_>, stop: Stop) -> Result<Waits, S3Error> {
    match stop {
        Stop::Refused(error) => Err(error),
        Stop::Unknown(fact) => facts::look_up(case, fact),
    }
}

pub(super) fn forwarded(case: &Case<'_>, plan: BodyPlan, granted: Granted) -> Outcome {
    Outcome::Forward(Box::new(forward::permit(case, plan, granted)))
}
