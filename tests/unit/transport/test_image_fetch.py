"""Images fetched from addresses that callers give, and everything that is not fetched."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from cursor_api.domain.content import Image
from cursor_api.domain.errors import Fault
from cursor_api.transport import image_fetch
from cursor_api.transport.dialing import Address
from cursor_api.transport.image_fetch import ImageFetcher, PublicNames, is_public
from tests.scripted_server import Handler, ScriptedServer, Turn

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)


class LoopbackNames(PublicNames):
    """Lets tests reach this machine at 127.0.0.1, and still nothing else of it."""

    def accepts(self, address: str) -> bool:
        """One more than others may."""
        return address == "127.0.0.1" or super().accepts(address)


async def fetch(handler: Handler, path: str = "/a.png") -> Image:
    """The image that a server of this machine has."""
    async with ScriptedServer(handler) as server:
        port = int(server.url.rsplit(":", 1)[1])
        return await ImageFetcher(LoopbackNames(), (port,)).fetch(f"{server.url}{path}")


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
                *("::ffff:169.254.169.254", "::ffff:224.0.0.1", "64:ff9b::e000:1"),
                *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1"),
                *("fec0::1", "168.63.129.16", "192.0.0.192", "::ffff:168.63.129.16"),
                *("64:ff9b:1::7f00:1", "2001:0:7f00:1::", "::7f00:1", "100.100.100.200"),
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
        "http://[::1%25eth0]/a.png",
        "http://example.com\\@127.0.0.1/a.png",
        "http://127.0.0.1./a.png",
        "http://a..b/a.png",
        "http://a b/a.png",
        "http://example.com:0/a.png",
        f"http://example.com/{'x' * 8192}",
    ],
)
async def test_addresses_that_lead_elsewhere_are_refused(url: str) -> None:
    """Before anything is sent; what they hold is not repeated."""
    with pytest.raises(Fault) as caught:
        await ImageFetcher().fetch(url)
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


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to() -> None:
    """A name is asked for once: what it means a moment later is nobody's way in."""
    meanings = [["127.0.0.2", "127.0.0.1"], ["127.0.0.2"]]
    inside: list[object] = []

    class Rebinding(LoopbackNames):
        """A name server that changes its mind, and names an address inside beside the good one."""

        async def _resolve(self, _host: str, port: int) -> Sequence[Address]:
            found = meanings.pop(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    def reached(_reader: object, writer: asyncio.StreamWriter) -> None:
        inside.append(writer)
        writer.close()

    async def handler(turn: Turn) -> None:
        assert turn.headers["host"] == f"rebinds.example:{port}"
        await turn.answer(PNG, content_type="image/png")

    async with ScriptedServer(handler) as server:
        port = int(server.url.rsplit(":", 1)[1])
        async with await asyncio.start_server(reached, "127.0.0.2", port):
            fetcher = ImageFetcher(Rebinding(), (port,))
            assert (await fetcher.fetch(f"http://rebinds.example:{port}/a.png")).data == PNG
            assert len(meanings) == 1
            with pytest.raises(Fault, match="cannot be fetched"):
                await fetcher.fetch(f"http://again.example:{port}/a.png")
    assert not inside


async def test_an_address_is_asked_for_as_it_was_judged() -> None:
    """Letters of the world are put as HTTP has them; what has percent signs keeps them."""

    async def handler(turn: Turn) -> None:
        assert turn.line == "GET /%C3%BC%20/%2e%2e/x?q=%E4%BD%A0&a=1%2F2 HTTP/1.1"
        await turn.answer(PNG, content_type="IMAGE/PNG")

    assert (await fetch(handler, "/ü /%2e%2e/x?q=你&a=1%2F2#part")).media_type == "image/png"


@pytest.mark.parametrize("host", ["①②⑦.0.0.1", "127。0。0。1", "1２7.0.0.1"])
async def test_an_address_is_read_as_the_http_client_reads_it(host: str) -> None:
    """Which takes other digits and full stops for those of an address, and asks no resolver."""
    asked: list[str] = []

    async def handler(turn: Turn) -> None:
        asked.append(turn.line)
        await turn.answer(PNG, content_type="image/png")

    async with ScriptedServer(handler) as server:
        port = int(server.url.rsplit(":", 1)[1])
        with pytest.raises(Fault, match="not public"):
            await ImageFetcher(ports=(port,)).fetch(f"http://{host}:{port}/a.png")
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
    with pytest.raises(Fault, match="cannot be fetched"):
        await ImageFetcher(LoopbackNames(), (1,)).fetch("http://127.0.0.1:1/a.png")
