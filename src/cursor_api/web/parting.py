"""Closing a connection so that its client can read the answer it was given.

An answer may come before its request is whole: a wrong key, a body too large, no place. Where the
connection ends with it, a plain close while the client still sends makes its system throw the
answer away (RFC 9112, section 9.6): it sees a reset and never learns why. So our side ends at
once, and what still comes is read and dropped for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PartingTransport:
    """A transport whose `close` asks first whether the other side still sends.

    `linger` starts the wait and tells whether there is one. Whoever gives it calls `forget` when
    the connection is lost, or the two hold each other until the collector comes by.
    """

    __slots__ = ("_is_parting", "_linger", "_transport", "write")

    def __init__(self, transport: Any, linger: Callable[[], bool]) -> None:
        self._transport = transport
        self._linger = linger
        self._is_parting = False
        # The one that streams call for every piece: no frame between.
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def forget(self) -> None:
        """The connection is lost."""
        self._linger = _do_not_linger

    def is_closing(self) -> bool:
        """Whether nothing more is to be written."""
        return self._is_parting or bool(self._transport.is_closing())

    def close(self) -> None:
        """End our side; the other one when it has ended too, or after a while."""
        if self._is_parting:
            return
        if self._transport.is_closing() or not self._linger():
            self._transport.close()
        else:
            self._is_parting = True


def _do_not_linger() -> bool:
    return False
