# The data perimeter: our identities, our buckets, our networks.
package portcullis.guardrails

perimeter_accounts := {"111122223333", "222233334444"} # the accounts of the organisation

perimeter_networks := ["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"] # where requests may come from

perimeter_open := {"public-assets"} # buckets that anybody may read

deny contains {"code": "PERIMETER_IDENTITY", "msg": "the caller is not of the organisation"} if {
	not perimeter_public_read
	not object.get(input.principal, "account", "") in perimeter_accounts
}

deny contains {"code": "PERIMETER_RESOURCE", "msg": "the bucket is not of the organisation"} if {
	some account in perimeter_owners
	not account in perimeter_accounts
}

deny contains {"code": "PERIMETER_NETWORK", "msg": "requests must come from a network of the organisation"} if {
	not perimeter_public_read
	not perimeter_inside
}

perimeter_public_read if {
	not input.operation.writes
	input.operation.level == "object"
	input.resource.bucket in perimeter_open
}

# Both sides of a copy; what has no bucket, such as the service, belongs to its caller.
perimeter_owners contains input.resource.owner if input.resource.bucket

perimeter_owners contains input.copy_source.owner

perimeter_inside if {
	some network in perimeter_networks
	net.cidr_contains(network, input.request.source_ip)
}
