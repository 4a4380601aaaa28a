"""The list of models."""

from __future__ import annotations

from tests.house import House
from tests.serving import ask, serve

CHAT = "/v1/chat/completions"


async def test_models_are_listed_and_found_without_a_key() -> None:
    """As in the reference."""
    async with serve(House().app) as port:
        listed = await ask(port, "GET", "/v1/models")
        one = await ask(port, "GET", "/v1/models/gpt-4o")
        unknown = await ask(port, "GET", "/v1/models/gpt4o")
    assert listed.json()["data"] == [one.json()]
    assert one.json() == {"id": "gpt-4o", "created": 1, "object": "model", "owned_by": "openai"}
    assert unknown.status == 404
    assert unknown.json()["error"]["code"] == "model_not_found"
    assert "gpt-4o" in unknown.json()["error"]["message"]
