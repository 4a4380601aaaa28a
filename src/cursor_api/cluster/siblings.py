"""Workers of one gateway ask each other, over sockets in a folder that only this user can enter.

Rules of this file:
- Each worker has one socket, by its number. Whoever follows it puts a socket of its own in its
  place, so that nobody asks one that is leaving.
- What one worker does not answer in time is not waited for: it may be starting, or gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# A worker answers in some ms; one that is busy is worth waiting for, one that hangs is not.
ANSWER_S: Final = 1.0
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
OK: Final = b" 200 "


def listen_for_siblings(folder: Path, number: int) -> socket.socket:
    """This worker's socket, in the place of its predecessor's."""
    path, own = folder / f"{number}.sock", folder / f"{number}-{os.getpid()}.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(own))
        listener.listen()
        own.rename(path)
    except BaseException:
        listener.close()
        raise
    return listener


class SocketSiblings:
    """Implements `ports.Siblings`."""

    def __init__(self, folder: Path, number: int, count: int) -> None:
        self._folder = folder
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
        answers = await asyncio.gather(*(self._ask(number, path, accept) for number in others))
        return {
            number: answer
            for number, answer in zip(others, answers, strict=True)
            if answer is not None
        }

    async def _ask(self, number: int, path: str, accept: str) -> bytes | None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                return await self._fetch(number, path, accept)
        return None

    async def _fetch(self, number: int, path: str, accept: str) -> bytes | None:
        reader, writer = await asyncio.open_unix_connection(self._folder / f"{number}.sock")
        try:
            # Of the older version: the answer ends with the connection.
            writer.write(
                f"GET {path} HTTP/1.0\r\nHost: worker\r\nAccept: {accept}\r\n\r\n".encode()
            )
            pieces, length = [], 0
            while piece := await reader.read(65_536):
                pieces.append(piece)
                length += len(piece)
                if length > ANSWER_BYTES_MAX:
                    return None
        finally:
            writer.close()
        head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
        return body if OK in head.split(b"\r\n")[0] else None
