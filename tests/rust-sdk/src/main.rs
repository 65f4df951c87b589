//! Uploads and downloads one file with the AWS SDK for Rust.
//!
//! ```text
//! portcullis-rust-sdk VERB ENDPOINT REGION BUCKET KEY FILE [NAME=VALUE]...
//! ```
//!
//! The key to sign with is in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, further authorities in `SSL_CERT_FILE`;
//! each `NAME=VALUE` becomes metadata of the object.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_sdk_s3::{Client, Config};
use std::collections::HashMap;
use std::error::Error;
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What uploads in parts are cut into, in bytes.
const PART: u64 = 8 << 20;

struct Object {
    bucket: String,
    key: String,
    file: String,
    metadata: HashMap<String, String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or(format!("{name} is missing"));
    let verb = next("the verb")?;
    let client = client(next("the endpoint")?, next("the region")?)?;
    let (bucket, key, file) = (next("the bucket")?, next("the key")?, next("the file")?);
    let metadata = arguments.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
        (name.to_owned(), value.to_owned())
    });
    let object = Object {
        bucket,
        key,
        file,
        metadata: metadata.collect(),
    };
    match verb.as_str() {
        "put" => put(&client, &object, streamed(&object.file).await?).await,
        "put-bytes" => put(&client, &object, fs::read(&object.file)?.into()).await,
        "put-unsigned" => put_unsigned(&client, &object).await,
        "multipart" => multipart(&client, &object).await,
        "get" => get(&client, &object).await,
        other => Err(format!("unknown verb `{other}`").into()),
    }
}

fn client(endpoint: String, region: String) -> Result<Client> {
    let (id, secret) = (
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region))
        .credentials_provider(Credentials::new(id, secret, None, None, "environment"))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled());
    Ok(Client::from_conf(config.build()))
}

async fn streamed(file: &str) -> Result<ByteStream> {
    Ok(ByteStream::from_path(file).await?)
}

async fn put(client: &Client, object: &Object, body: ByteStream) -> Result<()> {
    let request = client
        .put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_metadata(Some(object.metadata.clone()))
        .body(body);
    request.send().await?;
    Ok(())
}

async fn put_unsigned(client: &Client, object: &Object) -> Result<()> {
    let request = client
        .put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_metadata(Some(object.metadata.clone()))
        .body(fs::read(&object.file)?.into());
    request.customize().disable_payload_signing().send().await?;
    Ok(())
}

async fn multipart(client: &Client, object: &Object) -> Result<()> {
    let created = client
        .create_multipart_upload()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_metadata(Some(object.metadata.clone()));
    let created = created.send().await?;
    let upload = created.upload_id().ok_or("no upload id")?;
    let length = fs::metadata(&object.file)?.len();
    let mut parts = CompletedMultipartUpload::builder();
    for (number, start) in (1..).zip((0..length.max(1)).step_by(usize::try_from(PART)?)) {
        let sent = client
            .upload_part()
            .bucket(&object.bucket)
            .key(&object.key)
            .upload_id(upload)
            .part_number(number)
            .body(piece(&object.file, start, PART.min(length - start)).await?);
        let sent = sent.send().await?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32);
        parts = parts.parts(part.build());
    }
    let complete = client
        .complete_multipart_upload()
        .bucket(&object.bucket)
        .key(&object.key)
        .upload_id(upload)
        .multipart_upload(parts.build());
    complete.send().await?;
    Ok(())
}

async fn piece(file: &str, start: u64, length: u64) -> Result<ByteStream> {
    let piece = ByteStream::read_from()
        .path(file)
        .offset(start)
        .length(Length::Exact(length));
    Ok(piece.build().await?)
}

async fn get(client: &Client, object: &Object) -> Result<()> {
    let request = client.get_object().bucket(&object.bucket).key(&object.key);
    let found = request.send().await?.body.collect().await?;
    fs::write(&object.file, found.into_bytes())?;
    Ok(())
}
