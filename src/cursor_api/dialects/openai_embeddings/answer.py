"""The answer to POST /v1/embeddings, which reaches the caller as it came."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.domain.deltas import Delta, NativeBatch
from cursor_api.domain.endings import is_incomplete
from cursor_api.domain.errors import Fault, FaultKind


class VectorsFolder:
    """Keeps the one body that there is."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body = b""

    def __repr__(self) -> str:
        return f"VectorsFolder({len(self._body)} bytes)"

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in the answer; raises Fault(PROTOCOL_ERROR) for what is none, or a second one."""
        if self._body or not isinstance(deltas, NativeBatch):
            raise Fault(FaultKind.PROTOCOL_ERROR, "The upstream gave something else than vectors.")
        self._body = deltas.body

    def body(self) -> bytes:
        """The answer as it came; raises Fault(INCOMPLETE) when none has come."""
        if not self._body:
            raise is_incomplete()
        return self._body
