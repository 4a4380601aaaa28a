"""How long a request is, as an Anthropic-compatible endpoint counts it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import HttpAnswer
from cursor_api.transport.options import Timeouts

COUNT_PATH: Final = "/messages/count_tokens"
# Whoever asks can do with an estimate: nobody waits for this as for an answer.
TIMEOUTS: Final = Timeouts(first_token_s=10, idle_s=10)
# One number.
ANSWER_BYTES_MAX: Final = 64 << 10
# The API refuses a question with any other field.
FIELDS: Final = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"),
        *("cache_control", "context_management", "mcp_servers"),
    }
)


class _CountOut(Struct):
    input_tokens: Annotated[int, Meta(ge=0)]


_BODY: Final = msgspec.json.Decoder(dict[str, Raw])
_ANSWER: Final = msgspec.json.Decoder(_CountOut)


def to_count(body: bytes) -> bytes:
    """A request that asks for an answer as one that asks how long it is."""
    fields = _BODY.decode(body)
    return msgspec.json.encode({name: raw for name, raw in fields.items() if name in FIELDS})


async def read_count(answer: HttpAnswer, name: str) -> int:
    """What an endpoint of this name counted; raises Fault(PROTOCOL_ERROR)."""
    body = await answer.read_whole(ANSWER_BYTES_MAX)
    try:
        return _ANSWER.decode(body or b"").input_tokens
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Fault(FaultKind.PROTOCOL_ERROR, f"{name} gave no count of tokens.") from None
