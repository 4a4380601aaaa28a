"""Reading bodies within bounds."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.setting import MIB
from cursor_api.web.http.body import SLICE_BYTES, ClientGoneError, read_any_body, read_body


class Pieces:
    """A client that sends its body in pieces, then perhaps leaves."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._messages = self._play(pieces)
        self.read_count = 0

    def _play(self, pieces: tuple[bytes | None, ...]) -> Iterator[dict[str, Any]]:
        for number, piece in enumerate(pieces, 1):
            if piece is None:
                yield {"type": "http.disconnect"}
            else:
                yield {"type": "http.request", "body": piece, "more_body": number < len(pieces)}

    async def __call__(self) -> dict[str, Any]:
        """The next message."""
        self.read_count += 1
        return next(self._messages)


def scope(method: str = "POST", **headers: str) -> dict[str, Any]:
    """A request's scope; underscores stand for dashes."""
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": method, "headers": fields}


async def kind_of(scope_: dict[str, Any], receive: Pieces) -> FaultKind:
    """The fault that reading ends with."""
    with pytest.raises(Fault) as caught:
        await read_body(scope_, receive, 100)
    return caught.value.kind


async def test_a_body_is_read_whole_however_it_comes() -> None:
    """One piece, many, or none."""
    assert await read_body(scope(), Pieces(b"abc"), 100) == b"abc"
    assert await read_body(scope(), Pieces(b"a", b"", b"bc"), 100) == b"abc"
    assert await read_body(scope(), Pieces(b""), 100) == b""
    assert await read_body(scope(), Pieces(b"x" * 100), 100) == b"x" * 100
    for stated in ("3", "2", "50"):
        stated_scope = scope(content_length=stated)
        assert await read_body(stated_scope, Pieces(b"a", b"", b"bc"), 100) == b"abc"


async def test_a_body_over_the_limit_is_refused_as_early_as_can_be() -> None:
    """By its announced length unread, else as soon as it is too long."""
    announced = Pieces(b"x" * 101)
    assert await kind_of(scope(content_length="101"), announced) is FaultKind.BODY_TOO_LARGE
    assert announced.read_count == 0
    endless = Pieces(*[b"x" * 60] * 1000)
    assert await kind_of(scope(), endless) is FaultKind.BODY_TOO_LARGE
    assert endless.read_count == 2
    assert await kind_of(scope(), Pieces(b"x" * 101)) is FaultKind.BODY_TOO_LARGE


async def test_a_gzip_body_is_bounded_after_inflation() -> None:
    """A bomb is refused, a normal one read."""
    packed = gzip.compress(b"x" * 100)
    assert await read_body(scope(content_encoding="GZIP"), Pieces(packed), 100) == b"x" * 100
    bomb = gzip.compress(b"x" * 10_000)
    assert len(bomb) < 100
    assert await kind_of(scope(content_encoding="gzip"), Pieces(bomb)) is FaultKind.BODY_TOO_LARGE


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"x")[:-3], gzip.compress(b"x") + b"t"]
)
async def test_a_damaged_gzip_body_is_the_callers_mistake(body: bytes) -> None:
    """Whole or not at all."""
    assert await kind_of(scope(content_encoding="gzip"), Pieces(body)) is FaultKind.INVALID_REQUEST


async def test_an_unknown_encoding_is_named() -> None:
    """Rather than parsed as if it were plain."""
    kind = await kind_of(scope(content_encoding="br"), Pieces(b"x"))
    assert kind is FaultKind.INVALID_REQUEST


async def test_another_method_than_post_is_refused() -> None:
    """Before its body is read."""
    assert await kind_of(scope("PUT"), Pieces()) is FaultKind.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("pieces", [(None,), (b"a", None)])
async def test_a_client_that_leaves_while_sending_is_noticed(pieces: tuple[bytes | None]) -> None:
    """Half a body is never parsed."""
    with pytest.raises(ClientGoneError):
        await read_body(scope(), Pieces(*pieces), 100)


async def test_any_method_may_bring_a_body_where_the_address_says_so() -> None:
    """The same reading, the method judged elsewhere."""
    pieces = Pieces(b"ab", b"c")
    assert await read_any_body(scope("PATCH"), pieces, 3) == b"abc"
    with pytest.raises(Fault) as caught:
        await read_any_body(scope("DELETE"), Pieces(b"abcd"), 3)
    assert caught.value.kind is FaultKind.BODY_TOO_LARGE


class Counter:
    """Holds so many bytes and refuses more."""

    def __init__(self, bytes_max: int = 10**9) -> None:
        self.given: list[int] = []
        self._bytes_max = bytes_max

    def __call__(self, size_bytes: int) -> None:
        """So many more."""
        if sum(self.given) + size_bytes > self._bytes_max:
            raise Fault(FaultKind.OVERLOADED, "Full.")
        self.given.append(size_bytes)


async def test_what_a_body_takes_is_told_before_it_is_taken() -> None:
    """With every piece, whatever length was stated; inflated bytes as they come."""
    for stated in ({"content_length": "3"}, {"content_length": "90"}, {}):
        told = Counter()
        assert await read_body(scope(**stated), Pieces(b"a", b"bc"), 100, hold=told) == b"abc"
        assert told.given == [1, 2]
    told = Counter()
    plain = b"x" * (3 * SLICE_BYTES)
    packed = gzip.compress(plain)
    headers = {"content_encoding": "gzip", "content_length": str(len(packed))}
    pieces = Pieces(packed[:20], packed[20:])
    assert await read_body(scope(**headers), pieces, len(plain), hold=told) == plain
    assert sum(told.given) == len(plain)
    assert max(told.given) == SLICE_BYTES


@pytest.mark.parametrize(
    ("headers", "read_count"),
    [({"content_length": "120"}, 2), ({}, 2), ({"content_encoding": "gzip"}, 1)],
)
async def test_whoever_counts_bytes_may_refuse_them(
    headers: dict[str, str], read_count: int
) -> None:
    """As soon as they have come."""
    body = gzip.compress(b"x" * 120) if headers.get("content_encoding") else b"x" * 60
    pieces = Pieces(body, body)
    with pytest.raises(Fault, match="Full") as caught:
        await read_body(scope(**headers), pieces, 1000, hold=Counter(100))
    assert (caught.value.kind, pieces.read_count) == (FaultKind.OVERLOADED, read_count)


async def test_a_stated_length_takes_no_memory() -> None:
    """What has come counts, and as much again at most; 64 MiB may be said by anybody."""
    stated, piece = 64 * MIB, b"x" * 16_384
    taken: list[int] = []

    async def receive() -> dict[str, Any]:
        taken.append(tracemalloc.get_traced_memory()[0])
        if len(taken) <= 8:
            return {"type": "http.request", "body": piece, "more_body": True}
        return {"type": "http.disconnect"}

    tracemalloc.start()
    try:
        with pytest.raises(ClientGoneError):
            await read_body(scope(content_length=str(stated)), receive, stated)
    finally:
        tracemalloc.stop()
    assert max(taken) - taken[0] < 3 * 8 * len(piece)


@pytest.mark.parametrize("stated", [{}, {"content_length": str(10 * MIB)}], ids=["no", "length"])
async def test_a_large_body_is_copied_seldom(stated: dict[str, str]) -> None:
    """However many pieces it comes in, it is whole, and its buffer has its size."""
    pieces = [bytes([number % 256]) * 65_536 for number in range(160)]
    assert await read_body(scope(**stated), Pieces(*pieces), 10 * MIB) == b"".join(pieces)


async def test_a_bomb_is_inflated_no_further_than_the_limit() -> None:
    """Of a hundred megabytes a slice more than is allowed, in steps that let others run."""
    bomb = gzip.compress(bytes(100_000_000), 1)
    bytes_max = 10 * SLICE_BYTES
    told = Counter()
    steps = 0

    async def count_steps() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count_steps())
    with pytest.raises(Fault) as caught:
        await read_body(scope(content_encoding="gzip"), Pieces(bomb), bytes_max, hold=told)
    other.cancel()
    assert caught.value.kind is FaultKind.BODY_TOO_LARGE
    assert sum(told.given) == bytes_max
    assert steps >= 10


async def test_what_follows_a_gzip_body_is_not_read_to_its_end() -> None:
    """Megabytes behind the one member would be kept by the inflater."""
    pieces = Pieces(gzip.compress(b"x"), *[b"tail"] * 100)
    assert await kind_of(scope(content_encoding="gzip"), pieces) is FaultKind.INVALID_REQUEST
    assert pieces.read_count == 2
    body = gzip.compress(b"x" * 50)
    whole = await read_body(scope(content_encoding="gzip"), Pieces(body, b""), 100)
    assert whole == b"x" * 50


async def test_an_unknown_encoding_is_refused_unread() -> None:
    """Nothing could be done with the bytes."""
    pieces = Pieces(b"x")
    assert await kind_of(scope(content_encoding="zstd"), pieces) is FaultKind.INVALID_REQUEST
    assert pieces.read_count == 0
