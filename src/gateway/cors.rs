//! What answers say to browsers.

use super::client::Gone;
use super::exchange::Exchange;
use super::reply;
use http::HeaderMap;
use pingora::http::ResponseHeader;
use portcullis_core::admission::{cors_headers, passes_cors};
use portcullis_core::s3::operations::OperationId;

impl Exchange<'_> {
    /// Begins an answer, also an error, and says to a browser whether its page may read it.
    pub(super) async fn start(&mut self, mut head: ResponseHeader) -> Result<(), Gone> {
        if self.is_left() {
            for (name, value) in &self.said {
                // A name that came from a parsed head is a name.
                let _ = head.append_header(name.clone(), value.clone());
            }
        } else if !self.is_preflight() {
            // The answer to a preflight says nothing else.
            let target = self.entry.labels.target.as_ref();
            let rules = &self.snapshot.rules;
            let said = target.and_then(|target| cors_headers(rules, &self.client.head(), target));
            reply::say_cors(&mut head, said.as_ref());
        }
        self.client.start(head).await
    }

    /// Notes what an upstream says to browsers, if that is left to it; otherwise it is no more than a store's idea.
    pub(super) fn note_cors(&mut self, headers: &HeaderMap) {
        if self.is_left() {
            let said = headers.iter();
            let said = said.filter(|(name, _)| name.as_str().starts_with("access-control-"));
            self.said = said
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
    }

    fn is_left(&self) -> bool {
        let target = self.entry.labels.target.as_ref();
        target.is_some_and(|target| passes_cors(&self.snapshot.rules, target))
    }

    pub(super) fn is_preflight(&self) -> bool {
        let operation = self.entry.labels.operation;
        operation.is_some_and(|row| row.id == OperationId::OptionsPreflight)
    }
}
