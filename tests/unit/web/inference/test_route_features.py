"""What an answer says of the route that served, and of what that cannot do."""

from __future__ import annotations

from cursor_api.domain.features import Feature
from tests.endpoints import FAKE, FakeKind
from tests.house import House
from tests.unit.web.inference.test_route import post, request_body


async def test_the_route_that_serves_is_named_with_what_it_cannot_do() -> None:
    """Streamed and not; the gateway's own list of what it left out comes first."""
    kind = FakeKind(frozenset({Feature.SEED, Feature.TOOLS}))
    for is_stream in (False, True):
        house = House()
        house.endpoints[FAKE].kind = kind
        body = request_body(stream=is_stream, seed=1, tools=[{}], temperature=1)
        answer = await post(house, body)
        assert answer.status == 200
        assert answer.headers["x-route"] == "fake/gpt-4o"
        assert answer.headers["x-ignored-params"] == "tools, seed"


async def test_what_only_this_model_cannot_do_is_named_too() -> None:
    """The kind of upstream can: another model of the same endpoint would have done it."""
    house = House()
    house.upstream.lacks["gpt-4o"] = frozenset({Feature.TEMPERATURE})
    answer = await post(house, request_body(temperature=1, seed=1))
    assert answer.headers["x-ignored-params"] == "temperature"


async def test_a_request_that_no_route_can_serve_names_the_parameter() -> None:
    """A 400 in the dialect's spelling; nobody was asked."""
    house = House()
    house.endpoints[FAKE].kind = FakeKind(frozenset({Feature.FORCED_TOOLS}))
    answer = await post(house, request_body(tool_choice="required"))
    assert answer.status == 400
    assert answer.json()["error"]["param"] == "tool_choice"
    assert "x-route" not in answer.headers
    assert house.upstream.asked == []
