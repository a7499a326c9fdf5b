"""One durable REST API in front of SMS and voice vendors."""

__version__ = "0.1.0"
