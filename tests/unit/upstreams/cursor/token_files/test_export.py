"""The JSON in which later versions of the earlier program give their tokens."""

from __future__ import annotations

import json

import pytest

from cursor_api.upstreams.cursor.forms import is_checksum
from cursor_api.upstreams.cursor.token_files.export import read_export

FIRST, SECOND = "a" * 64, "b" * 64


def test_items_become_lines_with_their_device() -> None:
    """Both shapes of an item, and of a checksum; the ids are kept as they are."""
    facts = {"primary_token": "eyJ1.a.b", "checksum": {"first": FIRST, "second": SECOND}}
    tokens = [
        [0, "work", facts],
        {"alias": "home", "token": "eyJ2.a.b", "checksum": "text"},
        {"token": "eyJ3.a.b"},
        "eyJ4.a.b,text",
    ]
    lines = read_export(json.dumps({"status": "success", "tokens": tokens}).encode())
    assert lines is not None
    first, *others = lines
    assert first is not None
    token, checksum = first.split(",")
    assert token == "work::eyJ1.a.b"
    assert is_checksum(checksum)
    assert checksum[8:] == f"{FIRST}/{SECOND}"
    assert others == ["home::eyJ2.a.b,text", "eyJ3.a.b", "eyJ4.a.b,text"]


@pytest.mark.parametrize("item", [3, None, [], [1, "a"], {"alias": "a"}, {"token": 5}])
def test_an_item_without_a_token_keeps_its_place(item: object) -> None:
    """So that it is told by its number."""
    assert read_export(json.dumps([item, "eyJ.a.b"]).encode()) == [None, "eyJ.a.b"]


@pytest.mark.parametrize(
    "text", ["", "eyJ.a.b", "{", '{"tokens": 5}', '{"other": []}', "[" * 100_000]
)
def test_other_texts_are_no_export(text: str) -> None:
    """They are read as lines."""
    assert read_export(text.encode()) is None
