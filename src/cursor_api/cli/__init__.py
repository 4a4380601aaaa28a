"""The `cursor-api` command: parses and delegates."""

from cursor_api.cli.command import main

__all__ = ["main"]
