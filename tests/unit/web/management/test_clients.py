"""`/api/clients`: what to paste where."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cursor_api.clients.table import CLIENTS
from cursor_api.domain.api_key import KeyTerms
from cursor_api.domain.catalog import Model
from cursor_api.domain.permission import Permission
from cursor_api.web.management.clients import NO_KEY, NO_MODEL
from cursor_api.web.parts import WebOptions
from tests.endpoints import FAKE
from tests.house import BEARER, CLIENT_KEY, KEY, House
from tests.serving import Answer, ask, serve

ROOT = "https://gateway.example.com/hf"
MODELS = [Model("composer-1", "x", 1), Model("claude-4-sonnet", "x", 1)]


async def get(house: House, query: str) -> Answer:
    """One look."""
    async with serve(house.app) as port:
        return await ask(port, "GET", f"/api/clients{query}", headers=BEARER)


async def body_of(house: House, query: str) -> dict[str, Any]:
    """What it says."""
    answer = await get(house, query)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


async def test_every_client_is_there_and_its_texts_are_complete() -> None:
    """With the address of the page, the operator's key and a model that is served."""
    house = House()
    house.catalog.put(FAKE, MODELS)
    answer = await get(house, f"?base={ROOT}/v1")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert [one["name"] for one in body["clients"]] == list(CLIENTS)
    assert (body["base"], body["key_name"], body["key"]) == (ROOT, "operator", KEY)
    assert body["keys"] == ["client-1", "operator"]
    for one in body["clients"]:
        texts = str(one)
        assert ROOT in texts
        assert not re.search(r"@\w+@", texts), texts
        assert one["model"] in {"composer-1", "claude-4-sonnet"}
        assert one["dialect"].startswith("/v1/")


async def test_one_client_with_a_chosen_model_and_somebodys_key() -> None:
    """The key is named, so that none is in an address."""
    body = await body_of(House(), "?client=claude&model=gpt-4o&key=client-1")
    (client,) = body["clients"]
    assert client["name"] == "claude-code"
    assert (client["model"], client["small_model"]) == ("gpt-4o", "gpt-4o")
    assert CLIENT_KEY in client["exports"]
    assert KEY not in str(body)
    assert client["command"] == "cursor-api run claude-code"
    assert set(client["steps"][0]) == {"en", "zh"}


async def test_who_asks_with_an_api_key_is_not_told_the_operators() -> None:
    """It would still be good when the API key is revoked."""
    house = House()
    boss = await house.keys.keys.create(KeyTerms("Boss", role=Permission.ADMIN))
    secret = boss.secret.reveal()
    async with serve(house.app) as port:

        async def get_as_boss(query: str) -> Answer:
            headers = {"Authorization": f"Bearer {secret}"}
            return await ask(port, "GET", f"/api/clients?client=llm{query}", headers=headers)

        own = await get_as_boss("")
        wrong = await get_as_boss("&key=operator")
        client = await get_as_boss("&key=client-1")
    assert (own.json()["key_name"], own.json()["key"]) == ("boss", secret)
    assert own.json()["keys"] == ["client-1", "boss"]
    assert (wrong.status, client.json()["key"]) == (400, CLIENT_KEY)
    assert KEY.encode() not in own.body + wrong.body + client.body


async def test_a_file_is_whole_and_says_where_it_is() -> None:
    """To be copied as it stands."""
    (client,) = (await body_of(House(), f"?client=codex&base={ROOT}"))["clients"]
    (file,) = client["files"]
    assert file["path"]["en"] == "`~/.codex/config.toml`"
    assert f'base_url = "{ROOT}/v1"' in file["text"]
    assert file["language"] == "toml"


async def test_a_model_that_calls_no_tools_is_told_of() -> None:
    """An agent with it is a chat."""
    house = House()
    house.catalog.put(FAKE, [Model("dull", "x", 1, features=frozenset())])
    clients = {one["name"]: one for one in (await body_of(house, ""))["clients"]}
    assert clients["claude-code"]["is_without_tools"] is True
    assert clients["llm"]["is_without_tools"] is False


async def test_without_a_page_the_address_is_the_one_that_was_asked() -> None:
    """With the prefix; a Host header that is no host is not repeated."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        for host, root in (
            ("127.0.0.1:3000", "http://127.0.0.1:3000/hf"),
            ("x:99999", "http://127.0.0.1/hf"),
        ):
            headers = BEARER | {"Host": host}
            answer = await ask(port, "GET", "/hf/api/clients?client=llm", headers=headers)
            assert answer.json()["base"] == root


async def test_what_is_not_known_has_a_text_that_says_so() -> None:
    """No model is served, and callers bring their own keys."""
    house = House()
    house.catalog.put(FAKE, [])
    house.parts.keys.clear()  # type: ignore[attr-defined]  # a dict here
    house.app.use(house.parts, house.options)
    body = await body_of(house, "?client=llm")
    assert (body["key_name"], body["key"], body["keys"]) == (None, NO_KEY, [])
    assert body["clients"][0]["model"] == NO_MODEL


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?client=nobody", "client"),
        ("?key=nobody", "key"),
        (f"?key={KEY}", "key"),
        ("?base=ftp://x", "base"),
        ("?base=https://a:b@x", "base"),
        ("?client=llm&client=aider", "client"),
        ("?model=a%00b", "model"),
        ("?url=x", "url"),
    ],
)
async def test_a_wrong_parameter_is_named_and_not_repeated(query: str, param: str) -> None:
    """It may be a key that somebody put there."""
    answer = await get(House(), query)
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
    assert KEY.encode() not in answer.body
