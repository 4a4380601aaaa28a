"""`/api/credentials`: addresses, parameters, bodies, and the shapes that programs rely on."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Cooldown, Quarantine, QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind
from tests.endpoints import FAKE
from tests.fakes import Step
from tests.house import BEARER, HELLO, House
from tests.serving import Answer, ask, serve

BASE = "/api/credentials"
SHAPE = {
    "alias",
    "secret",
    "checksum",
    "state",
    "reason",
    "next_try_at",
    "cooldowns",
    "quarantine",
    "last_used_at",
    "success_count",
    "failure_count",
    "recent",
    "active_count",
    "expires_at",
    "expiry_warning",
    "priority",
    "weight",
    "concurrency_max",
    "enabled",
    "upstream",
    "configured",
}
THREE: dict[str, list[Step]] = {"a": HELLO, "b": HELLO, "c": HELLO}


async def call(port: int, method: str, path: str, body: object = None) -> Answer:
    """One request with the key."""
    data = b"" if body is None else json.dumps(body).encode()
    return await ask(port, method, f"{BASE}{path}", headers=BEARER, body=data)


async def one_call(house: House, method: str, path: str, body: object = None) -> Answer:
    """The same, to a house of its own."""
    async with serve(house.app) as port:
        return await call(port, method, path, body)


async def test_the_list_has_the_shape_that_programs_rely_on() -> None:
    """Masked; instants with their zone; the server's clock beside them."""
    house = House()
    slot = house.pool.get_slot("a")
    slot.cooldowns["gpt-4o"] = Cooldown(5000.5, 2, "rate_limited")
    slot.quarantine = Quarantine(QuarantineReason.BLOCKED, 900.0, "too many computers")
    answer = await one_call(house, "GET", "")
    body = answer.json()
    assert set(body) == {
        *("credentials", "total_count", "now", "warnings", "notices", "trouble", "upstreams")
    }
    (shown,) = body["credentials"]
    assert set(shown) == SHAPE
    assert (shown["alias"], shown["state"]) == ("a", "quarantined")
    assert shown["cooldowns"] == [
        {
            "model": "gpt-4o",
            "until_at": "1970-01-01T01:23:20.500000Z",
            "step": 2,
            "cause": "rate_limited",
            "phase": "waiting",
        }
    ]
    assert shown["quarantine"] == {
        "reason": "blocked",
        "detail": "too many computers",
        "since_at": "1970-01-01T00:15:00Z",
    }
    assert b"secret-token" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


async def test_a_part_of_the_list_can_be_asked_for() -> None:
    """By order, offset and limit."""
    async with serve(House(THREE).app) as port:
        await call(port, "PATCH", "/b", {"priority": 1})
        for query, aliases in (
            ("", "abc"),
            ("?order=priority", "bac"),
            ("?order=file&offset=1&limit=1", "b"),
            ("?offset=3", ""),
            ("?limit=10000&further=x", "abc"),
        ):
            body = (await call(port, "GET", query)).json()
            assert "".join(one["alias"] for one in body["credentials"]) == aliases
            assert body["total_count"] == 3


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?order=name", "order"),
        ("?order=", "order"),
        ("?limit=0", "limit"),
        ("?limit=10001", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=x", "limit"),
        ("?limit=٣", "limit"),
        ("?offset=99999999999999", "offset"),
    ],
)
async def test_a_wrong_parameter_is_named(query: str, param: str) -> None:
    """With what it may be."""
    answer = await one_call(House(), "GET", quote(query, safe="?=-"))
    assert answer.status == 400
    assert answer.json()["error"]["param"] == param


async def test_one_credential_is_looked_at() -> None:
    """By its alias; an unknown one is a 404 in OpenAI's shape."""
    async with serve(House().app) as port:
        assert set((await call(port, "GET", "/a")).json()) == SHAPE
        answer = await call(port, "GET", "/nobody")
    assert answer.status == 404
    assert answer.json()["error"]["param"] == "alias"


async def test_a_preview_stores_nothing_and_adding_does() -> None:
    """The same text, first looked at, then added."""
    house = House()
    text = "new::a-new-token-0123456789\nuser_1%3A%3AeyJhIjox.e30.x"
    async with serve(house.app) as port:
        preview = await call(port, "POST", "", {"tokens": text, "dry_run": True})
        assert preview.status == 200
        assert preview.json()["can_add"] is True
        assert preview.json()["lines"][0] == {
            "line": 1,
            "alias": "new",
            "secret": "a-ne…6789",
            "spelling": "alias",
            "is_usual": False,
            "expires_at": None,
            "expiry_warning": False,
            "is_expired": False,
            "has_checksum": False,
            "problem": None,
            "problem_code": None,
            "problem_value": None,
        }
        assert preview.json()["lines"][1]["spelling"] == "cookie"
        assert len(house.pool.credentials) == 1
        added = await call(port, "POST", "", {"tokens": text})
    assert added.status == 201
    assert [one["alias"] for one in added.json()["credentials"]] == ["new", "user_1"]
    assert {frozenset(one) for one in added.json()["credentials"]} == {frozenset(SHAPE)}
    assert len(house.pool.credentials) == 3


async def test_bad_lines_are_listed_and_nothing_is_added() -> None:
    """For programs with file and line; a preview says the same per line."""
    house = House()
    text = "fine\ncanary token\nsecret-token-of-a"
    async with serve(house.app) as port:
        refused = await call(port, "POST", "", {"tokens": text})
        preview = await call(port, "POST", "", {"tokens": text, "dry_run": True})
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "invalid_tokens"
    problems = {one["line"]: one["problem"] for one in refused.json()["problems"]}
    assert set(problems) == {2, 3}
    assert preview.json()["can_add"] is False
    assert {
        line["line"]: line["problem"] for line in preview.json()["lines"] if line["problem"]
    } == problems
    assert b"canary" not in refused.body + preview.body
    assert len(house.pool.credentials) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "param"),
    [
        ("POST", "", {}, "missing_required_parameter", "tokens"),
        ("POST", "", {"tokens": 1}, "invalid_type", "tokens"),
        ("POST", "", {"tokens": "x", "dryrun": True}, "unknown_parameter", "dryrun"),
        ("POST", "", {"tokens": "x", "dry_run": "yes"}, "invalid_type", "dry_run"),
        ("POST", "", [], "invalid_type", None),
        ("PATCH", "/a", {"priorty": 1}, "unknown_parameter", "priorty"),
        ("PATCH", "/a", {"priority": 101}, "invalid_value", "priority"),
        ("PATCH", "/a", {"priority": -101}, "invalid_value", "priority"),
        ("PATCH", "/a", {"priority": None}, "invalid_type", "priority"),
        ("PATCH", "/a", {"priority": 1.5}, "invalid_type", "priority"),
        ("PATCH", "/a", {"weight": 0}, "invalid_value", "weight"),
        ("PATCH", "/a", {"weight": 101}, "invalid_value", "weight"),
        ("PATCH", "/a", {"concurrency_max": 0}, "invalid_value", "concurrency_max"),
        ("PATCH", "/a", {"concurrency_max": 1001}, "invalid_value", "concurrency_max"),
        ("PATCH", "/a", {"enabled": 1}, "invalid_type", "enabled"),
        ("PATCH", "/a", {"alias": None}, "invalid_type", "alias"),
        ("PATCH", "/a", {"alias": "a\nb"}, "invalid_tokens", None),
        ("PATCH", "/a", {"token": "two words"}, "invalid_tokens", None),
        ("PATCH", "/a", {"checksum": "abc"}, "invalid_tokens", None),
        ("POST", "/a/test", {"model": 1}, "invalid_type", "model"),
        ("POST", "/a/test", {"modle": "x"}, "unknown_parameter", "modle"),
    ],
)
async def test_a_body_that_does_not_fit_changes_nothing(
    method: str, path: str, body: object, code: str, param: str | None
) -> None:
    """The offending field is named."""
    house = House()
    before = await house.store.read_text(), house.pool.get_slot("a").preferences
    answer = await one_call(house, method, path, body)
    assert answer.status == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, param)
    assert (await house.store.read_text(), house.pool.get_slot("a").preferences) == before


async def test_everything_about_a_credential_can_be_changed() -> None:
    """In one request; the answer is what it is now."""
    house = House()
    body = {
        "alias": "ünï/x",
        "token": "user_9%3A%3Aa-renewed-token-01234",
        "priority": -100,
        "weight": 100,
        "concurrency_max": 1000,
        "enabled": False,
    }
    async with serve(house.app) as port:
        answer = await call(port, "PATCH", "/a", body)
        assert answer.status == 200
        shown = answer.json()
        assert {name: shown[name] for name in body if name != "token"} == {
            name: value for name, value in body.items() if name != "token"
        }
        assert (shown["secret"], shown["state"]) == ("a-re…1234", "disabled")
        path = f"/{quote('ünï/x', safe='')}"
        answer = await call(port, "PATCH", path, {"concurrency_max": None, "enabled": True})
        assert (answer.json()["concurrency_max"], answer.json()["enabled"]) == (None, True)
        assert answer.json()["priority"] == -100
        assert (await call(port, "PATCH", path, {})).json()["weight"] == 100


async def test_what_is_anothers_is_a_conflict() -> None:
    """An alias, or a token."""
    async with serve(House(THREE).app) as port:
        for body, param in (
            ({"alias": "b"}, "alias"),
            ({"token": "secret-token-of-b"}, "token"),
        ):
            answer = await call(port, "PATCH", "/a", body)
            assert (answer.status, answer.json()["error"]["param"]) == (409, param)


async def test_what_stands_in_the_settings_is_changed_there() -> None:
    """Its preferences are the gateway's own, whatever else is sent along unchanged."""
    house = House()
    house.roster.configure([Credential("b", Secret("key-of-b"), endpoint=FAKE, is_configured=True)])
    await house.roster.start()
    async with serve(house.app) as port:
        listed = (await call(port, "GET", "")).json()["credentials"]
        assert [(one["alias"], one["upstream"], one["configured"]) for one in listed] == [
            ("a", FAKE, False),
            ("b", FAKE, True),
        ]
        for method, body in (
            ("DELETE", None),
            ("PATCH", {"alias": "c"}),
            ("PATCH", {"alias": ""}),
            ("PATCH", {"token": "another-token"}),
            ("PATCH", {"alias": "b", "checksum": "x", "priority": 5}),
        ):
            answer = await call(port, method, "/b", body)
            assert answer.status == 409
            assert answer.json()["error"]["message"] == (
                "'b' comes from the settings: from [[upstream]] fake in cursor-api.toml,"
                " or from TOKENS. Change it there."
            )
        wishes = {"priority": 3, "weight": 2, "concurrency_max": 4, "enabled": False}
        answer = await call(port, "PATCH", "/b", {"alias": "b", **wishes})
        assert answer.status == 200
        assert {name: answer.json()[name] for name in wishes} == wishes
        assert (await call(port, "POST", "/b/clear")).status == 200


async def test_a_removal_is_taken_back_with_what_it_gave() -> None:
    """`undo` is the body to post."""
    house = House(THREE)
    async with serve(house.app) as port:
        removed = await call(port, "DELETE", "/b")
        assert set(removed.json()) == {"removed", "undo"}
        assert [one.alias for one in house.pool.credentials] == ["a", "c"]
        assert (await call(port, "DELETE", "/b")).status == 404
        back = await call(port, "POST", "", removed.json()["undo"])
    assert back.status == 201
    assert [one.alias for one in house.pool.credentials] == ["a", "c", "b"]
    assert house.pool.get_slot("b").credential.binding == f"{'b' * 8}{'0' * 64}"


async def test_a_test_answers_with_what_came_of_it() -> None:
    """200 as soon as it could be made; the outcome is in the body."""
    limited: list[Step] = [Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=30)]
    async with serve(House({"a": HELLO, "b": limited}).app) as port:
        good = await call(port, "POST", "/a/test")
        bad = await call(port, "POST", "/b/test", {"model": "gpt-4o"})
        unknown = await call(port, "POST", "/a/test", {"model": "gpt-99"})
    assert good.status == bad.status == 200
    assert set(good.json()) == {
        "is_ok",
        "model",
        "latency_ms",
        "duration_ms",
        "word_count",
        "text",
        "fault",
        "advice",
        "credential",
    }
    assert (good.json()["is_ok"], good.json()["text"]) == (True, "Hello")
    assert good.json()["credential"]["success_count"] == 1
    assert bad.json()["fault"] == {
        "kind": "rate_limited",
        "message": "slow down",
        "retry_after_s": 30.0,
    }
    assert bad.json()["credential"]["state"] == "cooling"
    assert (unknown.status, unknown.json()["error"]["param"]) == (404, "model")


async def test_a_cooldown_is_cleared() -> None:
    """By a person who knows better."""
    house = House()
    house.pool.get_slot("a").cooldowns["gpt-4o"] = Cooldown(9e9, 2, "rate_limited")
    answer = await one_call(house, "POST", "/a/clear")
    assert (answer.json()["state"], answer.json()["cooldowns"]) == ("healthy", [])
