//! Upstream profiles: which operations an upstream may be sent, and what it does with odd input.

/// One kind of upstream.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
}
