"""What looks like a secret is taken out of a text."""

from __future__ import annotations

import pytest

from cursor_api.options.masking import MARK, escape_controls, redact_shapes
from tests.secret_shapes import SHAPES


def device_parts(secret: str) -> list[str]:
    """What must not be left over: every run of eight characters, but the public time part."""
    body = secret.removeprefix("paaotdDV").removeprefix("paaotdab")
    return [body[start : start + 8] for start in range(0, len(body) - 7, 8)]


@pytest.mark.parametrize("secret", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(
    "frame", ["{}", "a {} b", "token={}&x=1", '{{"k": "{}"}}', "('{}',)", "/{}", "({})", "{}\nnext"]
)
def test_known_shapes_are_hidden(secret: str, frame: str) -> None:
    """Every form of a credential is hidden, alone and inside other text, with no tail left."""
    redacted = redact_shapes(frame.format(secret))
    assert MARK in redacted
    assert not [part for part in device_parts(secret) if part in redacted]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc", "Authorization: Bearer [redacted]"),
        ("authorization: bearer abc, next", "authorization: bearer [redacted]"),
        ("BEARER   two", "BEARER [redacted]"),
        ("Bearer%20abc", "Bearer[redacted]"),
        ("(b'authorization', b'Bearer abc')", "(b'authorization', b'Bearer [redacted]')"),
        ("Bearer one,two,three", "Bearer [redacted]"),
        ('{"a": "Bearer abc", "b": 1}', '{"a": "Bearer [redacted]", "b": 1}'),
    ],
)
def test_what_follows_bearer_is_hidden_whatever_it_is(text: str, expected: str) -> None:
    """A caller's key has no shape of its own; the word in front of it gives it away."""
    assert redact_shapes(text) == expected
    # An error is redacted where it arises, and once more on its way into the log.
    assert redact_shapes(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "request finished",
        "model=claude-3-5-sonnet-20241022 id=0b1f5a52-2f6e-4d0e-9e57-1f2e3d4c5b6a",
        "chatcmpl-0123456789abcdef0123456789abcdef",
        "a sha-1: 356a192b7913b04c54574d18c28d46e6395428ab",
        "eyJh…9xYz",
        "KeyError: 'key_name'",
        "user_01ABC is over its limit",
        "time 12:30::45 and %3A",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Ids, models, masks and short hashes are what logs are read for."""
    assert redact_shapes(text) == text


def test_control_characters_are_spelled_out() -> None:
    """Line ends, terminal colours, reversed text and lone surrogates cannot play tricks."""
    assert escape_controls("a\nb\r\x1b[31m\u202e\udcff 中文") == (
        "a\\nb\\r\\x1b[31m\\u202e\\udcff 中文"
    )
