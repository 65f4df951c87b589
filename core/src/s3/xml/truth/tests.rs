use super::*;
use proptest::prelude::*;

const TRUTH: Truth<'static> = Truth {
    bucket: "lake",
    owner: "79a5",
    location: "http://s3.test/lake/a&b",
};

#[track_caller]
fn check(document: &str, expected: &str) {
    let corrected = correct(document.as_bytes(), &TRUTH).unwrap();
    assert_eq!(std::str::from_utf8(&corrected), Ok(expected));
}

#[track_caller]
fn unchanged(document: &str) {
    check(document, document);
}

#[track_caller]
fn refused(document: &[u8], expected: BadXml) {
    assert_eq!(correct(document, &TRUTH), Err(expected), "{document:?}");
}

#[test]
fn owners_become_the_buckets_owner_and_nothing_else_changes() {
    check(
        "<?xml version='1.0' encoding=\"utf-8\"?>\r\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\
         \t<Name>theirs</Name><Prefix/><Contents><Key>a&amp;b &#x1; <![CDATA[<Owner>]]></Key><!-- Owner --><Size>1</Size>\
         <Owner>\n<ID>them</ID>\n<DisplayName>Them</DisplayName></Owner><Store:Tier>cold</Store:Tier></Contents>\n\
         </ListBucketResult>\n",
        "<?xml version='1.0' encoding=\"utf-8\"?>\r\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\
         \t<Name>lake</Name><Prefix/><Contents><Key>a&amp;b &#x1; <![CDATA[<Owner>]]></Key><!-- Owner --><Size>1</Size>\
         <Owner><ID>79a5</ID></Owner><Store:Tier>cold</Store:Tier></Contents>\n\
         </ListBucketResult>\n",
    );
}

#[test]
fn versions_delete_markers_uploads_and_parts_have_owners_too() {
    check(
        "<ListVersionsResult><Version><Owner><ID>a</ID></Owner></Version><DeleteMarker><Owner/></DeleteMarker></ListVersionsResult>",
        "<ListVersionsResult><Version><Owner><ID>79a5</ID></Owner></Version><DeleteMarker><Owner><ID>79a5</ID></Owner>\
         </DeleteMarker></ListVersionsResult>",
    );
    check(
        "<ListPartsResult><Bucket>theirs</Bucket><Tenant>t</Tenant><Key>Bucket</Key><Initiator>\
         <ID>arn:aws:iam::999988887777:user/gateway</ID><DisplayName>gateway</DisplayName></Initiator>\
         <Owner xsi:type=\"CanonicalUser\"><ID>a</ID><Email>a@b</Email></Owner></ListPartsResult>",
        "<ListPartsResult><Bucket>lake</Bucket><Key>Bucket</Key><Initiator><ID>79a5</ID></Initiator>\
         <Owner xsi:type=\"CanonicalUser\"><ID>79a5</ID></Owner></ListPartsResult>",
    );
}

#[test]
fn a_completed_upload_is_where_the_client_put_it() {
    check(
        "<CompleteMultipartUploadResult><Location>http://10.0.0.1/lake/a</Location><Bucket>lake</Bucket><ETag>&quot;e&quot;\
         </ETag></CompleteMultipartUploadResult>",
        "<CompleteMultipartUploadResult><Location>http://s3.test/lake/a&amp;b</Location><Bucket>lake</Bucket><ETag>&quot;e\
         &quot;</ETag></CompleteMultipartUploadResult>",
    );
}

#[test]
fn a_root_of_another_name_and_a_prefix_hide_no_owner() {
    check(
        "<s:Listing xmlns:s='x'><s:Entry><s:Owner><s:ID>them</s:ID></s:Owner></s:Entry></s:Listing>",
        "<s:Listing xmlns:s='x'><s:Entry><s:Owner><s:ID>79a5</s:ID></s:Owner></s:Entry></s:Listing>",
    );
    check(
        "<a><Owner><Owner><ID>them</ID></Owner><ID>them</ID></Owner></a>",
        "<a><Owner><ID>79a5</ID></Owner></a>",
    );
    check(
        "<Owner><ID>them</ID></Owner>",
        "<Owner><ID>79a5</ID></Owner>",
    );
}

#[test]
fn what_only_has_such_a_name_further_in_stays() {
    unchanged("<R><Contents><Bucket>b</Bucket><Name>n</Name><Location>l</Location></Contents></R>");
    unchanged("<Name>n</Name>");
    unchanged("<R/>");
    unchanged("<?xml version=\"1.0\"?>\n<!-- c --><R>text<?target?></R>  \n");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_document() {
    check(
        "\u{feff}<R><Name>theirs</Name></R>",
        "<R><Name>lake</Name></R>",
    );
}

#[test]
fn what_is_no_document_is_refused() {
    for document in [
        "",
        " ",
        "hello",
        "{}",
        "<R>",
        "</R>",
        "<R></S>",
        "<R/><R/>",
        "<R/>x",
        "x<R/>",
        "<R><Owner></R>",
        "<R",
        "<![CDATA[x]]>",
        "<R><Owner><ID></Owner></ID></R>",
    ] {
        refused(document.as_bytes(), BadXml::Malformed);
    }
    for document in [
        "<!DOCTYPE R [<!ENTITY o 'x'>]><R/>",
        "<R/><?xml version='1.0'?>",
        " <?xml version='1.0'?><R/>",
    ] {
        refused(document.as_bytes(), BadXml::Forbidden);
    }
    refused(
        b"<?xml version='1.0' encoding='latin1'?><R/>",
        BadXml::Encoding,
    );
    refused(b"<R>\xff</R>", BadXml::Encoding);
}

#[test]
fn a_location_is_the_clients_own_url() {
    #[track_caller]
    fn check(host: &str, target: &str, expected: &str) {
        assert_eq!(location("https", host, target.as_bytes()), expected);
    }
    check(
        "s3.test:8080",
        "/lake/a%20b?uploadId=u",
        "https://s3.test:8080/lake/a%20b",
    );
    check("lake.s3.test", "/a//../b", "https://lake.s3.test/a//../b");
    check("s3.test", "/lake/\u{e9}", "https://s3.test/lake/%C3%A9");
}

proptest! {
    #[test]
    fn t44_correcting_never_panics_and_shows_no_owner(parts in prop::collection::vec(
        prop::sample::select(&["<R>", "</R>", "<Owner>", "</Owner>", "<ID>", "</ID>", "<ID", ">", "them", "<Owner/>", "<a:Owner>", "</a:Owner>", "&", "#x41;", "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "é", "/>"][..]), 0..20)
    ) {
        let document = parts.concat();
        if let Ok(corrected) = correct(document.as_bytes(), &TRUTH) {
            let corrected = std::str::from_utf8(&corrected).unwrap();
            prop_assert_eq!(correct(corrected.as_bytes(), &TRUTH).unwrap(), corrected.as_bytes());
        }
    }
}
