"""Bodies of other client APIs that arrive at the address of chat completions.

Cursor's own editor sends those of responses here and wants chat completions back: they are read by
the other dialect and answered by this one. Anthropic's look alike, but their system text would be
dropped without a word: whoever sends one is told the address.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

import msgspec

from cursor_api.dialects.openai_chat.schema import StreamOptionsIn
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_lenient import NOTHING
from cursor_api.wire.limits import RequestLimits

# How the other dialect reads a body.
ReadBody = Callable[[bytes, RequestLimits], Generator[None, None, ParsedRequest]]


class _StrayIn(msgspec.Struct, gc=False):
    input: msgspec.Raw = NOTHING
    stream_options: StreamOptionsIn | None = None


_STRAY: Final = msgspec.json.Decoder(_StrayIn)


def refuse_system(system: msgspec.Raw) -> None:
    """Raise Fault for a system text beside the messages, as Anthropic's API has it."""
    if bytes(memoryview(system)[:1]) in {b'"', b"["}:
        raise invalid_request(
            "This body has 'system' beside its messages, as Anthropic's have: send it to"
            " /v1/messages, or the text as a message of the role system.",
            code="unsupported_value",
            param="system",
        )


def read_stray(
    body: bytes, limits: RequestLimits, fault: Fault, read_responses: ReadBody
) -> Generator[None, None, tuple[ParsedRequest, bool]]:
    """A body without messages that has an input, and whether it asks for a usage chunk.

    Raises the fault that was found before where it is no such body.
    """
    if fault.param != "messages" or fault.code != "missing_required_parameter":
        raise fault
    try:
        given = _STRAY.decode(body)
    except msgspec.MsgspecError:
        raise fault from None
    if given.input is NOTHING:
        raise fault
    parsed = yield from read_responses(body, limits)
    if parsed.thread is not None and parsed.thread.previous_id is not None:
        raise invalid_request(
            "'previous_response_id' is for /v1/responses; chat completions bring their whole"
            " conversation.",
            code="unsupported_value",
            param="previous_response_id",
        )
    if parsed.thread is not None and parsed.thread.references:
        raise invalid_request(
            "Items that are named by their ids are for /v1/responses; chat completions bring their"
            " whole conversation.",
            code="unsupported_value",
            param=parsed.thread.references[0].param,
        )
    options = given.stream_options
    return parsed, options is not None and bool(options.include_usage)
