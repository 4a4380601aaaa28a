"""JSON bodies into typed values, with words that say precisely what does not fit.

Whatever bytes come in, either a value or a `Fault` comes out.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TypeVar

import msgspec

from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.wire.json_bounds import SLICE_BYTES, JsonLimits, check_bounds, too_deep

_T = TypeVar("_T")

# msgspec's words, version 0.20 and later; an unknown wording falls through to itself.
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]+)`, got `(?P<found>[^`]+)`")
_MISSING = re.compile(r"^Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(
    r"^Object contains unknown field `(?P<field>.*?)`( - at `[^`]*`)?$", re.DOTALL
)
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_BYTE = re.compile(r"^JSON is malformed: (?P<reason>.*) \(byte (?P<byte>\d+)\)$")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# What is repeated of a name that the caller made up.
UNKNOWN_LENGTH_MAX = 100
# A surrogate pair is twelve characters long: `\ud83d\ude00`.
_PAIR_BYTES = 12

_MARK = b"\xef\xbb\xbf"

_WORDS = {
    "str": "a string",
    "array": "an array",
    "object": "an object",
    "null": "null",
    "int": "an integer",
    "float": "a number with decimals",
    "bool": "a boolean",
}


def decode_json(
    decoder: msgspec.json.Decoder[_T], body: bytes, limits: JsonLimits
) -> Generator[None, None, _T]:
    """Decode a body of any type, in steps; raises Fault in this file's words, only that."""
    body = without_mark(body)
    yield from check_json(body, limits)
    return decode_checked(decoder, body, limits)


def without_mark(body: bytes) -> bytes:
    """Without the byte order mark, which Windows' programs write and RFC 8259 lets one ignore."""
    return body.removeprefix(_MARK)


def check_json(body: bytes, limits: JsonLimits) -> Generator[None, None, None]:
    """What no decoder looks at: the bytes of all of it, and the bounds; raises Fault."""
    if not body.isascii():
        # msgspec looks only into the strings it keeps; JSON is UTF-8 as a whole.
        yield from _check_utf8(body)
    yield from check_bounds(body, limits)


def decode_checked(decoder: msgspec.json.Decoder[_T], body: bytes, limits: JsonLimits) -> _T:
    """The same, of a body that was checked."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from error
    except msgspec.DecodeError as error:
        raise _malformed(body, str(error)) from error
    except RecursionError as error:
        # Only where the limit is above what this Python can do.
        raise too_deep(limits) from error


def _check_utf8(body: bytes) -> Generator[None, None, None]:
    start = 0
    while start < len(body):
        end = start + SLICE_BYTES
        # A character has four bytes at most; where it goes on for longer, it is none.
        for _ in range(3):
            if end < len(body) and body[end] & 0xC0 == 0x80:  # noqa: PLR2004 - RFC 3629, section 3
                end += 1
        try:
            body[start:end].decode()
        except UnicodeDecodeError as error:
            raise invalid_request(
                f"The request body is not valid UTF-8 (byte {start + error.start}).",
                code="invalid_json",
            ) from error
        start = end
        if start < len(body):
            yield


def _misfit(problem: str) -> Fault:
    """Well-formed JSON of the wrong shape."""
    where = _PATH.search(problem)
    path = where["path"] if where else ""
    if missing := _MISSING.match(problem):
        param = f"{path}.{missing['field']}" if path else missing["field"]
        return invalid_request(
            f"Missing required parameter: '{param}'.",
            code="missing_required_parameter",
            param=param,
        )
    if unknown := _UNKNOWN.match(problem):
        param = f"{path}.{unknown['field']}" if path else unknown["field"]
        param = param[:UNKNOWN_LENGTH_MAX]
        return invalid_request(
            f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param
        )
    if misfit := _EXPECTED.match(problem):
        expected = _join([_WORDS.get(word, word) for word in misfit["expected"].split(" | ")])
        found = _WORDS.get(misfit["found"], misfit["found"])
        subject = f"type for '{path}'" if path else "request body"
        return invalid_request(
            f"Invalid {subject}: expected {expected}, but got {found} instead.",
            code="invalid_type",
            param=path or None,
        )
    reason = problem[: where.start()] if where else problem
    return invalid_request(
        f"Invalid value for '{path}': {reason}.", code="invalid_value", param=path or None
    )


def _malformed(body: bytes, problem: str) -> Fault:
    """Not JSON at all."""
    if not body or body.isspace():
        return invalid_request(
            "The request body is empty; a JSON object is expected.", code="invalid_json"
        )
    located = _BYTE.match(problem)
    # Without a position msgspec ran out of bytes.
    position = int(located["byte"]) if located else len(body)
    reason = located["reason"] if located else "it ends too early"
    # msgspec has several words for half a surrogate pair, some of them misleading. JavaScript
    # clients produce one when they cut a string in the middle of an emoji.
    if _SURROGATE.search(body, max(0, position - _PAIR_BYTES), position + 1) and (
        located or body.rstrip().endswith(b"}")
    ):
        reason = "a string holds half of a UTF-16 surrogate pair"
    line_start = body.rfind(b"\n", 0, position) + 1
    line = body.count(b"\n", 0, position) + 1
    column = len(body[line_start:position].decode(errors="replace")) + 1
    return invalid_request(
        f"The request body is not valid JSON: {reason}"
        f" (line {line}, column {column}, byte {position}).",
        code="invalid_json",
    )


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
