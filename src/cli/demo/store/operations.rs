//! The operations of the store, as s3s calls them.

use super::Store;
use super::listing::{Page, Wanted, page, url_encoded};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
    CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, EncodingType,
    GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    MultipartUpload, Object, ObjectStorageClass, PutObjectInput, PutObjectOutput,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

/// The most keys of one page, and how many it has unless the request says.
const PAGE: i32 = 1000;

#[async_trait::async_trait]
impl S3 for Store {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let mut response = self.files.list_buckets(request).await?;
        if let Some(buckets) = &mut response.output.buckets {
            buckets.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(response)
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let _alone = self.catalogue.write().await;
        // There is one user, so a bucket that exists is theirs.
        match self.expect_bucket(&request.input.bucket).await {
            Ok(()) => Err(s3_error!(BucketAlreadyOwnedByYou)),
            Err(_) => {
                let location = format!("/{}", request.input.bucket);
                let mut response = self.files.create_bucket(request).await?;
                response.output.location = Some(location);
                Ok(response)
            }
        }
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.files.get_bucket_location(request).await
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let mut catalogue = self.catalogue.write().await;
        let bucket = request.input.bucket.clone();
        self.expect_bucket(&bucket).await?;
        if !catalogue.is_empty(&bucket) {
            return Err(s3_error!(BucketNotEmpty));
        }
        catalogue
            .uploads
            .retain(|_, upload| upload.begun.bucket != bucket);
        self.files.delete_bucket(request).await
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.put(request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(request).await
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        self.copy(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.expect_bucket(&request.input.bucket).await?;
        self.remove(&request.input.bucket, &request.input.key)
            .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        self.expect_bucket(&input.bucket).await?;
        let mut deleted = Vec::new();
        for object in input.delete.objects {
            self.remove(&input.bucket, &object.key).await?;
            deleted.push(DeletedObject {
                key: Some(object.key),
                ..DeletedObject::default()
            });
        }
        let quiet = input.delete.quiet.unwrap_or(false);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        self.expect_bucket(&input.bucket).await?;
        let text = Text::of(input.encoding_type.as_ref());
        let catalogue = self.catalogue.read().await;
        let max = page_size(input.max_keys)?;
        let wanted = Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            max: max.unsigned_abs() as usize,
        };
        let page = page(&catalogue, &wanted);
        let has_delimiter = !wanted.delimiter.is_empty();
        Ok(S3Response::new(ListObjectsOutput {
            contents: Some(text.objects(&page)),
            common_prefixes: Some(text.prefixes(&page)),
            is_truncated: Some(page.next.is_some()),
            // Without a delimiter the last key of the page is the marker, and AWS leaves it out.
            next_marker: page
                .next
                .filter(|_| has_delimiter)
                .map(|next| text.write(next)),
            marker: Some(text.write(wanted.after)),
            prefix: Some(text.write(wanted.prefix)),
            delimiter: input
                .delimiter
                .as_deref()
                .map(|delimiter| text.write(delimiter)),
            max_keys: Some(max),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.expect_bucket(&input.bucket).await?;
        let text = Text::of(input.encoding_type.as_ref());
        let resumed = input
            .continuation_token
            .as_deref()
            .map(position_of)
            .transpose()?;
        let catalogue = self.catalogue.read().await;
        let max = page_size(input.max_keys)?;
        let wanted = Wanted {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: resumed
                .as_deref()
                .or(input.start_after.as_deref())
                .unwrap_or_default(),
            max: max.unsigned_abs() as usize,
        };
        let page = page(&catalogue, &wanted);
        Ok(S3Response::new(ListObjectsV2Output {
            contents: Some(text.objects(&page)),
            common_prefixes: Some(text.prefixes(&page)),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(token_of),
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            prefix: Some(text.write(wanted.prefix)),
            delimiter: input
                .delimiter
                .as_deref()
                .map(|delimiter| text.write(delimiter)),
            start_after: input.start_after.as_deref().map(|start| text.write(start)),
            max_keys: Some(max),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.begin_upload(request.input).await.map(S3Response::new)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        self.put_part(request).await
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.copy_part(request.input).await.map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete(request.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        self.expect_upload(&input.upload_id, &input.bucket, &input.key)
            .await?;
        self.forget_upload(&input.upload_id).await;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let max = page_size(input.max_parts)?;
        let marker = input.part_number_marker.unwrap_or(0);
        let mut parts = self
            .parts(&input.upload_id, &input.bucket, &input.key)
            .await?;
        parts.retain(|part| part.part_number > Some(marker));
        let truncated = parts.len() > max.unsigned_abs() as usize;
        parts.truncate(max.unsigned_abs() as usize);
        Ok(S3Response::new(ListPartsOutput {
            is_truncated: Some(truncated),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            part_number_marker: Some(marker),
            max_parts: Some(max),
            parts: Some(parts),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        self.expect_bucket(&input.bucket).await?;
        let text = Text::of(input.encoding_type.as_ref());
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let catalogue = self.catalogue.read().await;
        let mut uploads: Vec<_> = catalogue
            .uploads
            .iter()
            .filter(|(_, upload)| upload.begun.bucket == input.bucket)
            .filter(|(_, upload)| upload.begun.key.starts_with(prefix))
            .collect();
        uploads.sort_by(|(_, a), (_, b)| a.begun.key.cmp(&b.begun.key));
        let uploads = uploads.into_iter().map(|(id, upload)| MultipartUpload {
            upload_id: Some(id.clone()),
            key: Some(text.write(&upload.begun.key)),
            initiated: Some(upload.initiated.clone()),
            ..MultipartUpload::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(false),
            prefix: input.prefix.as_deref().map(|prefix| text.write(prefix)),
            encoding_type: input.encoding_type,
            bucket: Some(input.bucket),
            ..ListMultipartUploadsOutput::default()
        }))
    }
}

fn page_size(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        None => Ok(PAGE),
        Some(asked) if asked < 0 => Err(s3_error!(InvalidArgument)),
        Some(asked) => Ok(asked.min(PAGE)),
    }
}

/// Continuation tokens are opaque: hex, so that no client decodes or trims them.
fn token_of(position: &str) -> String {
    position.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn position_of(token: &str) -> S3Result<String> {
    let wrong = || {
        s3_error!(
            InvalidArgument,
            "The continuation token provided is incorrect"
        )
    };
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? as u8 * 16 + digit(low)? as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = token.as_bytes().chunks(2).map(byte).collect();
    String::from_utf8(bytes.ok_or_else(wrong)?).map_err(|_| wrong())
}

/// How names are written into a listing.
#[derive(Clone, Copy)]
enum Text {
    Plain,
    UrlEncoded,
}

impl Text {
    fn of(encoding: Option<&EncodingType>) -> Self {
        match encoding {
            Some(encoding) if encoding.as_str() == EncodingType::URL => Self::UrlEncoded,
            Some(_) | None => Self::Plain,
        }
    }

    fn write(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::UrlEncoded => url_encoded(text),
        }
    }

    fn objects(self, page: &Page<'_>) -> Vec<Object> {
        let objects = page.objects.iter().map(|(key, entry)| Object {
            key: Some(self.write(key)),
            e_tag: Some(ETag::Strong(entry.etag.clone())),
            last_modified: Some(entry.modified.clone()),
            size: i64::try_from(entry.size).ok(),
            storage_class: Some(ObjectStorageClass::from_static(
                ObjectStorageClass::STANDARD,
            )),
            ..Object::default()
        });
        objects.collect()
    }

    fn prefixes(self, page: &Page<'_>) -> Vec<CommonPrefix> {
        let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
            prefix: Some(self.write(prefix)),
        });
        prefixes.collect()
    }
}
