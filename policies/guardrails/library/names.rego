# Keys of new objects follow the conventions of their bucket.
package portcullis.guardrails

# By the first letters of a bucket's name: what a whole key must match.
names := {"lake-": `^(raw|refined)/[a-z0-9_-]+/[0-9]{4}/[0-9]{2}/[0-9]{2}/[A-Za-z0-9._-]+$`}

names_checked := {"PutObject", "PostObject", "CopyObject", "CreateMultipartUpload"}

deny contains {"code": "NAMES", "msg": sprintf("the key does not follow the conventions of %v", [input.resource.bucket])} if {
	input.operation.name in names_checked
	some prefix, pattern in names
	startswith(input.resource.bucket, prefix)
	not regex.match(pattern, input.resource.key)
}
