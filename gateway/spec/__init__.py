"""The published OpenAPI document: declared in `operations`, built by `document`, shown by `page`, on `routes`."""
