"""An answer to HTTP/1.0, which uvicorn does not know over the C parser."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


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
