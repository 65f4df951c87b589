//! The aws-chunked framing, whole and in pieces. Input: a line `LENGTH SIGNATURES TRAILER SIZE,SIZE,…` and a body, where
//! LENGTH is what was announced, SIGNATURES `none`, `ignored` or `trailer`, TRAILER `crc32` or `-`, and the sizes are
//! those of the pieces, again and again.

mod signed;

use super::Outcome;
use bytes::Bytes;
use portcullis_core::sigv4::payload::{
    Algorithm, BodyCheck, BodyError, BodyPlan, Framing, Signatures, Signed,
};
use signed::Signer;

pub(super) fn check(input: &[u8]) -> Outcome {
    let Some((plan, sizes, body)) = read(input) else {
        return Outcome::Refused;
    };
    let whole = decode(&plan, body, &[body.len()]);
    for sizes in [&sizes[..], &[1]] {
        assert_eq!(decode(&plan, body, sizes), whole, "in pieces of {sizes:?}");
    }
    if let Ok(data) = &whole {
        assert_eq!(data.len() as u64, plan.length);
        assert_eq!(*data, chunks(body), "what stands in the chunks");
        if let Framing::Frames {
            signatures: Signatures::Ignored(signed),
        } = plan.framing
        {
            check_signed(&plan, signed, body, data);
        }
    }
    Outcome::of(whole.is_ok())
}

/// With signatures that are right the same is decoded, and with one byte of the data changed nothing is.
fn check_signed(plan: &BodyPlan, signed: Signed, body: &[u8], data: &[u8]) {
    let signer = Signer::new();
    let (mut body, places) = signer.sign(body);
    let plan = BodyPlan {
        framing: Framing::Frames {
            signatures: Signatures::Verified(signed, signer.chain.clone()),
        },
        ..plan.clone()
    };
    for sizes in [&[body.len()], &[7]] {
        assert_eq!(decode(&plan, &body, sizes).as_deref(), Ok(data));
    }
    for place in [places.first(), places.get(places.len() / 2), places.last()] {
        let Some(place) = place else { return };
        body[*place] ^= 1;
        let decoded = decode(&plan, &body, &[body.len()]);
        assert!(decoded.is_err(), "byte {place} was changed");
        body[*place] ^= 1;
    }
}

fn read(input: &[u8]) -> Option<(BodyPlan, Vec<usize>, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (str::from_utf8(&input[..end]).ok()?, &input[end + 1..]);
    let mut words = line.split(' ');
    let length: u32 = words.next()?.parse().ok()?;
    let signatures = match words.next()? {
        "none" => Signatures::None,
        "ignored" => Signatures::Ignored(Signed::Chunks),
        "trailer" => Signatures::Ignored(Signed::ChunksAndTrailers),
        _ => return None,
    };
    let trailer = (words.next()? == "crc32").then_some(Algorithm::Crc32);
    let sizes: Result<Vec<usize>, _> = words.next()?.split(',').map(str::parse).collect();
    let sizes = sizes
        .ok()
        .filter(|sizes| sizes.iter().any(|size| *size > 0))?;
    let plan = BodyPlan {
        length: length.into(),
        framing: Framing::Frames { signatures },
        trailer,
        ..BodyPlan::default()
    };
    Some((plan, sizes, body))
}

/// What is released. Before the end it is never all that was announced.
fn decode(plan: &BodyPlan, mut body: &[u8], sizes: &[usize]) -> Result<Vec<u8>, BodyError> {
    let mut check = BodyCheck::new(plan);
    let mut released = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !body.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).min(body.len());
        let (piece, rest) = body.split_at(size);
        released.extend_from_slice(&check.feed(Bytes::copy_from_slice(piece))?);
        assert!(released.is_empty() || (released.len() as u64) < plan.length);
        body = rest;
    }
    released.extend_from_slice(&check.finish()?);
    Ok(released)
}

/// The data of a body that is known to be sound.
fn chunks(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let end = body.iter().position(|byte| *byte == b'\n').unwrap();
        let line = str::from_utf8(&body[..end]).unwrap();
        let digits = line.split([';', '\r']).next().unwrap();
        let size = usize::from_str_radix(digits, 16).unwrap();
        if size == 0 {
            return data;
        }
        data.extend_from_slice(&body[end + 1..end + 1 + size]);
        body = &body[end + 1 + size + 2..];
    }
}
