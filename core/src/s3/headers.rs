//! What becomes of each request header on its way to the upstream.

/// One header and its disposition.
#[derive(Debug, Clone, Copy)]
pub struct HeaderRule {
    /// Lower case; a trailing `*` stands for any rest.
    pub name: &'static str,
    /// What becomes of it.
    pub disposition: Disposition,
}

/// What becomes of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Goes upstream as it came.
    Forward,
    /// Read by the gateway and not sent on.
    Consume,
    /// Sent on with a value the gateway makes.
    Rewrite,
}
