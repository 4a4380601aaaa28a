"""StreamChat's response messages as deltas."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import Citation, CitationDelta, StatusDelta, TextDelta
from cursor_api.upstreams.cursor.messages import decode_chat_response
from cursor_api.wire.protobuf import (
    ProtobufError,
    field_bytes,
    field_double,
    field_string,
    field_varint,
)
from tests.vectors.load import answer


def test_text_is_a_delta() -> None:
    """Field 1, whole and untouched."""
    assert decode_chat_response(field_string(1, " 世\n")) == [TextDelta(" 世\n")]


@pytest.mark.parametrize("payload", [b"", field_string(1, ""), field_bytes(4, b"")])
def test_what_says_nothing_gives_nothing(payload: bytes) -> None:
    """The empty frame that marks the beginning of the answer, an empty text, no citation."""
    assert decode_chat_response(payload) == []


def test_the_prompt_echo_is_dropped() -> None:
    """Field 5 discloses Cursor's own prompt, and is not even decoded: it need not be UTF-8."""
    assert decode_chat_response(field_bytes(4, b"") + field_bytes(5, b"\xff<|BEGIN")) == []
    assert decode_chat_response(answer().payloads[0]) == []


def test_cited_pages_are_citations_without_their_text() -> None:
    """Field 11: address and title; the page itself stays behind."""
    page = field_string(1, "https://a/") + field_string(2, "A") + field_string(3, "x" * 5000)
    payload = field_bytes(11, field_bytes(1, page) + field_bytes(1, field_string(1, "https://b/")))
    assert decode_chat_response(payload) == [
        CitationDelta((Citation("https://a/", "A"), Citation("https://b/", "")))
    ]


def test_cited_documents_are_citations() -> None:
    """Field 4: the page's title, or the document's name where there is none."""
    first = (
        field_string(1, "numpy")
        + field_string(2, "https://n/")
        + field_string(3, "chunk")
        + field_double(4, 0.5)
        + field_string(5, "Arrays")
    )
    payload = field_bytes(4, field_bytes(1, first) + field_bytes(1, field_string(1, "local")))
    assert decode_chat_response(payload) == [
        CitationDelta((Citation("https://n/", "Arrays"), Citation("", "local")))
    ]


def test_a_citation_of_nothing_is_none() -> None:
    """An entry with neither address nor title is not passed on."""
    assert decode_chat_response(field_bytes(11, field_bytes(1, b""))) == []


def test_statuses_come_one_by_one_and_an_empty_one_clears() -> None:
    """Field 12, as the editor shows it beside a spinner."""
    reading = field_bytes(1, field_string(1, "Reading links") + field_string(2, "{}"))
    assert decode_chat_response(field_bytes(12, reading + reading)) == [
        StatusDelta("Reading links"),
        StatusDelta("Reading links"),
    ]
    assert decode_chat_response(field_bytes(12, b"")) == [StatusDelta("")]
    assert decode_chat_response(field_bytes(12, field_bytes(1, b""))) == [StatusDelta("")]


def test_all_that_is_unknown_is_skipped() -> None:
    """Fields of later versions, and known numbers of another wire type."""
    payload = (
        field_varint(1, 7)
        + field_varint(12, 7)
        + field_double(13, 1.0)
        + field_string(27, "usage")
        + field_string(500, "?")
        + field_string(1, "text")
    )
    assert decode_chat_response(payload) == [TextDelta("text")]


def test_of_a_text_that_comes_twice_the_last_counts() -> None:
    """Protobuf's rule for a field that is not repeated."""
    assert decode_chat_response(field_string(1, "a") + field_string(1, "b")) == [TextDelta("b")]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x0a",
        b"\x0a\x05abc",
        b"\x0a\x02\xc3(",
        b"\x00",
        b"\x0b",
        field_bytes(11, b"\x0a\x05"),
        field_bytes(11, field_bytes(1, b"\x0a\x01\xff")),
        field_bytes(12, b"\xff"),
    ],
)
def test_a_malformed_message_is_refused(payload: bytes) -> None:
    """Half a message is never taken for a whole one."""
    with pytest.raises(ProtobufError):
        decode_chat_response(payload)
