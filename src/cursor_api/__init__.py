"""A self-hosted gateway: a Cursor account and other endpoints behind one address."""

__version__ = "0.2.0"
