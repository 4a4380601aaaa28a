"""What of a request its answer repeats.

Rules of this file:
- Tools and instructions are not repeated: an agent sends twenty kilobytes of them, they would be
  in three events of every stream, and no client is known to look at them there.
- Nothing of it may be longer than a bound, as it is kept for as long as the stream lasts.
"""

from __future__ import annotations

import operator
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai_responses.parameters import CHOICES
from cursor_api.dialects.openai_responses.schema import ResponsesIn
from cursor_api.wire.json_lenient import FLAG, NOTHING, TEXT, find_value
from cursor_api.wire.sse_text import encode_line, escape_line_ends

# What may have been given of what is repeated.
_get_repeated: Final = operator.attrgetter(
    *("max_output_tokens", "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning"),
    *("temperature", "text", "tool_choice", "top_p", "user"),
)
# Of one field: metadata has 8 KiB at most at OpenAI, and a longer schema helps nobody here.
BYTES_MAX: Final = 8 * 1024

# A number that is longer is not repeated.
NUMBER_BYTES_MAX: Final = 40

_CONSTANT: Final = (
    b'"background":false,"instructions":null,"max_tool_calls":null,"safety_identifier":null,'
    b'"service_tier":"default","tools":[],"top_logprobs":0,"truncation":"disabled",'
)
_NUMBERS: Final = frozenset(b"-0123456789")


def read_echo(given: ResponsesIn, *, is_kept: bool) -> bytes:
    """Fields of a JSON object, on one line, each with a comma behind it."""
    if given.previous_response_id is None and _get_repeated(given) == _NOTHING_REPEATED:
        # Most requests that are no agent's have none of them.
        return _PLAIN[is_kept]
    return _read_echo(given, is_kept=is_kept)


def _read_echo(given: ResponsesIn, *, is_kept: bool) -> bytes:
    is_parallel = find_value(FLAG, given.parallel_tool_calls) is not False
    return b"".join(
        (
            _CONSTANT,
            b'"max_output_tokens":%b,' % _number(given.max_output_tokens),
            b'"metadata":%b,' % _object(given.metadata, b"{}"),
            b'"parallel_tool_calls":%b,' % (b"true" if is_parallel else b"false"),
            b'"previous_response_id":%b,' % _text(given.previous_response_id),
            b'"prompt_cache_key":%b,' % _text(find_value(TEXT, given.prompt_cache_key)),
            b'"reasoning":%b,' % _object(given.reasoning, b'{"effort":null,"summary":null}'),
            b'"store":%b,' % (b"true" if is_kept else b"false"),
            b'"temperature":%b,' % _number(given.temperature),
            b'"text":%b,' % _object(given.text, b'{"format":{"type":"text"}}'),
            b'"tool_choice":%b,' % _choice(given.tool_choice),
            b'"top_p":%b,' % _number(given.top_p),
            b'"user":%b,' % _text(find_value(TEXT, given.user)),
        )
    )


def _choice(raw: Raw) -> bytes:
    word = find_value(TEXT, raw)
    return encode_line(word) if word is not None and word in CHOICES else _object(raw, b'"auto"')


def _number(raw: Raw) -> bytes:
    written = bytes(raw)
    return written if written[0] in _NUMBERS and len(written) <= NUMBER_BYTES_MAX else b"null"


def _object(raw: Raw, default: bytes) -> bytes:
    if raw is NOTHING:
        return default
    written = _written(raw)
    return written if written.startswith(b"{") else default


def _written(raw: Raw) -> bytes:
    """As it was given, on one line; b"null" where it is too long to be kept."""
    if len(memoryview(raw)) > BYTES_MAX:
        return b"null"
    return escape_line_ends(msgspec.json.format(bytes(raw), indent=-1))


def _text(text: str | None) -> bytes:
    return b"null" if not text or len(text) > BYTES_MAX // 4 else encode_line(text)


_NOTHING_ASKED: Final = ResponsesIn("")
_NOTHING_REPEATED: Final = _get_repeated(_NOTHING_ASKED)
_PLAIN: Final = {flag: _read_echo(_NOTHING_ASKED, is_kept=flag) for flag in (False, True)}
