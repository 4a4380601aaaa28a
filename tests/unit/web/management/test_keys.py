"""`/api/keys`: an operator makes, changes and revokes keys; a secret is told once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cursor_api.domain.api_key import KeyTerms
from cursor_api.stores.memory_keys import MemoryKeyStore
from tests.house import BEARER, CLIENT_KEY, House
from tests.serving import Answer, ask, serve

BASE = "/api/keys"
SHAPE = {
    "id",
    "name",
    "owner",
    "note",
    "role",
    "state",
    "hint",
    "models",
    "limits",
    "time_zone",
    "created_at",
    "expires_at",
    "revoked_at",
    "previous_until",
    "version",
    "left",
}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


class ChangedStore(MemoryKeyStore):
    """One that others write to."""

    async def has_changed(self) -> bool:
        """As far as anybody here knows."""
        return True


class Desk:
    """A gateway that is served, and its operator."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def call(self, method: str, path: str = "", body: object = None, key: str = "") -> Answer:
        """One request to an address of the keys, with the operator's key unless one is given."""
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}"} if key else BEARER
        return await ask(self._port, method, f"{BASE}{path}", headers=headers, body=data)

    async def create(self, **terms: object) -> dict[str, Any]:
        """A new key, with its secret."""
        answer = await self.call("POST", "", {"name": "Alice", **terms})
        assert answer.status == 201
        found: dict[str, Any] = answer.json()
        return found

    async def chat(self, secret: str, path: str = "/v1/chat/completions", **more: object) -> Answer:
        """A question of whoever has this secret."""
        body = json.dumps({**CHAT, **more}).encode()
        headers = {"Authorization": f"Bearer {secret}"}
        return await ask(self._port, "POST", path, headers=headers, body=body)

    async def models(self, secret: str, name: str = "") -> Answer:
        """The models that whoever has this secret sees."""
        headers = {"Authorization": f"Bearer {secret}"}
        return await ask(self._port, "GET", f"/v1/models{name}", headers=headers)


@asynccontextmanager
async def opened() -> AsyncIterator[Desk]:
    """A new gateway."""
    async with serve(House().app) as port:
        yield Desk(port)


def error_of(answer: Answer) -> tuple[int, str, str | None]:
    """Its status, code and field."""
    error = answer.json()["error"]
    return answer.status, error["code"], error["param"]


async def test_a_key_is_made_shown_once_and_used() -> None:
    """Its secret is in that answer and in no later one."""
    async with opened() as desk:
        made = await desk.create(owner="team", limits={"requests_per_day": 2})
        assert set(made["key"]) == SHAPE
        assert (made["key"]["id"], made["key"]["state"]) == ("alice", "active")
        assert (await desk.chat(made["secret"])).status == 200
        one = (await desk.call("GET", "/alice")).json()
        assert one["left"][0]["limit"] == "requests_per_day"
        assert one["left"][0]["left"] == 1
        listed = await desk.call("GET")
        assert listed.headers["cache-control"] == "no-store"
        assert [key["id"] for key in listed.json()["keys"]] == ["alice"]
        assert listed.json()["keys"][0]["left"][0]["left"] == 1
        for answer in (listed, await desk.call("GET", "/alice")):
            assert made["secret"].encode() not in answer.body


async def test_what_another_process_has_just_done_is_shown() -> None:
    """Whoever makes or revokes a key in one may look at it in the other the moment after."""
    store = ChangedStore()
    async with serve(House(key_store=store).app) as port:
        desk = Desk(port)
        assert (await desk.call("GET")).json() == {"keys": []}
        elsewhere = House(key_store=store).keys.keys
        await elsewhere.create(KeyTerms("Alice"))
        assert [key["id"] for key in (await desk.call("GET")).json()["keys"]] == ["alice"]
        await elsewhere.revoke("alice")
        assert (await desk.call("GET", "/alice")).json()["state"] == "revoked"


async def test_limits_are_told_in_the_answers_own_words() -> None:
    """What is left, and in the end the refusal with its wait."""
    async with opened() as desk:
        made = await desk.create(
            limits={"requests_per_day": 2, "tokens_per_minute": 100_000, "output_reserve_count": 50}
        )
        first = await desk.chat(made["secret"])
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert int(first.headers["x-ratelimit-remaining-tokens"]) < 100_000
        other = await desk.chat(made["secret"], "/v1/messages", max_tokens=50)
        assert other.headers["anthropic-ratelimit-requests-remaining"] == "0"
        assert other.headers["anthropic-ratelimit-requests-reset"].endswith("T00:00:00Z")
        refused = await desk.chat(made["secret"])
        assert error_of(refused) == (429, "rate_limit_exceeded", None)
        assert refused.headers["retry-after"] == "60"
        assert refused.headers["x-should-retry"] == "false"
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        assert "There is room again in" in refused.json()["error"]["message"]
        assert (await desk.chat(made["secret"], "/v1/messages", max_tokens=50)).status == 429


async def test_a_spent_budget_has_no_retry_after() -> None:
    """No wait of a minute brings it back; agents know the word and stop."""
    async with opened() as desk:
        budget = {"period": "month", "tokens": 60}
        made = await desk.create(limits={"budget": budget, "output_reserve_count": 50})
        assert (await desk.chat(made["secret"])).status == 200
        refused = await desk.chat(made["secret"], max_tokens=60)
        assert error_of(refused) == (429, "insufficient_quota", None)
        assert "retry-after" not in refused.headers


async def test_a_key_with_a_list_of_models_sees_and_asks_those() -> None:
    """Whatever it is that asks."""
    async with opened() as desk:
        secret = (await desk.create(models=["claude-*"]))["secret"]
        assert error_of(await desk.chat(secret)) == (403, "model_not_allowed", "model")
        assert (await desk.models(secret)).json()["data"] == []
        assert error_of(await desk.models(secret, "/gpt-4o"))[:2] == (403, "model_not_allowed")
        counted = await desk.chat(secret, "/v1/messages/count_tokens")
        assert counted.status == 403
        all_models = (await desk.create())["secret"]
        assert (await desk.models(all_models)).json()["data"] != []
        assert (await desk.models(all_models, "/gpt-4o")).status == 200


async def test_a_budget_of_money_asks_for_priced_models_only() -> None:
    """Nobody can tell when it would be spent."""
    async with opened() as desk:
        budget = {"period": "month", "dollars": "1"}
        secret = (await desk.create(limits={"budget": budget}))["secret"]
        assert error_of(await desk.chat(secret)) == (403, "model_not_priced", "model")


async def test_revoked_and_expired_keys_are_told_so() -> None:
    """401, with a code of its own."""
    async with opened() as desk:
        secret = (await desk.create())["secret"]
        assert (await desk.call("DELETE", "/alice")).status == 409
        revoked = (await desk.call("POST", "/alice/revoke")).json()
        assert (revoked["state"], revoked["revoked_at"] is None) == ("revoked", False)
        assert error_of(await desk.chat(secret)) == (401, "key_revoked", None)
        assert (await desk.models(secret)).status == 401
        assert (await desk.call("DELETE", "/alice")).json()["id"] == "alice"
        assert error_of(await desk.chat(secret))[:2] == (401, "unauthorized")
        assert (await desk.call("GET", "/alice")).status == 404


async def test_a_rotated_key_goes_on_with_both_secrets_for_a_while() -> None:
    """Or with the new one alone."""
    async with opened() as desk:
        first = (await desk.create())["secret"]
        second = (await desk.call("POST", "/alice/rotate", {"keep_old_s": 3600})).json()
        assert second["key"]["previous_until"] is not None
        assert (await desk.chat(first)).status == 200
        third = (await desk.call("POST", "/alice/rotate")).json()["secret"]
        assert len({first, second["secret"], third}) == 3
        assert (await desk.chat(first)).status == 401
        assert (await desk.chat(second["secret"])).status == 401
        assert (await desk.chat(third)).status == 200
        wrong = await desk.call("POST", "/alice/rotate", {"keep_old_s": -1})
        assert error_of(wrong)[2] == "keep_old_s"


async def test_a_change_is_made_to_what_was_read() -> None:
    """With its version; without one to what is there."""
    async with opened() as desk:
        await desk.create()
        changed = await desk.call("PATCH", "/alice", {"note": "n", "version": 1})
        assert (changed.json()["note"], changed.json()["version"]) == ("n", 2)
        late = await desk.call("PATCH", "/alice", {"note": "m", "version": 1})
        assert late.status == 412
        assert (await desk.call("PATCH", "/alice", {"owner": "o"})).json()["note"] == "n"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": ""}, "name"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"limits": {"requests_per_minute": 0}}, "limits.requests_per_minute"),
        ({"limits": {"budget": {"period": "day"}}}, "limits.budget"),
        ({"expires_at": "1970-01-01T00:00:00Z"}, "expires_at"),
        ({"id": "Not Plain"}, "id"),
    ],
)
async def test_a_wrong_field_is_named(body: dict[str, object], param: str) -> None:
    """So that a form can show it there; and nothing is made."""
    async with opened() as desk:
        answer = await desk.call("POST", "", {"name": "Alice", **body})
        assert error_of(answer) == (400, "invalid_value", param)
        assert (await desk.call("GET")).json()["keys"] == []


async def test_an_admin_key_may_make_keys_and_a_chat_key_may_not() -> None:
    """Nor may one that stands in the settings for chat alone."""
    async with opened() as desk:
        boss = (await desk.create(name="Boss", role="admin"))["secret"]
        chat = (await desk.create())["secret"]
        assert (await desk.call("POST", "", {"name": "B"}, key=boss)).status == 201
        for key, status in ((chat, 403), (CLIENT_KEY, 403), ("wrong", 401)):
            assert (await desk.call("POST", "", {"name": "B"}, key=key)).status == status
            assert (await desk.call("GET", key=key)).status == status
