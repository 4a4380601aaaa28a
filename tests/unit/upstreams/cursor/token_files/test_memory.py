"""Credentials in memory: a gateway without files has the rules of one with files."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import StoreError
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from tests.unit.upstreams.cursor.token_files.token_folder import checksum


async def test_a_memory_store_begins_with_what_it_is_given() -> None:
    """In order, each with its alias and its device."""
    given = [Credential(f"n{n}", Secret(f"token-{n}"), checksum(n), "cursor") for n in range(3)]
    store = MemoryCredentialStore(given, lambda: checksum(1000))
    assert list(await store.load()) == given
    assert (await store.read_text()).token_text.startswith("n0::token-0\n")


def test_what_no_file_could_hold_is_no_credential_here_either() -> None:
    """A demo shows what the real store would do."""
    for credential in (
        Credential("a", Secret("x y"), checksum(1)),
        Credential("a", Secret("x"), "no checksum"),
    ):
        with pytest.raises(StoreError):
            MemoryCredentialStore([credential], lambda: checksum(1000))
