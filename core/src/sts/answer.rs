//! What the service answers, as its XML.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>

use super::error::StsError;
use super::issue::{Assumed, Issued};
use crate::identity::Caller;
use crate::s3::xml::Writer;
use bytes::Bytes;
use jiff::Timestamp;

/// The namespace of the service's documents.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The content type of every answer.
pub const CONTENT_TYPE: &str = "text/xml";

impl Assumed {
    /// The answer to AssumeRole or AssumeRoleWithWebIdentity.
    pub fn to_xml(&self, request_id: &str) -> Bytes {
        let name = match self.web {
            Some(_) => "AssumeRoleWithWebIdentity",
            None => "AssumeRole",
        };
        answer(name, request_id, |xml| {
            if let Some(web) = &self.web {
                xml.leaf("SubjectFromWebIdentityToken", &web.subject)
                    .leaf("Audience", &web.audience)
                    .leaf("Provider", &web.issuer);
            }
            let terms = &self.issued.session.terms;
            xml.optional("SourceIdentity", terms.source_identity.as_deref());
            xml.open("AssumedRoleUser")
                .leaf("AssumedRoleId", &self.user_id)
                .leaf("Arn", &self.arn)
                .close("AssumedRoleUser");
            credentials(xml, &self.issued);
            if let Some(percent) = self.packed_percent {
                xml.leaf("PackedPolicySize", &percent.to_string());
            }
        })
    }
}

impl Issued {
    /// The answer to GetSessionToken.
    pub fn to_xml(&self, request_id: &str) -> Bytes {
        answer("GetSessionToken", request_id, |xml| credentials(xml, self))
    }
}

/// The answer to GetCallerIdentity, which every caller may ask.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub fn caller_identity(caller: &Caller, request_id: &str) -> Bytes {
    answer("GetCallerIdentity", request_id, |xml| {
        xml.leaf("Arn", &caller.arn)
            .leaf("UserId", &caller.user_id)
            .leaf("Account", caller.account.id.as_str());
    })
}

impl StsError {
    /// The answer to a call that is refused; its status is the code's.
    pub fn to_xml(&self, request_id: &str) -> Bytes {
        let mut xml = Writer::new();
        xml.root_in("ErrorResponse", NAMESPACE)
            .open("Error")
            .leaf("Type", self.code.fault())
            .leaf("Code", self.code.name())
            .leaf("Message", &self.message)
            .close("Error")
            .leaf("RequestId", request_id)
            .close("ErrorResponse");
        xml.finish()
    }
}

fn answer(name: &str, request_id: &str, result: impl FnOnce(&mut Writer)) -> Bytes {
    let mut xml = Writer::new();
    xml.root_in(&format!("{name}Response"), NAMESPACE)
        .open(&format!("{name}Result"));
    result(&mut xml);
    xml.close(&format!("{name}Result"))
        .open("ResponseMetadata")
        .leaf("RequestId", request_id)
        .close("ResponseMetadata")
        .close(&format!("{name}Response"));
    xml.finish()
}

fn credentials(xml: &mut Writer, issued: &Issued) {
    let session = &issued.session;
    xml.open("Credentials")
        .leaf("AccessKeyId", &session.access_key.0)
        .leaf("SecretAccessKey", session.secret.expose())
        .leaf("SessionToken", issued.token.expose())
        .leaf("Expiration", &seconds(session.terms.expires))
        .close("Credentials");
}

/// `2026-01-31T12:00:00Z`
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
