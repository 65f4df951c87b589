//! The session policies and tags that a call passes, checked and measured.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_RequestParameters>

use super::call::Wish;
use super::error::{Code, StsError};
use super::managed::ManagedPolicies;
use super::session::{Limits, Terms};
use crate::document::json;
use crate::identity::Role;

/// The most characters that session policies and their ARNs have together.
const MAX_CHARACTERS: usize = 2048;

/// The most bytes that session policies, tags and claims take in a token: it travels in the head of each request.
pub const MAX_PACKED: usize = 4096;

impl Wish {
    /// The session policies, which must be readable.
    pub(super) fn limits(
        &self,
        role: &Role,
        managed: &ManagedPolicies,
    ) -> Result<Limits, StsError> {
        let characters = self.policy.iter().chain(&self.policy_arns);
        let characters: usize = characters.map(|text| text.chars().count()).sum();
        if characters > MAX_CHARACTERS {
            let message =
                format!("The session policies have {characters} of {MAX_CHARACTERS} characters");
            return Err(StsError::new(Code::PackedPolicyTooLarge, message));
        }
        let limits = Limits {
            document: self.policy.as_deref().map(packed).transpose()?,
            managed: self.policy_arns.clone(),
        };
        self.check_arns(role, managed)?;
        match limits.compile(managed) {
            Ok(_) => Ok(limits),
            Err(_) => Err(malformed("The policy is not a valid session policy.")),
        }
    }

    /// Managed policies are those of the role's account, or AWS's own.
    fn check_arns(&self, role: &Role, managed: &ManagedPolicies) -> Result<(), StsError> {
        let own = format!("arn:aws:iam::{}:policy/", role.account.id);
        let places = [own.as_str(), "arn:aws:iam::aws:policy/"];
        let good = |arn: &str| {
            places.iter().any(|place| arn.starts_with(place)) && managed.find(arn).is_some()
        };
        match self.policy_arns.iter().find(|arn| !good(arn)) {
            None => Ok(()),
            Some(arn) => Err(malformed(&format!("The policy {arn} does not exist."))),
        }
    }

    /// Whether policies are passed, so that the answer says how much room they take.
    pub(super) fn passes_policies(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }
}

impl Terms {
    /// How much of the room for policies, tags and claims is taken, in percent, rounded up.
    pub(super) fn packed_percent(&self) -> Result<usize, StsError> {
        let limits = self.limits.document.iter().chain(&self.limits.managed);
        let tags = self.tags.iter().flat_map(|(key, value)| [key, value]);
        let claims = self.vouched.iter().flat_map(|it| &it.claims);
        let claims = claims.flat_map(|(name, values)| std::iter::once(name).chain(values));
        let texts = limits.chain(tags).chain(&self.transitive).chain(claims);
        // Two bytes say how long each text is.
        let bytes: usize = texts.map(|text| text.len() + 2).sum();
        let percent = (bytes * 100).div_ceil(MAX_PACKED);
        if bytes > MAX_PACKED {
            let message =
                format!("Packed size of session tags consumes {percent}% of allotted space.");
            return Err(StsError::new(Code::PackedPolicyTooLarge, message));
        }
        Ok(percent)
    }
}

/// The document without white space.
fn packed(text: &str) -> Result<Box<str>, StsError> {
    let node = json(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    Ok(node.to_json().to_string().into())
}

fn malformed(message: &str) -> StsError {
    StsError::new(Code::MalformedPolicyDocument, message)
}
