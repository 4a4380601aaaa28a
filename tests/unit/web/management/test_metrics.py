"""`GET /metrics`: for whom, and in which form."""

from __future__ import annotations

from cursor_api.web.management.metrics import MetricsApp
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import ask, serve

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


async def test_the_operator_sees_what_was_counted() -> None:
    """Nobody else does; and nothing of it is for a cache."""
    house = House()
    async with serve(house.app) as port:
        await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=CHAT)
        answer = await ask(port, "GET", "/metrics", headers=BEARER)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"].startswith("text/plain")
        sample = (
            'cursor_api_requests_total{dialect="openai_chat",model="gpt-4o",outcome="answered"}'
        )
        assert f"{sample} 1.0" in answer.body.decode()
        assert (await ask(port, "GET", "/metrics")).status == 401
        chat_only = {"Authorization": f"Bearer {CLIENT_KEY}"}
        assert (await ask(port, "GET", "/metrics", headers=chat_only)).status == 403
        # The wrong key was counted, too.
        after = (await ask(port, "GET", "/metrics", headers=BEARER)).body.decode()
    assert 'cursor_api_refusals_total{fault="unauthenticated"} 1.0' in after


async def test_on_a_listener_of_their_own_they_ask_for_no_key_and_are_alone() -> None:
    """Nothing of the gateway is there beside them."""
    house = House()
    async with serve(MetricsApp(house.parts.metrics)) as port:
        answer = await ask(port, "GET", "/metrics")
        assert (answer.status, b"cursor_api_inflight" in answer.body) == (200, True)
        assert (await ask(port, "HEAD", "/metrics")).status == 200
        assert (await ask(port, "POST", "/metrics")).status == 405
        for path in ("/", "/v1/models", "/logs", "/api/now", "/metrics/", "/livez"):
            assert (await ask(port, "GET", path, headers=BEARER)).status == 404
