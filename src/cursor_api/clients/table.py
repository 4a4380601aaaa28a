"""All clients that are known, by name: for the command line, the documents and the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cursor_api.clients.agents import AGENTS
from cursor_api.clients.chats import CHATS
from cursor_api.clients.client import Client

# In the order in which people read about them.
CLIENTS: Final[Mapping[str, Client]] = {client.name: client for client in (*AGENTS, *CHATS)}


def find_client(name: str) -> Client | None:
    """The one of this name, or of this other name, in any case."""
    wanted = name.lower()
    return CLIENTS.get(wanted) or next(
        (client for client in CLIENTS.values() if wanted in client.aliases), None
    )
