"""A second client API, spelled unlike the first in everything that is a dialect's own."""

from __future__ import annotations

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import RenderedFault

PING = b"event: ping\n\n"


class SecondDialect(OpenAiChat):
    """It reads and writes chats like OpenAI's, elsewhere, and fails in words of its own."""

    name = "second"
    paths: tuple[str, ...] = ("/v1/second", "/second")  # type: ignore[assignment]  # one there
    ping = PING

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> RenderedFault:
        """A 418 with the kind, and whether the credential was the caller's."""
        body = b'{"failed":"%b","own":%d}' % (fault.kind.value.encode(), is_passthrough)
        return RenderedFault(418, (("content-type", "application/json"),), body)
