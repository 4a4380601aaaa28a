from __future__ import annotations

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.unit.simulator.asking import NOW_S, hear_one, raw_request


async def test_it_is_a_server_that_knows_what_it_was_asked() -> None:
    """With the options of any simulator, and those that only Cursor's requests concern."""
    options = SimulatorOptions(now_s=lambda: NOW_S)
    async with CursorSimulator(options, Gate(client_version_min="99")) as simulator:
        assert (await hear_one(simulator.port, raw_request())).status == 200
        (request,) = simulator.requests
        assert request.ask.question == "hi"
        assert "99 is required" in request.refusal
        simulator.use_faults(Faults(http_error=1, http_status=503))
        assert (await hear_one(simulator.port, raw_request())).status == 503
        simulator.script("opaque", Faults(http_error=1, http_status=429))
        assert (await hear_one(simulator.port, raw_request())).status == 429
