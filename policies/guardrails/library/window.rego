# Some buckets are written at certain times only. Times are UTC.
package portcullis.guardrails

# By the first letters of a bucket's name: the days, and the hours from and to (the last is not within).
windows := {"archive-": {"days": {"Saturday", "Sunday"}, "from": 2, "to": 6}}

deny contains {"code": "WINDOW", "msg": sprintf("%v is not written at this time", [input.resource.bucket])} if {
	input.operation.writes
	some prefix, window in windows
	startswith(input.resource.bucket, prefix)
	not window_open(window)
}

window_open(window) if {
	input.request.time.weekday in window.days
	input.request.time.hour >= window.from
	input.request.time.hour < window.to
}
