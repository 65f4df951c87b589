//! The actions that policies name, as the Service Authorization Reference lists them.

/// An action of the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Action {
    GetObject,
    PutObject,
    ListBucket,
}
