from __future__ import annotations

from cursor_api.simulator.api_server import ApiSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.api import CHAT, OpenAiApi
from tests.unit.simulator.api_asking import raw
from tests.unit.simulator.asking import hear_one


async def test_a_served_api_can_be_looked_at_and_changed() -> None:
    """Its requests, its faults, and those of one credential."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Say tea"}]}
    request = raw(CHAT, body, host="simulator")
    async with ApiSimulator(OpenAiApi(ApiOptions())) as simulator:
        assert (await hear_one(simulator.port, request)).status == 200
        simulator.use_faults(Faults(http_error=1, http_status=503))
        assert (await hear_one(simulator.port, request)).status == 503
        simulator.script("a-key", Faults())
        answered = await hear_one(simulator.port, request)
        assert b'"tea"' in answered.body
        assert [one.body for one in simulator.requests] == [body] * 3
