"""What HTTP/1.0 is answered, by both parsers."""

from __future__ import annotations

from typing import Any

from cursor_api.web.server.server import ServerOptions
from tests.serving import parse_answer, serve
from tests.unit.web.server.raw_client import GET, talk

OPTIONS = ServerOptions(shutdown_grace_s=1)
CLOSE = GET[:-2] + b"Connection: close\r\n\r\n"


async def test_an_answer_of_unknown_length_to_http_1_0_has_no_chunks() -> None:
    """Its end is the connection's; one of known length is as ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"Content-Length", b"8")] if scope["path"] == "/known" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for more in (True, False):
            await send({"type": "http.response.body", "body": b"text", "more_body": more})

    async with serve(app, OPTIONS) as port:
        for path in (b"/", b"/known"):
            raw = await talk(port, b"GET %s HTTP/1.0\r\n\r\n" % path)
            answer = parse_answer(raw)
            assert raw.endswith(b"\r\n\r\ntexttext")
            assert answer.headers["connection"] == "close"
            assert "transfer-encoding" not in answer.headers
            assert answer.headers.get("content-length") == (None if path == b"/" else "8")
        chunked = parse_answer(await talk(port, CLOSE))
        assert chunked.headers["transfer-encoding"] == "chunked"
