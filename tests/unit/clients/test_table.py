"""The table of clients."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from cursor_api.clients.client import Client, Place, fill, fill_argument
from cursor_api.clients.table import CLIENTS, find_client

PLACE = Place("http://127.0.0.1:3000", "the-key", "big", "little", ("big", "little"))


def test_a_name_is_one_client() -> None:
    """Other names lead to it as well, in any case."""
    names = [name for one in CLIENTS.values() for name in (one.name, *one.aliases)]
    assert len(set(names)) == len(names)
    assert all(find_client(name.upper()) is not None for name in names)
    assert find_client("nobody") is None


@pytest.mark.parametrize("client", CLIENTS.values(), ids=str)
def test_a_client_learns_address_key_and_model(client: Client) -> None:
    """Somewhere in what it is given; nothing stays unfilled, and what runs says how to get it."""
    templates = [text for _, text in client.variables]
    templates += [step.en for step in client.steps]
    templates += [snippet.template for snippet in client.snippets]
    templates += [client.file.template] if client.file else []
    whole = "\n".join(fill_argument(template, PLACE) for template in templates)
    assert PLACE.root_url in whole
    assert PLACE.key in whole
    assert "big" in whole or client.name == "open-webui", client
    assert not re.search(r"@(?:root|v1|key|model|small|models)@", whole)
    assert bool(client.program) == bool(client.install)
    assert all(step.zh != step.en for step in client.steps)


def test_files_are_what_they_say_they_are() -> None:
    """JSON and TOML that can be read, with the values in them."""
    opencode = CLIENTS["opencode"].file
    codex = CLIENTS["codex"].file
    assert opencode is not None
    assert codex is not None
    read = json.loads(fill(opencode.template, opencode.language, PLACE))
    assert read["provider"]["cursor-api"]["models"] == {"big": {}, "little": {}}
    table = tomllib.loads(fill(codex.template, codex.language, PLACE))
    assert table["model_providers"]["cursor-api"]["wire_api"] == "responses"
    # What `run` says in arguments is the same.
    pairs = [fill_argument(one, PLACE) for one in CLIENTS["codex"].arguments[1::2]]
    merged = tomllib.loads("\n".join(pairs))
    assert merged == table
