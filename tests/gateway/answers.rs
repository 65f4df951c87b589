//! Answers that name owners, buckets or locations say what is so here, and nothing of the upstream.

use super::client::Answer;
use super::origin::{Gate, Script, answer};
use super::request::{CLERK, OWNER, Request};
use super::stand::{Ended, Setup, Stand};

async fn ask(said: impl AsRef<[u8]>, request: &Request) -> (Answer, Ended) {
    let stand = Stand::start().await;
    stand.origin.will(Script::say(said));
    let answer = stand.ask(request).await;
    (answer, stand.end().await)
}

fn xml(body: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: application/xml\r\n", body)
}

fn complete(target: &str) -> Request {
    let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
    Request::new("POST", target).body(parts)
}

/// The owner's id as a client reads it.
async fn owner_shown(target: &str, said: &str) -> (String, Ended) {
    let request = Request::get(target).signed_by(OWNER);
    let (answer, ended) = ask(xml(said), &request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.text().contains("them"), "{answer:?}");
    assert_eq!(
        answer.header("content-length"),
        Some(&*answer.body.len().to_string())
    );
    (answer.element("ID"), ended)
}

#[tokio::test]
async fn listings_show_the_buckets_owner() {
    let owner = "<Owner><ID>them</ID><DisplayName>them</DisplayName></Owner>";
    for (target, said) in [
        ("/lake-1", format!("<ListBucketResult><Name>lake-1</Name><Contents><Key>a</Key>{owner}</Contents></ListBucketResult>")),
        ("/lake-1?list-type=2&fetch-owner=true", format!("<ListBucketResult><Contents>{owner}</Contents></ListBucketResult>")),
        ("/lake-1?versions", format!("<ListVersionsResult><DeleteMarker>{owner}</DeleteMarker></ListVersionsResult>")),
        ("/lake-1?uploads", format!("<ListMultipartUploadsResult><Upload>{owner}</Upload></ListMultipartUploadsResult>")),
        ("/lake-1/key?uploadId=u", "<ListPartsResult><Initiator><ID>arn:aws:iam::999988887777:user/them</ID></Initiator></ListPartsResult>".to_owned()),
    ] {
        let (shown, ended) = owner_shown(target, &said).await;
        assert_eq!(shown.len(), 64, "{target}: {shown}");
        assert_eq!(ended.record()["bucket_owner_id"], *shown, "{target}");
    }
}

#[tokio::test]
async fn the_rest_of_a_listing_passes_byte_for_byte() {
    let listing = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
        <Name>lake-1</Name><Prefix/>\n  <Contents><Key>a&#13;&amp;%20 &lt;</Key><StoresOwn x=\"y\">1</StoresOwn></Contents></ListBucketResult>\n";
    let request = Request::get("/lake-1?list-type=2").signed_by(OWNER);
    for said in [
        xml(listing),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{listing}\r\n0\r\n\r\n",
            listing.len()
        )
        .into_bytes(),
    ] {
        let (answer, ended) = ask(said, &request).await;
        assert_eq!(answer.text(), listing);
        assert_eq!(ended.record()["bytes_sent"], listing.len());
    }
}

#[tokio::test]
async fn t43_a_listing_that_is_no_document_is_not_passed_on() {
    let request = Request::get("/lake-1?list-type=2").signed_by(OWNER);
    for said in [
        "",
        "{}",
        "<ListBucketResult><Contents>",
        "<html><p></html>",
        "<!DOCTYPE a><ListBucketResult/>",
    ] {
        let (answer, ended) = ask(xml(said), &request).await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (503, "ServiceUnavailable"),
            "{said:?} {answer:?}"
        );
        assert_eq!(ended.record()["upstream"]["error"], "malformed");
    }
}

#[tokio::test]
async fn t43_a_listing_that_breaks_off_is_not_passed_on() {
    let stand = Stand::start().await;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>";
    stand.origin.will(Script::say(head).close());
    let answer = stand.ask(&Request::get("/lake-1").signed_by(OWNER)).await;
    assert_eq!(answer.status, 503, "{answer:?}");
}

#[tokio::test]
async fn an_error_in_place_of_a_listing_is_an_error() {
    let request = Request::get("/lake-1").signed_by(OWNER);
    let said = super::origin::error("200 OK", "SlowDown");
    let (answer, ended) = ask(said, &request).await;
    assert_eq!((answer.status, &*answer.code()), (200, "SlowDown"));
    assert!(!answer.text().contains("UPSTREAM"), "{answer:?}");
    ended.recorded(&answer, 200, "SlowDown");
}

#[tokio::test]
async fn a_client_that_leaves_a_listing_is_not_waited_for() {
    let stand = Stand::start().await;
    let gate = Gate::new();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>";
    stand.origin.will(Script::say(head).wait(&gate));
    let mut client = stand.connect().await;
    client
        .send(&Request::get("/lake-1").signed_by(OWNER).bytes())
        .await;
    stand.origin.until(|memory| memory.seen.len() == 1).await;
    drop(client);
    let ended = stand.end().await;
    assert_eq!(ended.record()["ending"], "client_aborted");
}

#[tokio::test]
async fn a_completed_upload_is_where_the_client_asked() {
    for (host, target, location) in [
        (
            "s3.test",
            "/lake-1/a%20b%2Fc?uploadId=u",
            "http://s3.test/lake-1/a%20b%2Fc",
        ),
        (
            "lake-1.s3.test:8080",
            "/a//b?uploadId=u",
            "http://lake-1.s3.test:8080/a//b",
        ),
    ] {
        let said = xml(
            "<CompleteMultipartUploadResult><Location>http://127.0.0.1:1/lake-1/a</Location><Bucket>lake-1</Bucket>\
             <Key>a</Key><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>",
        );
        let request = complete(target).on(host).signed_by(OWNER);
        let (answer, _) = ask(said, &request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.element("Location"), location);
        assert_eq!(answer.element("Bucket"), "lake-1");
        assert_eq!(answer.element("ETag"), "&quot;e&quot;");
    }
}

#[tokio::test]
async fn an_error_names_the_resource_as_the_client_did() {
    let body = "<Error><Code>NoSuchKey</Code><Message>m</Message><Key>key</Key><BucketName>lake-1</BucketName>\
        <Resource>/store/lake-1/key</Resource><Region>upstream-1</Region><Endpoint>upstream</Endpoint>\
        <RequestId>UPSTREAM</RequestId><HostId>UPSTREAM</HostId></Error>";
    let said = answer("404 Not Found", "", body);
    let (answer, _) = ask(said, &Request::get("/lake-1/key").signed_by(OWNER)).await;
    super::upstream::names_nothing(&answer);
    assert_eq!(answer.element("Resource"), "/lake-1/key");
    assert_eq!(answer.element("BucketName"), "lake-1");
    assert_eq!(
        answer.element("RequestId"),
        answer.header("x-amz-request-id").unwrap()
    );
    assert_eq!(
        answer.element("HostId"),
        answer.header("x-amz-id-2").unwrap()
    );
}

#[tokio::test]
async fn a_listing_without_leave_is_refused_before_it_is_made() {
    let stand = Setup::default().start().await;
    let answer = stand.ask(&Request::get("/lake-1").signed_by(CLERK)).await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}
