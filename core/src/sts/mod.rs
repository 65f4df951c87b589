//! Short-lived identities: the Security Token Service's calls, and the sessions they make.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>
//!
//! Pure like its neighbours: time, random bytes, keys and the identity providers' keys come in as arguments. What a
//! session is stands in its token, sealed, so nothing has to be stored.
//!
//! A call is read by [`Call::parse`]; then [`assume_role`], [`assume_role_with_web_identity`], [`get_session_token`] or
//! [`caller_identity`] answers it, and `to_xml` of what they give is the answer. A request with a session token goes
//! through [`token::open`], which gives the secret to verify its signature with, and then [`Terms::caller`].

mod answer;
mod assume;
mod call;
mod checks;
mod context;
pub mod credentials;
pub mod error;
mod issue;
pub mod jwt;
mod limits;
mod managed;
mod own;
mod parameters;
mod refuse;
pub mod session;
pub mod token;
mod web;

pub use answer::{CONTENT_TYPE, NAMESPACE, caller_identity};
pub use assume::{Desk, assume_role};
pub use call::{
    AssumeRole, AssumeRoleWithWebIdentity, Call, GetSessionToken, VERSION, WebIdentityToken, Wish,
};
pub use context::Surroundings;
pub use credentials::{Fresh, is_temporary};
pub use error::{Code, StsError};
pub use issue::{Assumed, Issued, SessionToken, Web};
pub use limits::MAX_PACKED;
pub use managed::ManagedPolicies;
pub use own::get_session_token;
pub use refuse::{no_keys, no_signature};
pub use session::{BadSession, Holder, Known, Limits, Session, Terms, Vouched};
pub use token::{KeyRing, SealKey, TokenError};
pub use web::{assume_role_with_web_identity, bearer, no_provider};

#[cfg(test)]
mod tests;
