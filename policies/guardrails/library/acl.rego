# Nothing is made public, or anybody else's, by an ACL: neither by a canned one nor by a grant.
package portcullis.guardrails

acl_canned := {"private", "bucket-owner-full-control", "bucket-owner-read"}

acl_grants := {
	"x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp",
	"x-amz-grant-write", "x-amz-grant-write-acp",
}

deny contains {"code": "ACL", "msg": sprintf("the canned ACL %v is not allowed", [acl])} if {
	acl := input.request.headers["x-amz-acl"]
	not acl in acl_canned
}

deny contains {"code": "ACL", "msg": sprintf("%v is not allowed", [name])} if {
	some name, _ in input.request.headers
	name in acl_grants
}
