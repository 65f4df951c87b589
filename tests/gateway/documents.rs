//! Bodies that are documents: one that is not well formed, too large, or not the one announced, reaches nobody.

use super::request::{OWNER, Request, UNSIGNED, base64, framed, sha256};
use super::stand::Stand;

const KEYS: &str = "<Delete><Object><Key>a</Key></Object></Delete>";
const TAGS: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
const PARTS: &str = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag></Part></CompleteMultipartUpload>";

/// Operations that come with a document, and one that is right.
const OPERATIONS: [(&str, &str, &str); 3] = [
    ("POST", "/lake-1?delete", KEYS),
    ("PUT", "/lake-1/key?tagging", TAGS),
    ("POST", "/lake-1/key?uploadId=u", PARTS),
];

/// Announced as its bytes are.
fn announced(method: &str, target: &str, document: impl Into<Vec<u8>>) -> Request {
    let document = document.into();
    let request = Request::new(method, target);
    // Of a completion this header is the object's.
    let request = match target.contains("uploadId") {
        true => request,
        false => request.header("x-amz-checksum-sha256", base64(&sha256(&document))),
    };
    request.body(document)
}

async fn check_refused(request: Request, code: &str) {
    let stand = Stand::start().await;
    let answer = stand.ask(&request.signed_by(OWNER)).await;
    stand.end().await.refused(&answer, 400, code);
}

#[tokio::test]
async fn t44_documents_that_are_no_sound_xml() {
    for (method, target, sound) in OPERATIONS {
        let (first, rest) = sound.split_once('>').unwrap();
        let deep = "<a>".repeat(10_000);
        let attributes = " a=\"b\"".repeat(4000);
        let names = " xmlns:a=\"b\"".repeat(4000);
        for document in [
            sound[..sound.len() - 1].to_owned(),
            format!("{sound}{sound}"),
            format!("<!DOCTYPE x [<!ENTITY e \"e\">]>{sound}"),
            format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{sound}"),
            format!("{first}>&e;{rest}"),
            format!("<?php x?>{sound}"),
            format!("{first}>{deep}{rest}"),
            format!("{first}{attributes}>{rest}"),
            format!("{first}{names}>{rest}"),
            format!("{first}>\0{rest}"),
            "hello".to_owned(),
        ] {
            check_refused(announced(method, target, document), "MalformedXML").await;
        }
        let utf_16: Vec<u8> = sound.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check_refused(announced(method, target, utf_16), "MalformedXML").await;
        let latin = sound.replace(">a<", ">\u{e4}<").replace("\"e\"", "\u{e4}");
        let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        check_refused(announced(method, target, latin), "MalformedXML").await;
    }
}

#[tokio::test]
async fn t44_documents_that_are_too_large() {
    for (method, target, sound) in OPERATIONS {
        // By what the head says, without a byte of it.
        let request = announced(method, target, sound).length(1 << 30);
        check_refused(request, "MaxMessageLengthExceeded").await;
    }
    let object = "<Object><Key>a</Key></Object>";
    let document = format!("<Delete>{}</Delete>", object.repeat(1001));
    check_refused(
        announced("POST", "/lake-1?delete", document),
        "MalformedXML",
    )
    .await;
}

#[tokio::test]
async fn t16_documents_that_are_not_the_one_announced() {
    for (method, target, sound) in OPERATIONS {
        let other = sound.replacen('<', " <", 1);
        for place in [0, sound.len() / 2, sound.len() - 1] {
            let mut changed = sound.as_bytes().to_vec();
            changed[place] ^= 1;
            let hash = super::request::hex(&sha256(sound.as_bytes()));
            let request = announced(method, target, changed.clone()).hash(&hash);
            check_refused(request, "XAmzContentSHA256Mismatch").await;
            if !target.contains("uploadId") {
                let request = Request::new(method, target)
                    .header("x-amz-checksum-sha256", base64(&sha256(sound.as_bytes())))
                    .hash(UNSIGNED)
                    .body(changed);
                check_refused(request, "BadDigest").await;
            }
        }
        let request = Request::new(method, target).header("Content-MD5", base64(&[0; 16]));
        check_refused(request.body(other), "BadDigest").await;
    }
}

/// The SDKs put documents into frames too.
#[tokio::test]
async fn t14_documents_in_frames_that_are_wrong() {
    for (method, target, sound) in OPERATIONS {
        let trailer =
            |data: &str| format!("x-amz-checksum-sha256:{}", base64(&sha256(data.as_bytes())));
        let put = |body: Vec<u8>, decoded: usize| {
            Request::new(method, target)
                .body(body)
                .hash("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
                .header("Content-Encoding", "aws-chunked")
                .header("x-amz-decoded-content-length", decoded.to_string())
                .header("x-amz-trailer", "x-amz-checksum-sha256")
        };
        let good = framed(sound.as_bytes(), &trailer(sound));
        let broken = [b"0x", &good[..]].concat();
        check_refused(put(broken, sound.len()), "InvalidRequest").await;
        check_refused(put(good.clone(), sound.len() + 1), "InvalidRequest").await;
        check_refused(
            put(good[..good.len() - 2].to_vec(), sound.len()),
            "InvalidRequest",
        )
        .await;
        let other = framed(sound.as_bytes(), &trailer("other"));
        check_refused(put(other, sound.len()), "BadDigest").await;
        let stand = Stand::start().await;
        let answer = stand.ask(&put(good, sound.len()).signed_by(OWNER)).await;
        assert_ne!(answer.status, 400, "{answer:?}");
        assert_eq!(stand.end().await.origin.seen.len(), 1);
    }
}
