//! What must hold of every input to a reader, whoever made it: the fuzzer, or `core/tests/corpus.rs`, which includes
//! this file and replays the corpus. A check panics when it does not hold.

mod chunk_frames;
mod form;
mod glob;
mod lock_record;
mod policy_json;
mod request_head;
mod session_tokens;
mod sts_calls;
mod web_tokens;
mod xml_documents;

/// What became of an input. A corpus file says by the first word of its name which it expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was read, or it matched.
    Accepted,
    /// It was refused, or it did not match.
    Refused,
}

impl Outcome {
    fn of(accepted: bool) -> Self {
        if accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

/// Checks one input.
pub type Check = fn(&[u8]) -> Outcome;

/// Every target by its name, which is also that of its folder in the corpus.
pub const TARGETS: &[(&str, Check)] = &[
    ("chunk_frames", chunk_frames::check),
    ("form", form::check),
    ("glob", glob::check),
    ("lock_record", lock_record::check),
    ("policy_json", policy_json::check),
    ("request_head", request_head::check),
    ("session_tokens", session_tokens::check),
    ("sts_calls", sts_calls::check),
    ("web_tokens", web_tokens::check),
    ("xml_documents", xml_documents::check),
];

/// Runs a target by its name.
pub fn check(target: &str, input: &[u8]) -> Outcome {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, check) = found.expect("a target of the table");
    check(input)
}
