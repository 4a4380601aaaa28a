"""What the parsers of both protocols make of what is not plain."""

from __future__ import annotations

from tests.serving import serve
from tests.unit.web.server.raw_client import POST, SMALL, Recorder, refusal, talk


async def test_a_wish_for_another_protocol_is_declined_with_the_body_kept() -> None:
    """Java's client asks for HTTP/2 with its first request."""
    app = Recorder()
    head = POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"
    async with serve(app, SMALL) as port:
        raw = await talk(port, head + b"Content-Length: 5\r\n\r\nhe", b"llo", pause_s=0.05)
    assert (app.seen, raw[-4:]) == (["POST / 5"], b"done")


async def test_trailers_are_no_headers() -> None:
    """They come after the key was looked at."""
    app = Recorder()
    body = b"2\r\nab\r\n0\r\nX-Credential: other\r\n\r\n"
    head = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serve(app, SMALL) as port:
        await talk(port, head, body, pause_s=0.05)
    assert app.seen == ["POST / 2"]
    assert b"x-credential" not in dict(app.headers)


async def test_a_body_of_chunk_extensions_is_refused() -> None:
    """It would never reach the limit of a body's size."""
    app = Recorder()
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n1;"
    async with serve(app, SMALL) as port:
        raw = await talk(port, head, *[b"e" * 50_000] * 8, pause_s=0.02)
    refusal(raw, 400)
    assert app.seen in (["gone"], [])
