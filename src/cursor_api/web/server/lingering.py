"""What our side of a connection does at both ends of an answer: how it begins, and how it closes.

A head and what stands behind it are two writes of the server's, and each costs a system call that
does the network's work on the spot, a tenth of a whole request. So the head waits for its body,
which nearly always follows in the same step of the loop.

An answer may come before its request is whole: a wrong key, a body too large, no place. Where the
connection ends with it, a plain close while the client still sends makes its system throw the
answer away (RFC 9112, section 9.6): it sees a reset and never learns why. So our side ends at
once, and what still comes is read and dropped for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

# A copy of a longer body would cost more than the write that it saves.
JOINED_BYTES_MAX = 64 * 1024


class LingeringTransport:
    """A transport that holds a head back for its body, and asks before it closes whether to wait.

    `linger` starts the wait for a client that still sends, and says whether there is one. Whoever
    gives it calls `forget` when the connection is lost, or the two hold each other until the
    collector comes by.
    """

    __slots__ = ("_flushing", "_held", "_is_lingering", "_linger", "_loop", "_transport", "write")

    def __init__(
        self, transport: Any, linger: Callable[[], bool], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._linger = linger
        self._loop = loop
        self._is_lingering = False
        self._held = b""
        self._flushing: asyncio.Handle | None = None
        # The one that streams call for every piece: no frame between.
        self.write: Callable[[bytes], None] = transport.write

    def write_head(self, head: bytes) -> None:
        """It leaves with what is written behind it, or at the end of this step."""
        if self._flushing is not None:
            self.write(head)
            return
        self._held = head
        self._flushing = self._loop.call_soon(self._flush)
        self.write = self._write_behind

    def _write_behind(self, data: bytes) -> None:
        held = self._stop_holding()
        # Not `writelines`: with an empty body it makes the loop of Python 3.12 turn for ever.
        if len(data) <= JOINED_BYTES_MAX:
            self._transport.write(held + data)
        else:
            self._transport.write(held)
            self._transport.write(data)

    def _flush(self) -> None:
        held = self._stop_holding()
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def _stop_holding(self) -> bytes:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self.write = self._transport.write
        held, self._held = self._held, b""
        return held

    def write_eof(self) -> None:
        """Nothing more is written."""
        self._flush()
        self._transport.write_eof()

    def forget(self) -> None:
        """The connection is lost."""
        self._stop_holding()
        self._linger = _do_not_linger

    # --- As the transport does it. Not by `__getattr__`, which makes every look at a class that has
    # it, also at what it has of its own, ten times as dear.

    def can_write_eof(self) -> bool:
        """See asyncio.WriteTransport."""
        return bool(self._transport.can_write_eof())

    def pause_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.resume_reading()

    def abort(self) -> None:
        """See asyncio.WriteTransport."""
        self._transport.abort()

    # --- Its end.

    def is_closing(self) -> bool:
        """Whether nothing more is to be written."""
        return self._is_lingering or bool(self._transport.is_closing())

    def close(self) -> None:
        """End our side; the other one when it has ended too, or after a while."""
        if self._is_lingering:
            return
        self._flush()
        if self._transport.is_closing() or not self._linger():
            self._transport.close()
        else:
            self._is_lingering = True


def _do_not_linger() -> bool:
    return False
