from __future__ import annotations

from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.kind import OpenAiSimulator
from tests.unit.simulator.api_asking import raw
from tests.unit.simulator.asking import hear_one


async def test_it_serves_what_it_is_set_to() -> None:
    """Its models, to whom has a good key."""
    api = ApiOptions(models=("m",), keys=frozenset({"a-key"}))
    async with OpenAiSimulator(api=api) as simulator:
        listed = await hear_one(simulator.port, raw("/v1/models", method="GET", host="x"))
        assert b'"m"' in listed.body
        wrong = raw("/v1/models", method="GET", host="x", authorization="Bearer b")
        assert (await hear_one(simulator.port, wrong)).status == 401
