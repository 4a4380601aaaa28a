"""What the server answers by itself."""

from __future__ import annotations

from cursor_api.web.server.refusals import HEAD_TOO_LARGE
from tests.serving import serve
from tests.unit.web.server.raw_client import POST, SMALL, Recorder, refusal, talk


async def test_a_refusal_is_one_whole_error_that_says_no_more_than_it_has_to() -> None:
    """Status, headers and code are those of the status that HTTP has for it."""
    head = POST + b"Cookie: " + b"c" * 4000 + b"\r\n\r\n"
    asked: list[tuple[bytes, int, str, str]] = [
        (b"nonsense\r\n\r\n", 400, "Bad Request", "bad_request"),
        (head, 431, "Request Header Fields Too Large", "request_header_fields_too_large"),
    ]
    async with serve(Recorder(), SMALL) as port:
        for sent, status, phrase, code in asked:
            raw = await talk(port, sent)
            answer = refusal(raw, status)
            assert raw.startswith(f"HTTP/1.1 {status} {phrase}\r\n".encode())
            assert answer.headers == {
                "content-type": "application/json",
                "content-length": str(len(answer.body)),
                "connection": "close",
            }
            error = answer.json()["error"]
            message = error.pop("message")
            assert message.endswith((".", "(GATEWAY_HEADER_BYTES_MAX)."))
            assert error == {"type": "invalid_request_error", "param": None, "code": code}


async def test_a_refusal_keeps_nothing_of_the_connection_that_it_answered() -> None:
    """It is the same for all of them, and would hold each one's head and buffers."""
    head = POST + b"Cookie: " + b"c" * 4000 + b"\r\n\r\n"
    async with serve(Recorder(), SMALL) as port:
        for _ in range(3):
            refusal(await talk(port, head), 431)
    assert HEAD_TOO_LARGE.__traceback__ is None
    assert HEAD_TOO_LARGE.__context__ is None
