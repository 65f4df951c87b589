use super::*;
use proptest::prelude::*;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn document(inner: &str) -> String {
    format!(
        "<PublicAccessBlockConfiguration xmlns=\"{NAMESPACE}\">{inner}</PublicAccessBlockConfiguration>"
    )
}

#[track_caller]
fn reads(inner: &str, flags: [bool; 4]) {
    let block = PublicAccessBlock::parse_xml(document(inner).as_bytes()).unwrap();
    assert_eq!(block.flags(), flags, "{inner}");
}

#[track_caller]
fn refused(document: &str) {
    let error = PublicAccessBlock::parse_xml(document.as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::MalformedXML, "{document}");
}

#[test]
fn a_flag_that_is_not_there_is_off() {
    reads("", [false; 4]);
    reads(
        "<IgnorePublicAcls>true</IgnorePublicAcls>",
        [false, true, false, false],
    );
    reads(
        "<RestrictPublicBuckets>TRUE</RestrictPublicBuckets><BlockPublicAcls>false</BlockPublicAcls>",
        [false, false, false, true],
    );
}

#[test]
fn what_is_no_flag_is_malformed() {
    refused(&document("<BlockPublicAcls>yes</BlockPublicAcls>"));
    refused(&document("<BlockPublicAcls></BlockPublicAcls>"));
    refused(&document("<BlockPublicAcls><a>true</a></BlockPublicAcls>"));
    refused(&document("<BlockPublicACLs>true</BlockPublicACLs>"));
    refused(&document(
        "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>false</BlockPublicAcls>",
    ));
    refused("<PublicAccessBlock/>");
    refused("{}");
    refused("");
}

proptest! {
    #[test]
    fn what_is_written_reads_back(flags: [bool; 4]) {
        let [block_public_acls, ignore_public_acls, block_public_policy, restrict_public_buckets] = flags;
        let block = PublicAccessBlock {
            block_public_acls,
            ignore_public_acls,
            block_public_policy,
            restrict_public_buckets,
        };
        prop_assert_eq!(PublicAccessBlock::parse_xml(&block.to_xml()).unwrap(), block);
    }
}
