use super::*;
use crate::s3::names::{BucketName, Target};
use proptest::prelude::*;

const KEY_OF_1024: usize = 1024;

fn object(key: &str) -> DeleteItem {
    DeleteItem {
        key: key.to_owned(),
        ..DeleteItem::default()
    }
}

#[track_caller]
fn check(document: &str, expected: Result<DeleteRequest, BadXml>) {
    assert_eq!(
        DeleteRequest::parse(document.as_bytes()),
        expected,
        "{document}"
    );
}

#[track_caller]
fn refused(document: &str, expected: BadXml) {
    check(document, Err(expected));
}

fn loud(objects: Vec<DeleteItem>) -> Result<DeleteRequest, BadXml> {
    Ok(DeleteRequest {
        quiet: false,
        objects,
    })
}

#[test]
fn a_delete_document_is_read_in_order_with_duplicates() {
    check(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Object><Key>b</Key></Object>\n<Object><Key>a</Key><VersionId>v</VersionId></Object>\
         <Object><Key>b</Key></Object></Delete>",
        loud(vec![
            object("b"),
            DeleteItem {
                version_id: Some("v".to_owned()),
                ..object("a")
            },
            object("b"),
        ]),
    );
}

#[test]
fn conditions_and_quiet_are_kept() {
    let item = DeleteItem {
        key: "k".to_owned(),
        version_id: Some("null".to_owned()),
        etag: Some("\"e\"".to_owned()),
        last_modified_time: Some("Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
        size: Some("5".to_owned()),
    };
    let request = DeleteRequest {
        quiet: true,
        objects: vec![item],
    };
    assert_eq!(DeleteRequest::parse(&request.to_xml()), Ok(request));
}

#[test]
fn keys_come_through_literally() {
    for key in [
        " a ",
        "a&b<c>\"'",
        "a\r\nb\r",
        "../x",
        "//",
        "é\u{10ffff}",
        "%2F+",
        "]]>",
    ] {
        let request = DeleteRequest {
            quiet: false,
            objects: vec![object(key)],
        };
        assert_eq!(DeleteRequest::parse(&request.to_xml()), Ok(request));
    }
    check(
        "<Delete><Object><Key>&#x61;&amp;<![CDATA[<b>]]></Key></Object></Delete>",
        loud(vec![object("a&<b>")]),
    );
}

#[test]
fn prefixes_byte_order_marks_and_empty_versions_are_tolerated() {
    check(
        "\u{feff}<s:Delete xmlns:s=\"u\"><s:Object><s:Key>a</s:Key><VersionId/></s:Object><!-- c --></s:Delete>\n",
        loud(vec![object("a")]),
    );
}

#[test]
fn t21_what_is_not_the_schema_is_refused() {
    for document in [
        "<Delete></Delete>",
        "<Deletes><Object><Key>a</Key></Object></Deletes>",
        "<Delete><Object></Object></Delete>",
        "<Delete><Object><Key></Key></Object></Delete>",
        "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        "<Delete><Object><Key>a<b/></Key></Object></Delete>",
        "<Delete><Object><Key>a</Key><Name>b</Name></Object></Delete>",
        "<Delete><Object><Key>a</Key></Object><Quiet>perhaps</Quiet></Delete>",
        "<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet><Quiet>false</Quiet></Delete>",
        "<Delete>text<Object><Key>a</Key></Object></Delete>",
    ] {
        refused(document, BadXml::Schema);
    }
}

#[test]
fn t21_a_thousand_keys_are_read_and_one_more_is_refused() {
    let document = |count: usize| {
        let key = "k".repeat(KEY_OF_1024);
        let object = format!("<Object><Key>{key}</Key><VersionId>v</VersionId></Object>");
        format!("<Delete>{}</Delete>", object.repeat(count))
    };
    assert_eq!(
        DeleteRequest::parse(document(1000).as_bytes())
            .unwrap()
            .objects
            .len(),
        1000
    );
    refused(&document(1001), BadXml::Schema);
}

#[test]
fn t44_doctype_entities_and_instructions_are_refused() {
    for document in [
        "<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>",
        "<!DOCTYPE d [<!ENTITY e \"x\">]><Delete><Object><Key>&e;</Key></Object></Delete>",
        "<Delete><Object><Key>&e;</Key></Object></Delete>",
        "<Delete><?php x?><Object><Key>a</Key></Object></Delete>",
        "<Delete><?xml version=\"1.0\"?><Object><Key>a</Key></Object></Delete>",
    ] {
        refused(document, BadXml::Forbidden);
    }
}

#[test]
fn t44_what_is_not_well_formed_is_refused() {
    for document in [
        "",
        "   ",
        "text",
        "<Delete>",
        "</Delete>",
        "<Delete></Object>",
        "<Delete/><Delete/>",
        "<Delete/>x",
        "<Delete><Object><Key>a&#0;</Key></Object></Delete>",
        "<Delete><Object><Key>a&#1;</Key></Object></Delete>",
        "<Delete><Object><Key>a\u{1}</Key></Object></Delete>",
        "<Delete><Object><Key>a & b</Key></Object></Delete>",
        "<Delete><Object><Key a=1>a</Key></Object></Delete>",
        "<Delete><Object><Key a=\"1\" a=\"1\">a</Key></Object></Delete>",
        "<?xml version=\"1.1\"?><Delete><Object><Key>a</Key></Object></Delete>",
    ] {
        refused(document, BadXml::Malformed);
    }
}

#[test]
fn t44_other_encodings_are_refused() {
    refused(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><Delete><Object><Key>a</Key></Object></Delete>",
        BadXml::Encoding,
    );
    assert_eq!(
        DeleteRequest::parse(b"<Delete>\xff</Delete>"),
        Err(BadXml::Encoding)
    );
    assert_eq!(
        DeleteRequest::parse(b"\xfe\xff\0<\0D"),
        Err(BadXml::Encoding)
    );
}

#[test]
fn t44_depth_elements_and_attributes_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    refused(&deep, BadXml::TooLarge);
    let many = format!("<Delete>{}</Delete>", "<Object/>".repeat(100_000));
    refused(&many, BadXml::TooLarge);
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=\"\"")).collect();
    refused(&format!("<Delete{attributes}/>"), BadXml::TooLarge);
    let namespaces: String = (0..100_000)
        .map(|at| format!(" xmlns:a{at}=\"\""))
        .collect();
    refused(&format!("<Delete{namespaces}/>"), BadXml::TooLarge);
    let few: String = (0..8).map(|at| format!(" a{at}=\"\"")).collect();
    check(
        &format!("<Delete{few}><Object><Key>a</Key></Object></Delete>"),
        loud(vec![object("a")]),
    );
}

#[test]
fn refused_keys_join_the_upstreams_result() {
    let upstream = "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Deleted><Key>a</Key>\
        <DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>\
        <Error><Key>b</Key><VersionId>v</VersionId><Code>InternalError</Code><Message>x</Message></Error></DeleteResult>";
    let mut result = DeleteResult::parse(upstream.as_bytes()).unwrap();
    assert_eq!(
        result.deleted[0].delete_marker_version_id.as_deref(),
        Some("m")
    );
    result.errors.push(DeleteFailure {
        key: "c&".to_owned(),
        version_id: None,
        code: "AccessDenied".to_owned(),
        message: "Access Denied".to_owned(),
    });
    let written = result.to_xml();
    assert_eq!(DeleteResult::parse(&written), Ok(result));
    let text = std::str::from_utf8(&written).unwrap();
    assert!(text.contains(
        "<Error><Key>c&amp;</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    ));
    assert_eq!(DeleteResult::parse(b"<Error/>"), Err(BadXml::Schema));
}

#[test]
fn a_bucket_list_is_read_and_written() {
    let upstream = "<ListAllMyBucketsResult><Owner><ID>i</ID><DisplayName>n</DisplayName></Owner><Buckets>\
        <Bucket><Name>a</Name><CreationDate>2024-01-01T00:00:00.000Z</CreationDate><BucketArn>x</BucketArn></Bucket>\
        <Bucket><Name>b</Name><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets>\
        <ContinuationToken>t</ContinuationToken><Prefix>p</Prefix></ListAllMyBucketsResult>";
    let list = BucketList::parse(upstream.as_bytes()).unwrap();
    assert_eq!(list.owner.as_ref().unwrap().id, "i");
    let names: Vec<&str> = list
        .buckets
        .iter()
        .map(|bucket| bucket.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(list.buckets[1].region.as_deref(), Some("eu-west-1"));
    assert_eq!(list.continuation_token.as_deref(), Some("t"));
    assert_eq!(BucketList::parse(&list.to_xml()), Ok(list));
    assert_eq!(
        BucketList::parse(b"<ListBucketResult/>"),
        Err(BadXml::Schema)
    );
}

#[track_caller]
fn check_configuration(document: &str, expected: Result<Option<&str>, BadConfiguration>) {
    let configuration = CreateBucketConfiguration::parse(document.as_bytes());
    let location = configuration.map(|configuration| configuration.location_constraint);
    assert_eq!(
        location,
        expected.map(|location| location.map(str::to_owned)),
        "{document}"
    );
}

#[test]
fn a_new_buckets_document_says_where() {
    check_configuration("", Ok(None));
    check_configuration("<CreateBucketConfiguration/>", Ok(None));
    let empty = "<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>";
    check_configuration(empty, Ok(None));
    let named = CreateBucketConfiguration {
        tags: vec![
            ("a".to_owned(), "<b".to_owned()),
            ("c".to_owned(), String::new()),
        ],
        location_constraint: Some("eu-west-1".to_owned()),
    };
    assert_eq!(CreateBucketConfiguration::parse(&named.to_xml()), Ok(named));
}

#[test]
fn a_new_buckets_document_with_more_is_refused() {
    for member in ["<Location/>", "<Bucket/>"] {
        let document = format!("<CreateBucketConfiguration>{member}</CreateBucketConfiguration>");
        check_configuration(&document, Err(BadConfiguration::NotImplemented));
    }
    let schema = Err(BadConfiguration::Xml(BadXml::Schema));
    for member in ["<Tags><Tag/></Tags>", "<Tags/><Tags/>"] {
        let document = format!("<CreateBucketConfiguration>{member}</CreateBucketConfiguration>");
        check_configuration(&document, schema);
    }
    check_configuration(
        "<CreateBucketConfiguration><Other/></CreateBucketConfiguration>",
        schema,
    );
    check_configuration("<Delete/>", schema);
    check_configuration(" ", Err(BadConfiguration::Xml(BadXml::Malformed)));
}

#[test]
fn an_upstreams_error_is_told_from_its_success() {
    let document = b"<?xml version=\"1.0\"?><Error><Code>PermanentRedirect</Code><Message>m</Message>\
        <Endpoint>e</Endpoint><Region>r</Region><BucketName>b</BucketName><Resource>/store/b/k</Resource>\
        <AWSAccessKeyId>a</AWSAccessKeyId><RequestId>q</RequestId></Error>";
    let error = UpstreamError::parse(document).unwrap();
    assert_eq!(error.code, "PermanentRedirect");
    assert_eq!(error.region.as_deref(), Some("r"));
    let bucket = BucketName::parse("bucket").unwrap();
    let target = Target::object(&bucket, b"a&b").unwrap();
    let written = |target| {
        let written = error.to_xml(target, "ours", "host");
        String::from_utf8(written.to_vec()).unwrap()
    };
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>PermanentRedirect</Code><Message>m</Message>\
        <BucketName>b</BucketName>";
    let end = "<RequestId>ours</RequestId><HostId>host</HostId></Error>";
    assert_eq!(
        written(Some(&target)),
        format!("{begin}<Resource>/bucket/a&amp;b</Resource>{end}")
    );
    assert_eq!(written(None), format!("{begin}{end}"));
    for document in ["<CopyObjectResult/>", "<Error/>", "<html>", ""] {
        assert_eq!(
            UpstreamError::parse(document.as_bytes()),
            None,
            "{document}"
        );
    }
}

proptest! {
    #[test]
    fn t44_reading_never_panics(parts in prop::collection::vec(
        prop::sample::select(&["<Delete>", "</Delete>", "<Object>", "</Object>", "<Key", ">", "a", "&", "#x41;", "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "<!DOCTYPE", "\"", "=", "é", "/>", " x:y"][..]), 0..30)
    ) {
        let document = parts.concat();
        let _ = DeleteRequest::parse(document.as_bytes());
        let _ = UpstreamError::parse(document.as_bytes());
    }

    #[test]
    fn t21_the_upstream_reads_the_keys_that_were_authorised(keys in prop::collection::vec(any::<String>(), 1..5)) {
        let text: String = keys.iter().map(|key| format!("<Object><Key>{}</Key></Object>", quick_xml::escape::escape(key))).collect();
        let Ok(request) = DeleteRequest::parse(format!("<Delete>{text}</Delete>").as_bytes()) else { return Ok(()) };
        prop_assert_eq!(DeleteRequest::parse(&request.to_xml()), Ok(request));
    }
}

#[test]
fn a_list_of_parts_holds_ten_thousand_with_their_checksums() {
    let part = "<Part><PartNumber>1</PartNumber><ETag>\"e\"</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>";
    let list = |parts: &str| {
        check_completion(
            format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>").as_bytes(),
        )
    };
    assert_eq!(list(&part.repeat(10_000)), Ok(()));
    assert_eq!(list(&part.repeat(20_000)), Err(BadXml::TooLarge));
    assert_eq!(list(""), Err(BadXml::Schema));
    assert_eq!(list("<Part/><Other/>"), Err(BadXml::Schema));
    assert_eq!(list("<Part>&a;</Part>"), Err(BadXml::Forbidden));
    assert_eq!(
        check_completion(b"<Other><Part/></Other>"),
        Err(BadXml::Schema)
    );
    assert!(check_completion(b"").is_err());
}
