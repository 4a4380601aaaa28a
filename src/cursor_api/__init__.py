"""A self-hosted gateway that puts your own Cursor account behind an OpenAI-compatible API."""

__version__ = "0.2.0"
