"""`/api/prices`: what models cost, as an operator enters it."""

from __future__ import annotations

import json

from tests.fakes import StillClock
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import Answer, ask, serve

PRICE = {
    "model": "gpt-*",
    "valid_from": "2020-01-01",
    "input": "2.5",
    "output": "10",
    "source": "the maker's page",
    "cache_read": None,
    "cache_written": None,
}


async def call(port: int, method: str, query: str = "", body: object = None) -> Answer:
    """One request with the operator's key."""
    data = b"" if body is None else json.dumps(body).encode()
    return await ask(port, method, f"/api/prices{query}", headers=BEARER, body=data)


async def test_a_price_is_entered_holds_and_is_taken_away() -> None:
    """The next request has a cost; what is recorded keeps its own."""
    clock = StillClock()
    clock.seconds = 1.75e9
    house = House(clock=clock)
    async with serve(house.app) as port:
        assert (await call(port, "GET")).json() == {"prices": []}
        assert (await call(port, "PUT", "", PRICE)).json() == PRICE
        assert (await call(port, "GET")).json() == {"prices": [PRICE]}
        body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
        await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=body)
        gone = await call(port, "DELETE", "?model=gpt-*&valid_from=2020-01-01")
        assert gone.json() == {"prices": []}
        await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=body)
        again = await call(port, "DELETE", "?model=gpt-*&valid_from=2020-01-01")
        assert again.status == 404
    priced, unpriced = house.log.records
    assert priced.usage is not None
    expected = priced.usage.input_count * 2500 + priced.usage.output_count * 10_000
    assert (priced.cost_nano, unpriced.cost_nano) == (expected, None)


async def test_what_is_wrong_is_named() -> None:
    """A field of the body, or a parameter."""
    async with serve(House().app) as port:
        for change, param in (
            ({"source": ""}, "source"),
            ({"input": "-1"}, "input"),
            ({"model": "a b"}, "model"),
        ):
            answer = await call(port, "PUT", "", PRICE | change)
            assert (answer.status, answer.json()["error"]["param"]) == (400, param)
        for query, param in (
            ("?model=a", "valid_from"),
            ("?valid_from=2020-01-01", "model"),
            ("?model=a&valid_from=yesterday", "valid_from"),
            ("?modell=a", "modell"),
        ):
            answer = await call(port, "DELETE", query)
            assert (answer.status, answer.json()["error"]["param"]) == (400, param)
        assert (await call(port, "GET")).json() == {"prices": []}


async def test_prices_are_the_operators() -> None:
    """To see, too."""
    async with serve(House().app) as port:
        headers = {"Authorization": f"Bearer {CLIENT_KEY}"}
        assert (await ask(port, "GET", "/api/prices", headers=headers)).status == 403
