//! What the log's own kinds of lines hold.

use serde::{Deserialize, Serialize};

/// The version of the format.
pub(super) const FORMAT: u32 = 1;

/// `stream`, in the manifest: a run of the gateway begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stream {
    pub(super) stream: u64,
    pub(super) format: u32,
    /// The key that signs from here on, and this line.
    pub(super) public: String,
    /// Where the stream before ends.
    pub(super) previous: Option<End>,
}

/// The end of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) seq: u64,
    pub(super) hash: String,
    /// What a crash left behind the last line.
    pub(super) torn: Option<Torn>,
}

/// Bytes at the end of a file that are no lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Torn {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// `key`, in the manifest: a key that may sign later.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextKey {
    pub(super) public: String,
}

/// `archived`, in the manifest: a file that may be gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Archived {
    pub(super) file: String,
    /// Its records.
    pub(super) first: u64,
    pub(super) last: u64,
    /// The hash of the record before its first.
    pub(super) prev: String,
    /// The hash of its last.
    pub(super) hash: String,
    /// Of what it holds, unpacked.
    pub(super) sha256: String,
}

/// `checkpoint`: everything before it is signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    pub(super) stream: u64,
    /// Fingerprint of the key.
    pub(super) key: String,
    /// The manifest's last line.
    pub(super) manifest: Place,
    /// Records that were dropped since the stream began.
    pub(super) dropped: u64,
}

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) seq: u64,
    pub(super) hash: String,
}

/// An intent, by its stream and sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Intent(pub(super) u64, pub(super) u64);

/// `open`, the first record of a stream, and `carried`, that of its other files: intents that have no outcome yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unfinished {
    pub(super) intents: Vec<Intent>,
}

/// `outcome`, as far as the log itself reads it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Outcome {
    pub(super) intent: Option<Intent>,
}
