//! What answers say to browsers.

use super::client::Gone;
use super::exchange::Exchange;
use super::reply;
use pingora::http::ResponseHeader;
use portcullis_core::admission::cors_headers;
use portcullis_core::s3::operations::OperationId;

impl Exchange<'_> {
    /// Begins an answer, also an error, and says to a browser whether its page may read it.
    pub(super) async fn start(&mut self, mut head: ResponseHeader) -> Result<(), Gone> {
        // The answer to a preflight says nothing else.
        if !self.is_preflight() {
            let target = self.entry.labels.target.as_ref();
            let rules = &self.snapshot.rules;
            let said = target.and_then(|target| cors_headers(rules, &self.client.head(), target));
            reply::say_cors(&mut head, said.as_ref());
        }
        self.client.start(head).await
    }

    pub(super) fn is_preflight(&self) -> bool {
        let operation = self.entry.labels.operation;
        operation.is_some_and(|row| row.id == OperationId::OptionsPreflight)
    }
}
