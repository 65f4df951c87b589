//! Objects: a file is written first, and becomes the object when the catalogue says so.

use super::Store;
use super::catalogue::Entry;
use super::conditions::{Reads, Replaces};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, ETag,
    GetObjectInput, GetObjectOutput, HeadBucketInput, HeadObjectInput, HeadObjectOutput,
    MetadataDirective, PutObjectInput, PutObjectOutput, Range,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use std::cmp::Ordering;

/// A request to s3s-fs that no client sent.
pub(super) fn internal<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: http::Method::GET,
        uri: http::Uri::default(),
        headers: HeaderMap::new(),
        extensions: http::Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// A file name that no other object has.
pub(super) fn fresh_name() -> S3Result<String> {
    let mut bytes = [0; 16];
    let random = SystemRandom::new().fill(&mut bytes);
    random.map_err(|_| s3_error!(InternalError, "no randomness"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `aws-chunked` describes how the body came, not what it is.
fn stored_encoding(encoding: Option<String>) -> Option<String> {
    let encoding = encoding?;
    let kept: Vec<_> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

impl Store {
    /// The bucket exists.
    pub(super) async fn expect_bucket(&self, bucket: &str) -> S3Result<()> {
        let head = HeadBucketInput {
            bucket: bucket.to_owned(),
            expected_bucket_owner: None,
        };
        self.files.head_bucket(internal(head)).await.map(drop)
    }

    /// Writes a body into a file of its own, which nothing names yet.
    pub(super) async fn write(
        &self,
        mut put: S3Request<PutObjectInput>,
    ) -> S3Result<(Entry, PutObjectOutput)> {
        self.expect_bucket(&put.input.bucket).await?;
        let blob = fresh_name()?;
        let bucket = put.input.bucket.clone();
        put.input.key.clone_from(&blob);
        put.input.if_match = None;
        put.input.if_none_match = None;
        put.input.content_encoding = stored_encoding(put.input.content_encoding.take());
        let written = self.files.put_object(put).await;
        if written.is_err() {
            self.discard(&bucket, &blob).await;
        }
        let output = written?.output;
        let head = self
            .files
            .head_object(internal(head_of(&bucket, &blob)))
            .await?;
        let entry = Entry {
            blob,
            size: head.output.content_length.unwrap_or(0).unsigned_abs(),
            etag: output
                .e_tag
                .as_ref()
                .map_or_else(String::new, |etag| etag.value().to_owned()),
            modified: head
                .output
                .last_modified
                .ok_or_else(|| s3_error!(InternalError))?,
            parts: Vec::new(),
        };
        Ok((entry, output))
    }

    /// Makes a written file the object, if what it replaces is as expected.
    pub(super) async fn publish(
        &self,
        bucket: &str,
        key: &str,
        entry: Entry,
        replaces: &Replaces,
    ) -> S3Result<()> {
        let mut catalogue = self.catalogue.write().await;
        let blob = entry.blob.clone();
        // The bucket may have been deleted while the body came.
        let allowed = self.expect_bucket(bucket).await;
        let allowed = allowed.and_then(|()| replaces.check(catalogue.get(bucket, key)));
        let published = allowed.and_then(|()| {
            let set = catalogue.set(bucket, key, Some(entry));
            set.map_err(S3Error::internal_error)
        });
        match published {
            Ok(None) => Ok(()),
            Ok(Some(old)) => {
                self.discard(bucket, &old.blob).await;
                Ok(())
            }
            Err(error) => {
                self.discard(bucket, &blob).await;
                Err(error)
            }
        }
    }

    /// Removes a file and what s3s-fs wrote beside it, which it would leave behind itself.
    pub(super) async fn discard(&self, bucket: &str, blob: &str) {
        let delete = DeleteObjectInput {
            bucket: bucket.to_owned(),
            key: blob.to_owned(),
            ..DeleteObjectInput::default()
        };
        let _ = self.files.delete_object(internal(delete)).await;
        let encoded = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        for kind in ["metadata", "internal"] {
            let name = format!(
                ".bucket-{}.object-{}.{kind}.json",
                encoded(bucket),
                encoded(blob)
            );
            let _ = tokio::fs::remove_file(self.root.join(name)).await;
        }
    }

    pub(super) async fn put(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let replaces = Replaces {
            if_match: request.input.if_match.take(),
            if_none_match: request.input.if_none_match.take(),
        };
        let (entry, output) = self.write(request).await?;
        self.publish(&bucket, &key, entry, &replaces).await?;
        Ok(S3Response::new(output))
    }

    pub(super) async fn get(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let mut input = request.input;
        self.expect_bucket(&input.bucket).await?;
        let catalogue = self.catalogue.read().await;
        let entry = catalogue
            .get(&input.bucket, &input.key)
            .ok_or_else(|| s3_error!(NoSuchKey))?;
        let reads = Reads {
            if_match: input.if_match.take(),
            if_none_match: input.if_none_match.take(),
            if_modified_since: input.if_modified_since.take(),
            if_unmodified_since: input.if_unmodified_since.take(),
        };
        reads.check(entry)?;
        input.key.clone_from(&entry.blob);
        if let Some(part) = input.part_number {
            input.range = part_range(entry, part)?;
        }
        let with_parts = input.part_number.filter(|_| !entry.parts.is_empty());
        let mut response = self.files.get_object(internal(input)).await?;
        response.output.e_tag = Some(ETag::Strong(entry.etag.clone()));
        response.output.accept_ranges = Some("bytes".to_owned());
        response.output.parts_count =
            with_parts.and_then(|_| i32::try_from(entry.parts.len()).ok());
        Ok(response)
    }

    pub(super) async fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let get = GetObjectInput {
            bucket: input.bucket,
            key: input.key,
            checksum_mode: input.checksum_mode,
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
            part_number: input.part_number,
            range: input.range,
            ..GetObjectInput::default()
        };
        let got = self.get(internal(get)).await?;
        Ok(S3Response::new(headed(got.output)))
    }

    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let mut input = request.input;
        let replaced = input.metadata_directive.as_ref();
        let replaced = replaced.is_some_and(|it| it.as_str() == MetadataDirective::REPLACE);
        let mut source = source_of(&input.copy_source)?;
        if !replaced && source.bucket == input.bucket && source.key == input.key {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
            ));
        }
        source.if_match = input.copy_source_if_match.take();
        source.if_none_match = input.copy_source_if_none_match.take();
        source.if_modified_since = input.copy_source_if_modified_since.take();
        source.if_unmodified_since = input.copy_source_if_unmodified_since.take();
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let source = self.read_for_copy(source).await?;
        let put = if replaced {
            relabelled(source, input)
        } else {
            copied(source, input)
        };
        let (entry, _) = self.write(internal(put)).await?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(entry.etag.clone())),
            last_modified: Some(entry.modified.clone()),
            ..CopyObjectResult::default()
        };
        self.publish(&bucket, &key, entry, &Replaces::default())
            .await?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        }))
    }

    /// Opens the source of a copy. A condition that does not hold is 412 here, never 304.
    pub(super) async fn read_for_copy(&self, source: GetObjectInput) -> S3Result<GetObjectOutput> {
        match self.get(internal(source)).await {
            Ok(got) => Ok(got.output),
            Err(error) if *error.code() == S3ErrorCode::NotModified => {
                Err(s3_error!(PreconditionFailed))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes an object; that there is none is fine.
    pub(super) async fn remove(&self, bucket: &str, key: &str) -> S3Result<()> {
        let mut catalogue = self.catalogue.write().await;
        if catalogue.get(bucket, key).is_none() {
            return Ok(());
        }
        let old = catalogue
            .set(bucket, key, None)
            .map_err(S3Error::internal_error)?;
        if let Some(old) = old {
            self.discard(bucket, &old.blob).await;
        }
        Ok(())
    }
}

fn head_of(bucket: &str, key: &str) -> HeadObjectInput {
    HeadObjectInput {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        ..HeadObjectInput::default()
    }
}

/// The request that reads the source of a copy.
pub(super) fn source_of(source: &CopySource) -> S3Result<GetObjectInput> {
    match source {
        CopySource::Bucket { bucket, key, .. } => Ok(GetObjectInput {
            bucket: bucket.to_string(),
            key: key.to_string(),
            ..GetObjectInput::default()
        }),
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(s3_error!(NotImplemented))
        }
    }
}

/// The bytes of one part of an object that was uploaded in parts; of any other object, part 1 is all of it.
fn part_range(entry: &Entry, part: i32) -> S3Result<Option<Range>> {
    let index = usize::try_from(part)
        .ok()
        .and_then(|part| part.checked_sub(1));
    let index = index.ok_or_else(|| s3_error!(InvalidArgument))?;
    if entry.parts.is_empty() && index == 0 {
        return Ok(None);
    }
    let size = entry
        .parts
        .get(index)
        .ok_or_else(|| s3_error!(InvalidPart))?;
    let first: u64 = entry.parts.iter().take(index).sum();
    Ok(match size.cmp(&0) {
        Ordering::Greater => Some(Range::Int {
            first,
            last: Some(first + size - 1),
        }),
        Ordering::Equal | Ordering::Less => None,
    })
}

/// The write that makes a copy with the source's metadata.
fn copied(source: GetObjectOutput, input: CopyObjectInput) -> PutObjectInput {
    PutObjectInput {
        body: source.body,
        bucket: input.bucket,
        key: input.key,
        content_length: source.content_length,
        cache_control: source.cache_control,
        content_disposition: source.content_disposition,
        content_encoding: source.content_encoding,
        content_language: source.content_language,
        content_type: source.content_type,
        expires: source.expires,
        metadata: source.metadata,
        website_redirect_location: input.website_redirect_location,
        ..PutObjectInput::default()
    }
}

/// The write that makes a copy with the request's metadata.
fn relabelled(source: GetObjectOutput, input: CopyObjectInput) -> PutObjectInput {
    PutObjectInput {
        body: source.body,
        bucket: input.bucket,
        key: input.key,
        content_length: source.content_length,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding,
        content_language: input.content_language,
        content_type: input.content_type,
        expires: input.expires,
        metadata: input.metadata,
        website_redirect_location: input.website_redirect_location,
        ..PutObjectInput::default()
    }
}

/// What HEAD says of what GET would bring.
fn headed(got: GetObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        accept_ranges: got.accept_ranges,
        cache_control: got.cache_control,
        checksum_crc32: got.checksum_crc32,
        checksum_crc32c: got.checksum_crc32c,
        checksum_crc64nvme: got.checksum_crc64nvme,
        checksum_sha1: got.checksum_sha1,
        checksum_sha256: got.checksum_sha256,
        content_disposition: got.content_disposition,
        content_encoding: got.content_encoding,
        content_language: got.content_language,
        content_length: got.content_length,
        content_range: got.content_range,
        content_type: got.content_type,
        e_tag: got.e_tag,
        expires: got.expires,
        last_modified: got.last_modified,
        metadata: got.metadata,
        parts_count: got.parts_count,
        website_redirect_location: got.website_redirect_location,
        ..HeadObjectOutput::default()
    }
}
