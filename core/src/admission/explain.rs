//! Why a request was decided as it was: the questions that admission asked, asked again in the explaining way.

use super::authorise::needs;
use super::facts::Looked;
use super::legality::Case;
use super::questions::{self, Said, applies, subject};
use super::{Arrival, Labels, Rules, authenticate, cors};
use crate::controls::cors::CorsExplanation;
use crate::policy::Explanation;
use crate::request::{self, Head};
use crate::s3::operations::{Effect, OperationId, PayloadKind};
use serde::Serialize;

/// What can be told of a request's decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// One for each permission that had to be allowed and is known without the request's body, in the order asked.
    pub permissions: Vec<Explanation>,
    /// Of a request that came from another origin, to a bucket that has rules for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<CorsExplanation>,
    /// Whether the body asked for more: it is not kept, so the record alone says what was decided of it.
    pub body_not_kept: bool,
}

/// Why nothing can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// It was refused before any policy was asked: it could not be read, or its caller not be authenticated.
    #[error("no policy was asked: the request was refused before")]
    NotAsked,
}

/// Asks every permission of a request's operation again. `labels` are those of the admission that decided, whose caller is
/// taken as authenticated: the signature in `head` is not looked at and may be blanked.
///
/// # Errors
/// [`Unexplained`] if the request was refused before any policy was asked.
pub fn explain(
    rules: &Rules,
    head: &Head<'_>,
    arrival: &Arrival<'_>,
    labels: &Labels,
    looked: Option<&Looked>,
) -> Result<Explained, Unexplained> {
    let cors = cors::explain(rules, head, labels.target.as_ref());
    let preflight = labels
        .operation
        .is_some_and(|row| row.id == OperationId::OptionsPreflight);
    if preflight && cors.is_some() {
        return Ok(Explained {
            permissions: Vec::new(),
            cors,
            body_not_kept: false,
        });
    }
    if labels.auth.is_none() || (labels.decision.is_none() && labels.permissions.is_empty()) {
        return Err(Unexplained::NotAsked);
    }
    let mut request =
        request::parse(head, &arrival.listener.hosts).map_err(|_| Unexplained::NotAsked)?;
    let posted = looked.and_then(|looked| looked.posted.as_ref());
    let upload = posted.map(|posted| posted.head(head));
    let head = upload.as_ref().unwrap_or(head);
    if let (Some(_), Some(target)) = (posted, &labels.target) {
        request.target = target.clone();
    }
    let presented = authenticate::presented(head, &request, arrival);
    let route = labels.upstream;
    let nothing = Looked::nothing(
        &request,
        route.and_then(|position| rules.routes.get(position)),
    );
    let case = Case {
        rules,
        head,
        arrival,
        request: &request,
        presented: presented.ok().flatten(),
        route,
        looked: looked.unwrap_or(&nothing),
    };
    let said = Said::default();
    let asked = needs(request.operation, Effect::Required)
        .filter(|need| applies(need.when, &case, &said))
        .filter_map(|need| {
            let subject = subject(&case, need, &said).ok()?;
            Some(questions::explanation(
                &case,
                labels,
                need.action,
                &subject,
                &said,
            ))
        });
    Ok(Explained {
        permissions: asked.collect(),
        cors,
        body_not_kept: match request.operation.payload {
            PayloadKind::None | PayloadKind::Stream => false,
            PayloadKind::Document(_)
            | PayloadKind::Settings(..)
            | PayloadKind::OptionalSettings(..) => true,
        },
    })
}

impl Explained {
    /// As text, for people.
    pub fn to_text(&self) -> String {
        let mut text: String = self
            .permissions
            .iter()
            .map(|one| one.to_text() + "\n")
            .collect();
        if let Some(cors) = &self.cors {
            text += &format!("{cors}\n");
        }
        if self.body_not_kept {
            text += "decided from the body too, which is not kept: see the record\n";
        }
        text
    }
}
