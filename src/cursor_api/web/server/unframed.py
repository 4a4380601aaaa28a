"""An answer to HTTP/1.0 over the C parser's half of uvicorn; its other half knows HTTP/1.0."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or importlib.util.find_spec("httptools") is not None:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
else:
    RequestResponseCycle = object


class UnframedCycle(RequestResponseCycle):
    """An answer to HTTP/1.0, which knows no chunks: of unknown length, the connection ends it."""

    async def send(self, message: Any) -> None:
        """Like uvicorn's, which would send chunks."""
        if message["type"] == "http.response.start":
            if all(name.lower() != b"content-length" for name, _ in message["headers"]):
                self.chunked_encoding = False
                self.is_unframed = True
        elif getattr(self, "is_unframed", False):
            # So much is promised as comes.
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
