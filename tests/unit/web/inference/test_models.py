"""The list of models."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.catalog import Model
from cursor_api.pool.pool import Pool
from cursor_api.ports.dialect import Dialect
from tests.endpoints import FAKE, endpoint_of
from tests.house import BEARER, KEY, House
from tests.serving import ask, serve

CHAT = "/v1/chat/completions"


async def test_models_are_listed_and_found_without_a_key() -> None:
    """As in the earlier program."""
    async with serve(House().app) as port:
        listed = await ask(port, "GET", "/v1/models")
        one = await ask(port, "GET", "/v1/models/gpt-4o")
        unknown = await ask(port, "GET", "/v1/models/gpt4o")
        told = await ask(port, "GET", "/v1/models/gpt4o", headers=BEARER)
    assert listed.json()["data"] == [one.json()]
    facts = one.json()
    assert facts.pop("cursor_api")["routes"] == ["fake/gpt-4o"]
    assert facts == {"id": "gpt-4o", "created": 1, "object": "model", "owned_by": "openai"}
    assert unknown.status == told.status == 404
    assert unknown.json()["error"]["code"] == told.json()["error"]["code"] == "model_not_found"
    # Names are compared for those who have a key: it takes as long as many requests.
    assert "Did you mean" not in unknown.json()["error"]["message"]
    assert "Did you mean gpt-4o?" in told.json()["error"]["message"]


async def test_an_endpoint_without_a_credential_shows_no_models_beside_one_that_has_some() -> None:
    """They could only be refused. Where nobody has any, or callers bring theirs, all are shown."""

    async def shown(house: House) -> list[str]:
        bare = endpoint_of(house.upstream, Pool(house.clock, lambda: 0.5), name="bare")
        house.endpoints.replace([*house.endpoints.values(), bare])
        features = {name: one.kind.features for name, one in house.endpoints.items()}
        house.catalog.use((), features)
        house.catalog.put("bare", [Model("bare-1", "bare", 0)])
        async with serve(house.app) as port:
            assert (await ask(port, "GET", "/v1/models/bare-1")).status == 200
            listed = await ask(port, "GET", "/v1/models")
        return [one["id"] for one in listed.json()["data"]]

    assert await shown(House()) == ["gpt-4o"]
    assert await shown(House({})) == ["gpt-4o", "bare-1"]
    assert await shown(House(is_passthrough=True)) == ["gpt-4o", "bare-1"]


async def test_a_wrong_key_is_refused_where_none_is_asked_for() -> None:
    """Clients ask for the models to find out whether their key is right."""
    async with serve(House().app) as port:
        for path in ("/v1/models", "/v1/models/gpt-4o"):
            wrong = await ask(port, "GET", path, headers={"Authorization": "Bearer wrong"})
            assert (wrong.status, wrong.json()["error"]["code"]) == (401, "unauthorized")
            beside = {"Authorization": "Bearer the-proxys-own", "x-api-key": KEY}
            for headers in (BEARER, beside, {"Authorization": "Basic eDp5"}):
                assert (await ask(port, "GET", path, headers=headers)).status == 200
            assert (await ask(port, "POST", path)).status == 405


async def test_each_client_reads_the_models_in_its_own_dialect() -> None:
    """Anthropic's say which version they speak; no cache may mix the two."""
    own = {"anthropic-version": "2023-06-01"}
    async with serve(House().app) as port:
        listed = await ask(port, "GET", "/v1/models?limit=1000", headers=own)
        one = await ask(port, "GET", "/v1/models/gpt-4o", headers=own)
        unknown = await ask(port, "GET", "/v1/models/nobody", headers=own)
        others = await ask(port, "GET", "/v1/models")
    assert listed.json()["data"] == [one.json()]
    assert one.json()["display_name"] == "gpt-4o"
    assert unknown.json()["error"]["type"] == "not_found_error"
    assert "request-id" in unknown.headers
    assert {one.headers["vary"], others.headers["vary"]} == {"anthropic-version"}


async def test_a_list_is_written_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as it changes, for each client API: a long one takes as long as many requests."""
    house = House()
    written: list[tuple[str, int]] = []
    for dialect in house.parts.dialects:

        def write(models: Sequence[Model], dialect: Dialect = dialect) -> bytes:
            written.append((dialect.name, len(models)))
            return f"{dialect.name} {len(models)}".encode()

        monkeypatch.setattr(dialect, "models", write)
    anna = await house.keys.keys.create(KeyTerms("Anna", models=("gpt-4*",)))
    async with serve(house.app) as port:

        async def ask_as(**headers: str) -> bytes:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            return (await ask(port, "GET", "/v1/models", headers=fields)).body

        for _ in range(3):
            assert await ask_as() == b"openai_chat 1"
            assert await ask_as(anthropic_version="2023-06-01") == b"anthropic_messages 1"
        house.catalog.put(FAKE, [Model("gpt-4o", "x", 1), Model("o3", "x", 1)])
        for _ in range(3):
            assert await ask_as() == b"openai_chat 2"
            # One of a key's own changes nothing for others.
            own = await ask_as(authorization=f"Bearer {anna.secret.reveal()}")
            assert own == b"openai_chat 1"
    assert written.count(("openai_chat", 2)) == 1
    assert written.count(("anthropic_messages", 1)) == 1
    assert written.count(("openai_chat", 1)) == 1 + 3
