# Every request comes over TLS, of this version or a later one.
package portcullis.guardrails

tls_versions := ["1.2", "1.3"] # of those the gateway speaks, the ones that may be used

deny contains {"code": "TLS", "msg": "requests must come over TLS"} if not input.request.secure_transport

deny contains {"code": "TLS", "msg": msg} if {
	input.request.secure_transport
	not input.request.tls_version in tls_versions
	msg := sprintf("TLS %v is not allowed", [object.get(input.request, "tls_version", "of an unknown version")])
}
