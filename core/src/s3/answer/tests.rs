use super::*;
use crate::s3::xml::Element;

fn shown(error: &S3Error, resource: Option<&str>) -> String {
    let xml = error_xml(error, resource, "REQ", "HOST");
    String::from_utf8(xml.to_vec()).unwrap()
}

#[test]
fn an_error_has_the_shape_of_aws() {
    let error = S3Error::new(ErrorCode::NoSuchKey).with("Key", "a/b");
    assert_eq!(
        shown(&error, None),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
         <Message>The specified key does not exist.</Message><Key>a/b</Key>\
         <RequestId>REQ</RequestId><HostId>HOST</HostId></Error>"
    );
    let error = S3Error::new(ErrorCode::AccessDenied);
    assert_eq!(
        shown(&error, Some("/b/k")),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
         <Message>Access Denied</Message><Resource>/b/k</Resource>\
         <RequestId>REQ</RequestId><HostId>HOST</HostId></Error>"
    );
}

#[test]
fn texts_of_the_client_stay_texts() {
    let key = "a<b>&\"'\r\n\u{1}\u{fffe}é";
    let error = S3Error::new(ErrorCode::NoSuchKey)
        .say("x]]></Message>")
        .with("Key", key);
    let root = Element::of_answer(shown(&error, None).as_bytes()).unwrap();
    assert_eq!(root.child_text("Message"), Some("x]]></Message>"));
    assert_eq!(
        root.child_text("Key"),
        Some("a<b>&\"'\r\n\u{fffd}\u{fffd}é")
    );
    assert_eq!(root.children.len(), 5);
}
