"""One request to an app of this process."""

from __future__ import annotations

import json
from typing import Any

from cursor_api.cli.doctor.inner_call import call
from cursor_api.domain.credential import Secret

KEY = Secret("a-key-0123456789")


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Its request, back in two pieces; then it waits for the client to go, if it does."""
    message = await receive()
    headers = dict(scope["headers"])
    assert headers[b"authorization"] == b"Bearer a-key-0123456789"
    assert int(headers[b"content-length"]) == len(message["body"])
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"b")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    await send({"type": "http.response.body", "body": message["body"][:4], "more_body": True})
    if json.loads(message["body"])["waits"]:
        assert (await receive())["type"] == "http.disconnect"
    await send({"type": "http.response.body", "body": message["body"][4:]})


async def test_a_whole_answer() -> None:
    """Status, headers, body, and when it began."""
    called = await call(_echo, "/x", KEY, {"waits": False})
    assert (called.status, called.headers) == (201, {"x-a": "b"})
    assert json.loads(called.body) == {"waits": False}
    assert called.first_after_s is not None
    assert called.ended_after_leaving_s is None


async def test_a_client_that_leaves() -> None:
    """At the first bytes; it is told how long the other side went on."""
    called = await call(_echo, "/x", KEY, {"waits": True}, leaves=True)
    assert called.ended_after_leaving_s is not None
    assert 0 <= called.ended_after_leaving_s <= called.took_s
