//! Multipart uploads: each part is a file of its own, and completing writes them into one.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use super::Store;
use super::catalogue::{Entry, Upload};
use super::conditions::Replaces;
use super::objects::{fresh_name, internal, source_of};
use bytes::Bytes;
use futures_core::Stream;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, GetObjectInput, Part,
    PutObjectInput, Range, StreamingBlob, Timestamp, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, StdError, s3_error};
use s3s_fs::FileSystem;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Every part but the last has at least this many bytes.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

impl Store {
    pub(super) async fn begin_upload(
        &self,
        begun: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        self.expect_bucket(&begun.bucket).await?;
        let id = fresh_name()?;
        let output = CreateMultipartUploadOutput {
            bucket: Some(begun.bucket.clone()),
            key: Some(begun.key.clone()),
            upload_id: Some(id.clone()),
            ..CreateMultipartUploadOutput::default()
        };
        let upload = Upload {
            begun,
            initiated: now(),
            parts: BTreeMap::new(),
        };
        self.catalogue.write().await.uploads.insert(id, upload);
        Ok(output)
    }

    pub(super) async fn put_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = &request.input;
        let (id, number) = (input.upload_id.clone(), input.part_number);
        self.expect_upload(&id, &input.bucket, &input.key).await?;
        let put = request.map_input(|part| PutObjectInput {
            body: part.body,
            bucket: part.bucket,
            key: part.key,
            content_length: part.content_length,
            content_md5: part.content_md5,
            checksum_algorithm: part.checksum_algorithm,
            checksum_crc32: part.checksum_crc32,
            checksum_crc32c: part.checksum_crc32c,
            checksum_crc64nvme: part.checksum_crc64nvme,
            checksum_sha1: part.checksum_sha1,
            checksum_sha256: part.checksum_sha256,
            ..PutObjectInput::default()
        });
        let bucket = put.input.bucket.clone();
        let (entry, output) = self.write(put).await?;
        self.add_part(&bucket, &id, number, entry).await?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: output.e_tag,
            checksum_crc32: output.checksum_crc32,
            checksum_crc32c: output.checksum_crc32c,
            checksum_crc64nvme: output.checksum_crc64nvme,
            checksum_sha1: output.checksum_sha1,
            checksum_sha256: output.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    pub(super) async fn copy_part(
        &self,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        self.expect_upload(&input.upload_id, &input.bucket, &input.key)
            .await?;
        let source = GetObjectInput {
            range: input
                .copy_source_range
                .as_deref()
                .map(part_of)
                .transpose()?,
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
            ..source_of(&input.copy_source)?
        };
        let source = self.read_for_copy(source).await?;
        let put = PutObjectInput {
            body: source.body,
            content_length: source.content_length,
            bucket: input.bucket.clone(),
            key: input.key,
            ..PutObjectInput::default()
        };
        let (entry, _) = self.write(internal(put)).await?;
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(entry.etag.clone())),
            last_modified: Some(entry.modified.clone()),
            ..CopyPartResult::default()
        };
        self.add_part(&input.bucket, &input.upload_id, input.part_number, entry)
            .await?;
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        })
    }

    /// The parts of an upload in order.
    pub(super) async fn parts(&self, id: &str, bucket: &str, key: &str) -> S3Result<Vec<Part>> {
        self.expect_upload(id, bucket, key).await?;
        let catalogue = self.catalogue.read().await;
        let upload = catalogue
            .uploads
            .get(id)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        let listed = upload.parts.iter().map(|(number, entry)| Part {
            part_number: Some(*number),
            e_tag: Some(ETag::Strong(entry.etag.clone())),
            last_modified: Some(entry.modified.clone()),
            size: i64::try_from(entry.size).ok(),
            ..Part::default()
        });
        Ok(listed.collect())
    }

    pub(super) async fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let (bucket, key, id) = (&input.bucket, &input.key, &input.upload_id);
        self.expect_upload(id, bucket, key).await?;
        let named = input.multipart_upload.and_then(|upload| upload.parts);
        let (put, parts) = self.assemble(id, &named.unwrap_or_default()).await?;
        let (mut entry, _) = self.write(internal(put)).await?;
        entry.etag = etag_of_parts(&parts)?;
        entry.parts = parts.iter().map(|part| part.size).collect();
        let etag = entry.etag.clone();
        let replaces = Replaces {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        self.publish(bucket, key, entry, &replaces).await?;
        self.forget_upload(id).await;
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    /// The write of the whole object, and its parts.
    async fn assemble(
        &self,
        id: &str,
        named: &[CompletedPart],
    ) -> S3Result<(PutObjectInput, Vec<Entry>)> {
        let catalogue = self.catalogue.read().await;
        let upload = catalogue
            .uploads
            .get(id)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        let parts = chosen(&upload.parts, named)?;
        let begun = upload.begun.clone();
        let length = parts.iter().map(|part| part.size).sum::<u64>();
        let put = PutObjectInput {
            body: Some(self.joined(&begun.bucket, &parts)),
            bucket: begun.bucket,
            key: begun.key,
            content_length: i64::try_from(length).ok(),
            cache_control: begun.cache_control,
            content_disposition: begun.content_disposition,
            content_encoding: begun.content_encoding,
            content_language: begun.content_language,
            content_type: begun.content_type,
            expires: begun.expires,
            metadata: begun.metadata,
            website_redirect_location: begun.website_redirect_location,
            ..PutObjectInput::default()
        };
        Ok((put, parts))
    }

    /// The bytes of these files one after the other.
    fn joined(&self, bucket: &str, parts: &[Entry]) -> StreamingBlob {
        let (send, receive) = mpsc::channel(4);
        let files = Arc::clone(&self.files);
        let bucket = bucket.to_owned();
        let blobs: Vec<_> = parts.iter().map(|part| part.blob.clone()).collect();
        tokio::spawn(async move {
            for blob in blobs {
                if let Err(error) = send_file(&files, &bucket, &blob, &send).await {
                    let _ = send.send(Err(error)).await;
                    return;
                }
            }
        });
        StreamingBlob::wrap(Joined(receive))
    }

    pub(super) async fn expect_upload(&self, id: &str, bucket: &str, key: &str) -> S3Result<()> {
        self.expect_bucket(bucket).await?;
        let catalogue = self.catalogue.read().await;
        let upload = catalogue.uploads.get(id);
        let same = |upload: &Upload| upload.begun.bucket == bucket && upload.begun.key == key;
        match upload.is_some_and(same) {
            true => Ok(()),
            false => Err(s3_error!(NoSuchUpload)),
        }
    }

    async fn add_part(&self, bucket: &str, id: &str, number: i32, entry: Entry) -> S3Result<()> {
        let blob = entry.blob.clone();
        let mut catalogue = self.catalogue.write().await;
        let stale = match catalogue.uploads.get_mut(id) {
            Some(upload) => upload.parts.insert(number, entry).map(|old| old.blob),
            None => Some(blob.clone()),
        };
        if let Some(stale) = &stale {
            self.discard(bucket, stale).await;
        }
        // Aborted while the part was on its way.
        match stale == Some(blob) {
            true => Err(s3_error!(NoSuchUpload)),
            false => Ok(()),
        }
    }

    pub(super) async fn forget_upload(&self, id: &str) {
        let mut catalogue = self.catalogue.write().await;
        if let Some(upload) = catalogue.uploads.remove(id) {
            for part in upload.parts.values() {
                self.discard(&upload.begun.bucket, &part.blob).await;
            }
        }
    }
}

async fn send_file(
    files: &FileSystem,
    bucket: &str,
    blob: &str,
    to: &Sender,
) -> Result<(), Broken> {
    let get = GetObjectInput {
        bucket: bucket.to_owned(),
        key: blob.to_owned(),
        ..GetObjectInput::default()
    };
    let got = files.get_object(internal(get)).await;
    let body = got.map_err(|error| Broken(error.into()))?.output.body;
    let mut body = body.ok_or_else(|| Broken("a file without bytes".into()))?;
    while let Some(bytes) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_next(context)).await
    {
        // Whoever reads may stop; then nobody is left to tell.
        if to.send(Ok(bytes.map_err(Broken)?)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The parts that a completion names, which must be in order, uploaded, unchanged and large enough.
fn chosen(uploaded: &BTreeMap<i32, Entry>, named: &[CompletedPart]) -> S3Result<Vec<Entry>> {
    let mut parts: Vec<Entry> = Vec::new();
    let mut previous = 0;
    for part in named {
        let number = part.part_number.unwrap_or(0);
        if number <= previous {
            return Err(s3_error!(InvalidPartOrder));
        }
        previous = number;
        let entry = uploaded
            .get(&number)
            .ok_or_else(|| s3_error!(InvalidPart))?;
        let etag = part.e_tag.as_ref().map(ETag::value);
        if etag.is_some_and(|etag| etag != entry.etag) {
            return Err(s3_error!(InvalidPart));
        }
        parts.push(entry.clone());
    }
    let (_, all_but_last) = parts.split_last().ok_or_else(|| s3_error!(MalformedXML))?;
    match all_but_last.iter().any(|part| part.size < SMALLEST_PART) {
        true => Err(s3_error!(EntityTooSmall)),
        false => Ok(parts),
    }
}

/// The MD5 of the parts' MD5s, and how many they are.
fn etag_of_parts(parts: &[Entry]) -> S3Result<String> {
    let mut hash = Md5::new();
    for part in parts {
        let digest = u128::from_str_radix(&part.etag, 16);
        let digest = digest.map_err(s3s::S3Error::internal_error)?;
        hash.update(&digest.to_be_bytes());
    }
    let digest = u128::from_be_bytes(hash.finalize());
    Ok(format!("{digest:032x}-{}", parts.len()))
}

/// `bytes=first-last` of `x-amz-copy-source-range`.
fn part_of(range: &str) -> S3Result<Range> {
    Range::parse(range).map_err(|_| s3_error!(InvalidArgument))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the store plays another server, with a clock of its own"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

type Sender = mpsc::Sender<Result<Bytes, Broken>>;

/// Reading a part failed.
#[derive(Debug, thiserror::Error)]
#[error("a part cannot be read")]
struct Broken(#[source] StdError);

/// What arrives on a channel, as a stream.
struct Joined(mpsc::Receiver<Result<Bytes, Broken>>);

impl Stream for Joined {
    type Item = Result<Bytes, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
