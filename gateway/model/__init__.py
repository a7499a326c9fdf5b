"""The domain, pure: no I/O, no clock, no vendor, no HTTP, no Redis."""
