//! Calls of the Security Token Service. Input: the parameters, of which some may stand in the query.

use super::Outcome;
use portcullis_core::sts::Call;

pub(super) fn check(input: &[u8]) -> Outcome {
    let call = Call::parse(b"", input);
    assert_eq!(Call::parse(input, b""), call, "in the query");
    if let Some(end) = input.iter().position(|byte| *byte == b'&') {
        let (query, body) = input.split_at(end);
        assert_eq!(Call::parse(query, body), call, "in both");
    }
    if let Err(error) = &call {
        let xml = error.to_xml("id");
        assert!(
            xml.len() < 8 * input.len() + 16 * 1024,
            "answers are bounded"
        );
    }
    Outcome::of(call.is_ok())
}
