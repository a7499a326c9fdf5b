"""One suite for every provider type: what it declares it can do, and nothing else. See docs/adding-a-provider.md."""
