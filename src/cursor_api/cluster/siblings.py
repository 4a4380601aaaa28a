"""Workers of one gateway ask each other, over sockets in a folder that only this user can enter.

Rules of this file:
- Each worker has one socket, by its number. Whoever follows it puts a socket of its own in its
  place, so that nobody asks one that is leaving. By its node's name it can be asked to its end:
  what it still has under way is of interest, and what waits there.
- What one worker does not answer in time is not waited for: it may be starting, or gone. What one
  has not said to its end counts for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from cursor_api.ports.siblings import Speaker
from cursor_api.transport.errors import LostError, NotHttpError
from cursor_api.transport.line import Line, Unkept

# A worker answers in some ms; one that is busy is worth waiting for, one that hangs is not.
ANSWER_S: Final = 1.0
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024


class Meeting(NamedTuple):
    """Where this worker is asked, and how it asks the others."""

    listener: socket.socket
    siblings: SocketSiblings


@contextmanager
def meet_siblings(folder: Path, number: int, count: int, node: str) -> Iterator[Meeting]:
    """As one of `count`, in the place of a predecessor, as long as the context lasts.

    `node` is what no other process is called.
    """
    own = folder / f"{number}-{node}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(own))
        try:
            listener.listen()
            link = own.with_suffix(".new")
            link.hardlink_to(own)
            link.rename(folder / f"{number}.sock")
            yield Meeting(listener, SocketSiblings(own, number, count))
        finally:
            own.unlink(missing_ok=True)


class SocketSiblings:
    """Implements `ports.Siblings`."""

    def __init__(self, own: Path, number: int, count: int) -> None:
        self._own = own
        self._folder = own.parent
        self._number = number
        self._count = count

    def __repr__(self) -> str:
        return f"SocketSiblings({self._number} of {self._count})"

    @property
    def number(self) -> int:
        """See ports.Siblings."""
        return self._number

    async def ask(self, path: str, accept: str = "") -> Mapping[int, bytes]:
        """See ports.Siblings."""
        others = [number for number in range(1, self._count + 1) if number != self._number]
        answers = await asyncio.gather(
            *(self._ask(self._folder / f"{number}.sock", path, accept) for number in others)
        )
        return {
            number: answer
            for number, answer in zip(others, answers, strict=True)
            if answer is not None
        }

    async def ask_all(self, path: str) -> Sequence[bytes]:
        """See ports.Siblings. Of one that was killed there is a socket that nobody answers."""
        others = [one for one in self._folder.glob("*-*.sock") if one != self._own]
        answers = await asyncio.gather(*(self._ask(one, path, "") for one in others))
        return [answer for answer in answers if answer is not None]

    async def connect(self, node: str, speak: Callable[[], Speaker]) -> Speaker | None:
        """See ports.Siblings."""
        loop = asyncio.get_running_loop()
        for at in self._folder.glob(f"*-{node}.sock"):
            if at != self._own:
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        return (await loop.create_unix_connection(speak, str(at)))[1]
        return None

    async def _ask(self, at: Path, path: str, accept: str) -> bytes | None:
        with contextlib.suppress(OSError, TimeoutError, LostError, NotHttpError):
            async with asyncio.timeout(ANSWER_S):
                return await _fetch(at, path, accept)
        return None


async def _fetch(at: Path, path: str, accept: str) -> bytes | None:
    """The whole body of a good answer; None where it is another one, or too long."""
    loop = asyncio.get_running_loop()
    _, line = await loop.create_unix_connection(lambda: Line(loop, Unkept()), str(at))
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: worker\r\nAccept: {accept}\r\nConnection: close"
        await line.ask(f"{head}\r\n\r\n".encode(), b"")
        pieces, length = [], 0
        while line.has_bytes() or not line.has_ended():
            if not line.has_bytes():
                await line.wait()
                continue
            pieces.append(line.take())
            length += len(pieces[-1])
            if length > ANSWER_BYTES_MAX:
                return None
        is_good = line.status == HTTPStatus.OK and line.error is None
        return b"".join(pieces) if is_good else None
    finally:
        line.close()
