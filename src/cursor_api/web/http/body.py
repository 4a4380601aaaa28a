"""Reading a request's body, bounded before and after decompression.

Rules of this file:
- A body is refused as early as can be: by its stated length, else by the first byte too many.
- Memory is taken for what has come. A stated length is anybody's word, and takes none.
- What is compressed is inflated as it comes, a slice at a time, and is not kept: a bomb costs no
  more memory than the largest body that is allowed.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Generator

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.process import Steps
from cursor_api.service.steps import StepRunner
from cursor_api.web.server.serving import Message, Receive, Scope

# Called with every so many bytes more that a body takes in memory; may refuse them with a Fault.
Hold = Callable[[int], None]

GZIP = frozenset((b"gzip", b"x-gzip"))
PLAIN = frozenset((b"", b"identity"))
GZIP_WINDOW_BITS = 31
# Inflated in one go: half a millisecond's work where it hardly compresses.
SLICE_BYTES = 128 * 1024


class ClientGoneError(Exception):
    """The client left; there is nobody to answer."""


def hold_any(_size_bytes: int) -> None:
    """Hold bytes without counting them."""


async def read_body(
    scope: Scope,
    receive: Receive,
    bytes_max: int,
    *,
    hold: Hold = hold_any,
    steps: Steps | None = None,
) -> bytes:
    """The whole body of a POST; raises Fault(METHOD_NOT_ALLOWED) and what `read_any_body` does."""
    if scope["method"] != "POST":
        raise Fault(FaultKind.METHOD_NOT_ALLOWED, "Use POST for this address.")
    return await read_any_body(scope, receive, bytes_max, hold=hold, steps=steps)


async def read_any_body(
    scope: Scope,
    receive: Receive,
    bytes_max: int,
    *,
    hold: Hold = hold_any,
    steps: Steps | None = None,
) -> bytes:
    """The whole body, inflated when it is gzip; a large one in turn with others of `steps`.

    `hold` is called before bytes are kept, with each piece of them. Raises what it raises;
    Fault(BODY_TOO_LARGE) as soon as the limit is passed; Fault(INVALID_REQUEST) for an encoding
    that is not understood; and ClientGoneError when the client leaves.
    """
    length = -1
    encoding = b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value)
        elif name == b"content-encoding":
            encoding = value.strip().lower()
    if length > bytes_max:
        raise _too_large(bytes_max)
    pieces = _Pieces(receive, bytes_max)
    if encoding in GZIP:
        return await _inflate(pieces, hold, steps or StepRunner())
    if encoding not in PLAIN:
        raise Fault(
            FaultKind.INVALID_REQUEST,
            "The request's Content-Encoding is not supported; send it plain or as gzip.",
            param="Content-Encoding",
        )
    piece, has_more = pieces.take(await receive())
    hold(len(piece))
    if not has_more:
        return piece
    # What it gives at the end is its own buffer, where joining pieces would hold all of it twice.
    body = io.BytesIO()
    body.write(piece)
    room_bytes = 0
    while has_more:
        piece, has_more = pieces.take(await receive())
        hold(len(piece))
        received_bytes = body.tell() + len(piece)
        if received_bytes > room_bytes:
            # Grown by itself, an eighth at a time, it would be copied dozens of times over.
            room_bytes = _grow(body, received_bytes, length if length >= 0 else bytes_max)
        body.write(piece)
    body.truncate()
    return body.getvalue()


def _grow(body: io.BytesIO, received_bytes: int, whole_bytes: int) -> int:
    """Make room for as much again as has come, but for no more than the whole; gives how much."""
    room_bytes = max(received_bytes, min(2 * received_bytes, whole_bytes))
    at = body.tell()
    body.seek(room_bytes - 1)
    body.write(b"\0")
    body.seek(at)
    return room_bytes


class _Pieces:
    """A body as it comes in."""

    __slots__ = ("_received_bytes", "bytes_max", "receive")

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self.receive = receive
        self._received_bytes = 0
        self.bytes_max = bytes_max

    def take(self, message: Message) -> tuple[bytes, bool]:
        """A piece and whether more follow; raises ClientGoneError, Fault(BODY_TOO_LARGE)."""
        if message["type"] != "http.request":
            raise ClientGoneError
        piece: bytes = message.get("body", b"")
        self._received_bytes += len(piece)
        if self._received_bytes > self.bytes_max:
            raise _too_large(self.bytes_max)
        return piece, message.get("more_body", False)


async def _inflate(pieces: _Pieces, hold: Hold, steps: Steps) -> bytes:
    inflater = zlib.decompressobj(GZIP_WINDOW_BITS)
    body = io.BytesIO()
    has_more = True
    while has_more and not inflater.unused_data:
        piece, has_more = pieces.take(await pieces.receive())
        try:
            await steps.run(_inflate_piece(inflater, piece, body, pieces.bytes_max, hold))
        except zlib.error as error:
            raise Fault(FaultKind.INVALID_REQUEST, "The request's gzip body is damaged.") from error
    if not inflater.eof or inflater.unused_data:
        raise Fault(FaultKind.INVALID_REQUEST, "The request's gzip body is cut short or too long.")
    return body.getvalue()


def _inflate_piece(
    inflater: zlib._Decompress, piece: bytes, body: io.BytesIO, bytes_max: int, hold: Hold
) -> Generator[None, None, None]:
    while True:
        plain = inflater.decompress(piece, SLICE_BYTES)
        if body.tell() + len(plain) > bytes_max:
            raise _too_large(bytes_max)
        hold(len(plain))
        body.write(plain)
        piece = inflater.unconsumed_tail
        # A full slice may have more behind it although all input is taken.
        if len(plain) < SLICE_BYTES:
            return
        yield


def _too_large(bytes_max: int) -> Fault:
    return Fault(
        FaultKind.BODY_TOO_LARGE,
        f"The request's body is larger than this gateway's limit of {bytes_max:,} bytes"
        " (GATEWAY_BODY_BYTES_MAX).",
    )
