"""The `cursor-api` command: parses arguments and calls what is below."""

from cursor_api.cli.command import main

__all__ = ["main"]
