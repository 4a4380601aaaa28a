from __future__ import annotations

from cursor_api.simulator.cursor.responder import CursorResponder
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.kind import PlannedAnswer, Responder
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.plain import plain_answer
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.server import Simulator
from tests.unit.simulator.asking import hear_one, raw_request


class Greeter:
    """A kind of upstream that knows one word."""

    paths = frozenset({"/hello"})

    def respond(self, request: RawRequest, /) -> PlannedAnswer:
        """It, or that it knows nothing."""
        steps = plain_answer(200, b"hello") if request.path in self.paths else plain_answer(404)
        return PlannedAnswer(0, frozenset(), iter(steps))


async def test_each_kind_answers_its_own_paths() -> None:
    """Side by side on one address; the first one refuses what nobody knows."""
    cursor = CursorResponder(SimulatorOptions(faults=Faults(http_error=1, http_status=503)))
    responders: tuple[Responder, ...] = (Greeter(), cursor)
    async with Simulator(responders) as simulator:
        assert (await hear_one(simulator.port, raw_request(target="/hello?a=b"))).body == b"hello"
        assert (await hear_one(simulator.port, raw_request())).status == 503
        assert (await hear_one(simulator.port, raw_request(target="/other"))).status == 404
    assert [request.path for request in (raw_request(),)] == list(cursor.paths)
    assert len(cursor.requests) == 1
