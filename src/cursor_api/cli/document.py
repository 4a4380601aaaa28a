"""Writes the documents that are generated: `python -m cursor_api.cli.document docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from cursor_api.cli.documents.clients import write_clients
from cursor_api.cli.documents.commands import write_commands
from cursor_api.cli.documents.configuration import write_configuration


def write_documents(folder: Path) -> None:
    """All of them, in every language; of docs/clients.md a part alone, which has to be there."""
    write_configuration(folder)
    write_commands(folder)
    write_clients(folder)


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]))
