from __future__ import annotations

import pytest

from cursor_api.simulator.cursor.refusals import (
    CODES_BY_NUMBER,
    ERROR_NAMES,
    TITLES_BY_NUMBER,
    ErrorText,
    Refusal,
    error_code,
    error_name,
    numbered_end_frame,
    numbered_error,
)
from cursor_api.wire.connect import CODE_TO_HTTP, EnvelopeDecoder, parse_end_stream

# ErrorDetails as base64 without padding, recomputed from decoded captures.
VECTORS = [
    (11, "Not logged in", "Please log in.", "CAsSHwoNTm90IGxvZ2dlZCBpbhIOUGxlYXNlIGxvZyBpbi4YAQ"),
    (7, "Rate limited", "Try again later.", "CAcSIAoMUmF0ZSBsaW1pdGVkEhBUcnkgYWdhaW4gbGF0ZXIuGAE"),
    (50, "Rate limited", "Slow down.", "CDISGgoMUmF0ZSBsaW1pdGVkEgpTbG93IGRvd24uGAE"),
]


@pytest.mark.parametrize(("number", "title", "detail", "value"), VECTORS)
def test_details_are_the_known_bytes(number: int, title: str, detail: str, value: str) -> None:
    """The base64 of the vectors, whether the words are given or come from the table."""
    for text in (ErrorText(title, detail), None):
        details = numbered_error(number, text)["details"]
        assert isinstance(details, list)
        assert details[0]["value"] == value


def test_an_end_frame_is_the_known_bytes() -> None:
    """The header of the vector for number 50, and the JSON behind it to the letter."""
    frame = numbered_end_frame(50)
    assert frame[:5] == bytes.fromhex("0200000111")
    assert frame[5:] == (
        b'{"error":{"code":"resource_exhausted","message":"Error","details":[{"type":"aiserver.v1.'
        b'ErrorDetails","debug":{"error":"ERROR_RATE_LIMITED","details":{"title":"Rate limited",'
        b'"detail":"Slow down."},"isExpected":true},'
        b'"value":"CDISGgoMUmF0ZSBsaW1pdGVkEgpTbG93IGRvd24uGAE"}]}}'
    )


def test_numbers_have_their_names() -> None:
    """The list has 54 entries; those that were seen on the wire are in their places."""
    assert len(ERROR_NAMES) == 54
    assert len(set(ERROR_NAMES)) == 54
    assert error_name(28) == "ERROR_GPT_4_VISION_PREVIEW_RATE_LIMIT"
    assert error_name(38) == "ERROR_UNAUTHORIZED"
    assert error_name(50) == "ERROR_RATE_LIMITED"
    assert error_name(53) == "ERROR_HOOKS_BLOCKED"
    assert error_name(99) == "ERROR_99"


def test_every_code_is_one_of_connects() -> None:
    """And the two that were seen on the wire are as seen."""
    assert set(CODES_BY_NUMBER.values()) <= set(CODE_TO_HTTP)
    assert set(CODES_BY_NUMBER) <= set(range(len(ERROR_NAMES)))
    assert error_code(28) == "resource_exhausted"
    assert error_code(38) == "unauthenticated"
    assert error_code(0) == error_code(99) == "unknown"


@pytest.mark.parametrize("number", [*range(len(ERROR_NAMES)), 99])
def test_every_number_makes_an_error_that_parses(number: int) -> None:
    """The gateway's own parser reads each; the detail's first field is the number."""
    decoder = EnvelopeDecoder(4096, 4096)
    (frame,) = decoder.feed(numbered_end_frame(number))
    error = parse_end_stream(frame.payload).error
    assert error is not None
    assert (error.code, error.message) == (error_code(number), "Error")
    assert error.details[0].value[:2] == bytes((0x08, number))


def test_retryable_and_unexpected_are_said() -> None:
    """In the bytes and in the readable part."""
    error = numbered_error(50, ErrorText("T", "D", is_retryable=True, is_expected=False))
    details = error["details"]
    assert isinstance(details, list)
    assert details[0]["debug"]["details"] == {"title": "T", "detail": "D", "isRetryable": True}
    assert details[0]["debug"]["isExpected"] is False
    assert details[0]["value"] == "CDISCAoBVBIBRCABGAA"


def test_a_refusal_is_numbered_or_the_librarys_own() -> None:
    """Numbered: the message is "Error", the words are details. Else the message says it."""
    numbered = parse_end_stream(Refusal.numbered(5, "no such model").end_frame()[5:]).error
    assert numbered is not None
    assert (numbered.code, numbered.message) == ("invalid_argument", "Error")
    debug = numbered.details[0].debug
    assert isinstance(debug, dict)
    assert debug["details"] == {"title": TITLES_BY_NUMBER[5][0], "detail": "no such model"}
    plain = parse_end_stream(Refusal("unimplemented", "unknown compression").end_frame()[5:]).error
    assert plain is not None
    assert (plain.code, plain.message, plain.details) == (
        "unimplemented",
        "unknown compression",
        (),
    )
