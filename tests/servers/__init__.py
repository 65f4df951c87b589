"""Servers the client suites run against: each starts on free loopback ports and ends by its own process id."""
