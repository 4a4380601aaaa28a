"""What a request has that only Anthropic's own servers are known to take, told to its caller.

Another vendor's server refuses it in words of its own, such as "invalid params", that name no
field. Whether it will take it one day is its own matter: so it is asked, and its refusal explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final

import msgspec
from msgspec import Struct

from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.domain.chat import ChatRequest, Native
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature
from cursor_api.options.said import tell
from cursor_api.ports.upstream import DeltaBatches

OWN_HOST: Final = "api.anthropic.com"
_OWN: Final = frozenset({Feature.OUTPUT_FORM, Feature.PLACE, Feature.OWN})
# The type of a tool that Anthropic's servers run or know, such as `web_search_20250305`. Of
# anything else only the place is told: it is the caller's own word.
_SERVER_TOOL: Final = re.compile(r"[a-z_]{1,40}_20[0-9]{6}")
# Enough to know what to leave out.
NAMES_MAX: Final = 5


class _Tool(Struct):
    type: Any = None


class _Asked(Struct):
    tools: list[_Tool] | None = None


_ASKED: Final = msgspec.json.Decoder(_Asked)


class ExplainedAnswer(AbstractAsyncContextManager[DeltaBatches]):
    """An answer to a request as it came; a refusal of it says which of its fields may be why."""

    __slots__ = ("_answer", "_request")

    def __init__(
        self, answer: AbstractAsyncContextManager[DeltaBatches], request: ChatRequest
    ) -> None:
        self._answer = answer
        self._request: ChatRequest | None = request

    async def __aenter__(self) -> DeltaBatches:
        request, self._request = self._request, None
        assert request is not None  # noqa: S101 - entered once
        try:
            return await self._answer.__aenter__()
        except Fault as fault:
            if fault.kind is not FaultKind.INVALID_REQUEST:
                raise
            raise explain(fault, request) from fault.__cause__

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._answer.__aexit__(kind, error, traceback)


def explain(fault: Fault, request: ChatRequest) -> Fault:
    """The refusal, with what of the request its server may not know; itself where there is none."""
    native = request.origin.native_in(NAME)
    names = [] if native is None else list(_find_tools(native))
    names += [one.param for one in request.origin.features if one.feature in _OWN]
    if not names:
        return fault
    explained = Fault(
        fault.kind,
        tell(
            "Only Anthropic's own servers are known to take {names}. {refusal}",
            names=", ".join(names[:NAMES_MAX]),
            refusal=fault.said,
        ),
        param=fault.param or names[0].partition(" ")[0],
        upstream_code=fault.upstream_code,
    )
    explained.quoted = fault.quoted
    return explained


def _find_tools(native: Native) -> Iterator[str]:
    """The server's own tools by their places, as in `tools.2 (web_search_20250305)`."""
    try:
        tools = _ASKED.decode(native.body).tools or ()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    for place, tool in enumerate(tools):
        if isinstance(tool.type, str) and tool.type != "custom":
            known = f" ({tool.type})" if _SERVER_TOOL.fullmatch(tool.type) else ""
            yield f"tools.{place}{known}"
