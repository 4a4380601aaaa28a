"""Images fetched from addresses that callers give, and everything that is not fetched."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from cursor_api.domain.content import Image
from cursor_api.domain.errors import Fault
from cursor_api.transport import image_fetch
from cursor_api.transport.image_fetch import ImageFetcher, PublicResolver, is_public
from tests.scripted_server import Handler, ScriptedServer, Turn

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)


@asynccontextmanager
async def closing(fetcher: ImageFetcher) -> AsyncIterator[ImageFetcher]:
    """Closed at the end."""
    try:
        yield fetcher
    finally:
        await fetcher.close()


class LoopbackResolver(PublicResolver):
    """Lets tests reach this machine at 127.0.0.1, and still nothing else of it."""

    def accepts(self, address: str) -> bool:
        """One more than others may."""
        return address == "127.0.0.1" or super().accepts(address)


async def fetch(handler: Handler, path: str = "/a.png") -> Image:
    """The image that a server of this machine has."""
    async with ScriptedServer(handler) as server:
        port = int(server.url.rsplit(":", 1)[1])
        async with closing(ImageFetcher(LoopbackResolver(), (port,))) as fetcher:
            return await fetcher.fetch(f"{server.url}{path}")


async def refusal(handler: Handler) -> str:
    """Why there is no image."""
    with pytest.raises(Fault) as caught:
        await fetch(handler)
    return str(caught.value)


def redirect_to(*places: str) -> Handler:
    """A server that leads on, each time to the next."""
    left = list(places)

    async def handler(turn: Turn) -> None:
        if left:
            await turn.answer(b"", 302, location=left.pop(0))
        else:
            await turn.answer(PNG, content_type="image/png")

    return handler


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        *((address, True) for address in ("93.184.216.34", "2606:2800:220:1::1", "1.1.1.1")),
        *(
            (address, False)
            for address in (
                *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
                *("0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
                *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
                *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1"),
                "fec0::1",
            )
        ),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, *, is_fine: bool) -> None:
    """Whatever spelling leads into the operator's own network."""
    assert is_public(ip_address(address)) is is_fine


async def test_an_image_is_fetched_with_nothing_of_the_gateways() -> None:
    """Its type is the server's, its size its own; a redirect may be relative."""
    seen: list[dict[str, str]] = []

    async def handler(turn: Turn) -> None:
        seen.append(dict(turn.headers))
        if turn.line.startswith("GET /a.png"):
            await turn.answer(b"", 301, location="/b.png?x=1", set_cookie="a=b")
        else:
            assert turn.line == "GET /b.png?x=1 HTTP/1.1"
            await turn.answer(PNG, content_type="image/png; charset=binary")

    image = await fetch(handler)
    assert image == Image(PNG, "image/png", 1, 1)
    for headers in seen:
        assert headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a.png",
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
        "http://2130706433/a.png",
        "http://0x7f.1/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "http://user:secret@example.com/a.png",
        "http://example.com:8080/a.png",
        "http://example.com:x/a.png",
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "http:///a.png",
    ],
)
async def test_addresses_that_lead_elsewhere_are_refused(url: str) -> None:
    """Before anything is sent; what they hold is not repeated."""
    async with closing(ImageFetcher()) as fetcher:
        with pytest.raises(Fault) as caught:
            await fetcher.fetch(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:80/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "//192.168.0.1/a.png",
        "http://127.0.0.1:22/",
    ],
)
async def test_a_redirect_is_looked_at_like_the_first_address(place: str) -> None:
    """Or the first would be a way around."""
    assert "leads to" in await refusal(redirect_to(place))


@pytest.mark.parametrize("host", ["①②⑦.0.0.1", "127。0。0。1", "1２7.0.0.1"])
async def test_an_address_is_read_as_the_http_client_reads_it(host: str) -> None:
    """Which takes other digits and full stops for those of an address, and asks no resolver."""
    asked: list[str] = []

    async def handler(turn: Turn) -> None:
        asked.append(turn.line)
        await turn.answer(PNG, content_type="image/png")

    async with ScriptedServer(handler) as server:
        port = int(server.url.rsplit(":", 1)[1])
        async with closing(ImageFetcher(ports=(port,))) as fetcher:
            with pytest.raises(Fault, match="not public"):
                await fetcher.fetch(f"http://{host}:{port}/a.png")
    assert not asked


async def test_redirects_are_few() -> None:
    """Three, and no more."""
    assert (await fetch(redirect_to("/1", "/2", "/3"))).data == PNG
    assert "on and on" in await refusal(redirect_to("/1", "/2", "/3", "/4"))


async def test_what_is_no_image_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its status, type, coding or size, and nothing of it is repeated."""

    async def page(turn: Turn) -> None:
        await turn.answer(b"<b>secret</b>", content_type="text/html")

    async def missing(turn: Turn) -> None:
        await turn.answer(b"secret", 404, content_type="image/png")

    async def packed(turn: Turn) -> None:

        await turn.answer(b"secret", content_type="image/png", content_encoding="gzip")

    async def large(turn: Turn) -> None:
        await turn.head(content_type="image/png")
        for _ in range(4):
            await turn.chunk(b"x" * 50)
        await turn.end()

    monkeypatch.setattr(image_fetch, "IMAGE_BYTES_MAX", 120)
    for handler, said in (
        (page, "text/html"),
        (missing, "404"),
        (packed, "compressed"),
        (large, "larger than the limit of 120 bytes"),
    ):
        told = await refusal(handler)
        assert said in told
        assert "secret" not in told


async def test_a_server_that_takes_its_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly it goes on."""
    monkeypatch.setattr(image_fetch, "FETCH_S", 0.1)

    async def drips(turn: Turn) -> None:
        await turn.head(content_type="image/png")
        while True:
            await turn.chunk(b"x")
            await asyncio.sleep(0.02)

    assert "within 0.1 seconds" in await refusal(drips)


async def test_a_server_that_is_not_there_is_told_so() -> None:
    """A port that nobody listens on."""
    async with closing(ImageFetcher(LoopbackResolver(), (1,))) as fetcher:
        with pytest.raises(Fault, match="cannot be fetched"):
            await fetcher.fetch("http://127.0.0.1:1/a.png")
