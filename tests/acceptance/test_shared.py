"""Two gateways at one Redis: limits hold over both, and both know what one finds out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cursor_api.bootstrap import build_gateway, file_stores
from cursor_api.cluster.place import WorkerPlace
from cursor_api.installed import SCHEMA, Settings
from cursor_api.runtime import among_siblings
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.stores.redis import link as redis_link
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.in_process import KEY, Gateway, gateway_of
from tests.openai_stream import read_stream
from tests.redis_server import RedisServer, redis_server
from tests.serving import serve

TOKEN = "a-session-token-for-tests"
NOT_LOGGED_IN = 2


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One that is maltreated."""
    with redis_server() as made:
        yield made


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer of Redis may take long."""
    monkeypatch.setattr(redis_link, "ANSWER_S", 10.0)


@pytest.fixture
async def simulator() -> AsyncIterator[CursorSimulator]:
    """The upstream of both."""
    async with CursorSimulator(SimulatorOptions()) as made:
        yield made


class ClockAhead(SystemClock):
    """Of a machine whose time is wrong; how long things take is no matter of it."""

    now = staticmethod(lambda: time.time() + 60.0)


def settings_of(
    server: RedisServer, simulator: CursorSimulator, folder: Path, **more: str
) -> Settings:
    """Those of a node with one credential."""
    (folder / ".token").write_text(f"work::{TOKEN}\n")
    environment = {
        "AUTH_TOKEN": KEY,
        "REDIS_URL": server.url,
        "CURSOR_BASE_URL": simulator.url,
        "TOKEN_FILE": str(folder / ".token"),
        "TOKEN_LIST_FILE": str(folder / ".token-list"),
    }
    return load_settings(SCHEMA, environment | more, Path("/nonexistent"), None).settings


@pytest.fixture
async def nodes(
    server: RedisServer, simulator: CursorSimulator, tmp_path: Path
) -> AsyncIterator[list[Gateway]]:
    """Two of them, at one file of keys, and a Redis with nothing in it.

    The clock of the second one is a minute ahead, which makes no difference.
    """
    server.ask("FLUSHALL")
    settings = settings_of(server, simulator, tmp_path)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                gateway_of(settings, file_stores(settings), Redactor(), clock)
            )
            for clock in (SystemClock(), ClockAhead())
        ]


async def make_key(nodes: list[Gateway], name: str, limits: dict[str, int]) -> dict[str, str]:
    """A key that both know, as a header."""
    body = json.dumps({"id": name, "name": name, "limits": limits}).encode()
    made = await nodes[0].ask("POST", "/api/keys", body=body)
    own = {"Authorization": f"Bearer {made.json()['secret']}"}
    async with asyncio.timeout(10):
        while (await nodes[1].ask("GET", "/v1/usage", headers=own)).status != 200:
            await asyncio.sleep(0.2)
    return own


async def test_a_limit_holds_over_both_and_its_absence_is_a_503(
    nodes: list[Gateway], server: RedisServer
) -> None:
    """Twelve at once at either, with room for five; keys without limits go on without Redis."""
    limited = await make_key(nodes, "alice", {"requests_per_day": 5})
    free = await make_key(nodes, "bob", {})
    answers = await asyncio.gather(
        *(nodes[number % 2].chat("Hello!", headers=limited) for number in range(12))
    )
    assert sorted(one.status for one in answers) == [200] * 5 + [429] * 7
    left = (await nodes[1].ask("GET", "/v1/usage", headers=limited)).json()["key"]["left"]
    assert [one["left"] for one in left] == [0]
    server.stop()
    async with asyncio.timeout(10):
        while (away := await nodes[0].chat("Hello!", headers=limited)).status != 503:
            await asyncio.sleep(0.05)
    assert away.json()["error"]["code"] == "limits_unavailable"
    assert "retry-after" in away.headers
    for headers in (free, None):
        assert (await nodes[0].chat("Hello!", headers=headers)).status == 200
    metrics = (await nodes[0].ask("GET", "/metrics")).body.decode()
    assert "cursor_api_shared_state_up 0.0" in metrics
    now = (await nodes[0].ask("GET", "/api/now")).json()
    assert (now["is_shared_up"], now["can_answer"]) == (False, True)
    # Back, with nothing in it: the records say what was used.
    server.start()
    async with asyncio.timeout(10):
        while (answer := await nodes[0].chat("Hello!", headers=limited)).status == 503:
            await asyncio.sleep(0.1)
    assert answer.status == 429


async def test_what_one_gateway_finds_out_the_other_knows(
    nodes: list[Gateway], simulator: CursorSimulator
) -> None:
    """A credential that the upstream refuses is asked once; a person's word counts at both."""
    one, other = nodes
    simulator.script(TOKEN, Faults(error_before_text=1, error_number=NOT_LOGGED_IN))
    assert (await one.chat("Hello!")).status == 502

    async def states() -> list[str]:
        answers = [await node.ask("GET", "/api/credentials") for node in nodes]
        return [answer.json()["credentials"][0]["state"] for answer in answers]

    async with asyncio.timeout(10):
        while await states() != ["quarantined"] * 2:
            await asyncio.sleep(0.05)
    assert (await other.ask("POST", "/api/credentials/work/clear")).status == 200
    async with asyncio.timeout(10):
        while await states() != ["healthy"] * 2:
            await asyncio.sleep(0.05)


async def test_a_credential_that_was_added_at_one_is_found_at_the_other(
    nodes: list[Gateway],
) -> None:
    """At once, whatever is to be done with it, and where the files have been changed before."""
    one, other = nodes
    for method, action, body in (
        ("GET", "", b""),
        ("PATCH", "", b'{"priority": 7}'),
        ("POST", "/clear", b""),
        ("POST", "/test", b"{}"),
        ("DELETE", "", b""),
    ):
        text = f"new::token-for-{method}{action[1:]}"
        added = await one.ask(
            "POST", "/api/credentials", body=json.dumps({"tokens": text}).encode()
        )
        assert added.status == 201
        answer = await other.ask(method, f"/api/credentials/new{action}", body=body)
        assert answer.status == 200, (method, action, answer.body)
        if method != "DELETE":
            assert (await one.ask("DELETE", "/api/credentials/new")).status == 200
            # It may be known at the other one for a moment still, which has to forget it first.
            async with asyncio.timeout(10):
                while (await other.ask("GET", "/api/credentials/new")).status != 404:
                    await asyncio.sleep(0.1)
    assert (await other.ask("GET", "/api/credentials/nobody")).status == 404


async def test_a_credential_that_was_added_at_one_is_listed_and_serves_at_the_other(
    nodes: list[Gateway],
) -> None:
    """At once: a person adds it in the console, and uses it through another worker."""
    one, other = nodes
    for name in ("listed", "serving"):
        text = json.dumps({"tokens": f"{name}::token-that-is-{name}"}).encode()
        assert (await one.ask("POST", "/api/credentials", body=text)).status == 201
        if name == "listed":
            page = (await other.ask("GET", "/api/credentials")).json()
            assert [item["alias"] for item in page["credentials"]] == ["work", "listed"]
        else:
            answer = await other.chat("Hello!", headers={"x-credential": name})
            assert answer.status == 200, answer.body


async def test_a_node_goes_on_with_its_share_where_it_shall(
    server: RedisServer, simulator: CursorSimulator, tmp_path: Path
) -> None:
    """LIMITS_WHEN_DOWN=local: four of four, as there is no other node."""
    server.ask("FLUSHALL")
    settings = settings_of(server, simulator, tmp_path, LIMITS_WHEN_DOWN="local")
    async with gateway_of(settings, file_stores(settings), Redactor()) as gateway:
        body = b'{"id": "carol", "name": "Carol", "limits": {"requests_per_day": 4}}'
        made = await gateway.ask("POST", "/api/keys", body=body)
        own = {"Authorization": f"Bearer {made.json()['secret']}"}
        assert (await gateway.chat("Hello!", headers=own)).status == 200
        server.stop()
        statuses = [(await gateway.chat("Hello!", headers=own)).status for _ in range(5)]
        server.start()
    assert statuses == [200, 200, 200, 429, 429]


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALL = {"name": "get_weather", "parameters": CITY}
QUESTION = {"role": "user", "content": "Call get_weather for Paris."}
SDK_MODEL = "cursor-sdk/composer-2.5"


async def test_a_call_that_waits_at_one_node_is_refused_by_the_other(
    server: RedisServer, simulator: CursorSimulator, tmp_path: Path
) -> None:
    """In each API's own form, with the node's name; a client that tries again connects anew.

    When the first one has ended, it goes on with the whole conversation.
    """
    server.ask("FLUSHALL")
    async with AsyncExitStack() as stack, AsyncExitStack() as ending:
        nodes, bridges = [], []
        for until in (ending, stack):
            bridge = await stack.enter_async_context(BridgeSimulator())
            where = {"CURSOR_SDK_BRIDGE_URL": bridge.url, "CURSOR_SDK_BRIDGE_TOKEN": bridge.token}
            settings = settings_of(server, simulator, tmp_path, **where)
            (tmp_path / ".token").write_text(f"me::crsr_{'0123456789abcdef' * 2}\n")
            gateway = gateway_of(settings, file_stores(settings), Redactor())
            nodes.append(await until.enter_async_context(gateway))
            bridges.append(bridge)
        one, other = nodes
        asked = {"model": SDK_MODEL, "tools": [{"type": "function", "function": CALL}]}
        told = await one.post(json.dumps(asked | {"messages": [QUESTION]}).encode())
        said = told.json()["choices"][0]["message"]
        (call,) = said["tool_calls"]
        name = call["id"].split("_")[1]
        result = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
        whole = json.dumps(asked | {"messages": [QUESTION, said, result]}).encode()
        async with asyncio.timeout(10):
            while (refused := await other.post(whole)).status != 409:
                await asyncio.sleep(0.1)
        made = len(bridges[1].asked("CreateAgent"))
        assert refused.json()["error"]["code"] == "wrong_node"
        assert (await one.ask("GET", "/api/now")).json()["node"] == name
        assert f"the node {name}" in refused.json()["error"]["message"]
        assert refused.headers["connection"] == "close"
        assert "x-should-retry" not in refused.headers
        for path, body in _elsewhere(call["id"]).items():
            answer = await other.ask("POST", path, body=json.dumps(body).encode())
            assert answer.status == 409
            assert f"the node {name}" in answer.json()["error"]["message"]
        assert len(bridges[1].asked("CreateAgent")) == made
        answer = await one.post(whole)
        assert "sunny" in answer.json()["choices"][0]["message"]["content"]
        await ending.aclose()
        # At once, long before a node that says nothing is taken for dead.
        async with asyncio.timeout(10):
            while (answer := await other.post(whole)).status == 409:
                await asyncio.sleep(0.05)
        assert answer.status == 200
        assert len(bridges[1].asked("CreateAgent")) == made + 1


def _elsewhere(call_id: str) -> dict[str, object]:
    """The same conversation in the words of the other APIs."""
    use = {"type": "tool_use", "id": call_id, "name": CALL["name"], "input": {}}
    result = {"type": "tool_result", "tool_use_id": call_id, "content": "sunny"}
    call = {"type": "function_call", "call_id": call_id, "name": CALL["name"], "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
    return {
        "/v1/messages": {
            "model": SDK_MODEL,
            "max_tokens": 100,
            "tools": [{"name": CALL["name"], "input_schema": CITY}],
            "messages": [
                QUESTION,
                {"role": "assistant", "content": [use]},
                {"role": "user", "content": [result]},
            ],
        },
        "/v1/responses": {
            "model": SDK_MODEL,
            "tools": [{"type": "function", **CALL}],
            "input": [QUESTION, call, output],
        },
    }


async def test_a_call_that_waits_at_another_worker_is_answered_by_that_one(
    server: RedisServer, simulator: CursorSimulator, tmp_path: Path
) -> None:
    """Whichever of one machine its result comes to: the run goes on, and is recorded once."""
    server.ask("FLUSHALL")
    (tmp_path / ".token").write_text(f"me::crsr_{'0123456789abcdef' * 2}\n")
    async with AsyncExitStack() as stack:
        ports, bridges = [], []
        for number in (1, 2):
            bridge = await stack.enter_async_context(BridgeSimulator())
            attached = {
                "CURSOR_SDK_BRIDGE_URL": bridge.url,
                "CURSOR_SDK_BRIDGE_TOKEN": bridge.token,
            }
            settings = settings_of(server, simulator, tmp_path, **attached)
            (tmp_path / ".token").write_text(f"me::crsr_{'0123456789abcdef' * 2}\n")
            stores = file_stores(settings)
            built = await stack.enter_async_context(build_gateway(settings, stores, Redactor()))
            place = WorkerPlace(number, 2, 0, 0, 0, is_first_start=True, folder=str(tmp_path))
            await stack.enter_async_context(among_siblings(built, place, 1.0))
            ports.append(await stack.enter_async_context(serve(built.app)))
            bridges.append(bridge)
        one, other = (Gateway(port) for port in ports)
        asked = {"model": SDK_MODEL, "tools": [{"type": "function", "function": CALL}]}
        told = await one.post(json.dumps(asked | {"messages": [QUESTION]}).encode())
        said = told.json()["choices"][0]["message"]
        (call,) = said["tool_calls"]
        result = {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
        whole = asked | {"messages": [QUESTION, said, result], "stream": True}
        answer = await other.post(json.dumps(whole).encode())
        assert "sunny" in read_stream(answer.body).text
        assert not bridges[1].asked("CreateAgent")
        assert len(bridges[0].asked("Send")) == 1
        recorded = (await one.ask("GET", "/api/requests")).json()["requests"]
        assert [one["status"] for one in recorded] == ["success"] * 2
