# Objects are written with SSE-KMS, under keys of ours. The default encryption of a bucket does not count: it is not
# visible to the gateway.
package portcullis.guardrails

# ARNs of keys, exactly as clients must name them; `*` at the end stands for any rest.
encryption_keys := ["arn:aws:kms:eu-central-1:111122223333:key/*"]

encrypts := {"PutObject", "PostObject", "CopyObject", "CreateMultipartUpload"}

deny contains {"code": "ENCRYPTION", "msg": "objects must be written with SSE-KMS"} if {
	input.operation.name in encrypts
	not object.get(input.request.headers, "x-amz-server-side-encryption", "") in {"aws:kms", "aws:kms:dsse"}
}

deny contains {"code": "ENCRYPTION_KEY", "msg": "objects must be written under a KMS key that is allowed"} if {
	input.operation.name in encrypts
	object.get(input.request.headers, "x-amz-server-side-encryption", "") in {"aws:kms", "aws:kms:dsse"}
	key := object.get(input.request.headers, "x-amz-server-side-encryption-aws-kms-key-id", "")
	not encryption_key_allowed(key)
}

encryption_key_allowed(key) if key in encryption_keys

encryption_key_allowed(key) if {
	some pattern in encryption_keys
	endswith(pattern, "*")
	startswith(key, trim_suffix(pattern, "*"))
}
