"""Planted secrets of every kind of upstream, through every client API: none comes out, or across.

Each endpoint fails in every way that it can, and repeats all that it was told in every place that
has room for it. What it was told is looked through for the secrets of the others.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeOptions
from tests.acceptance.background import LoopThread
from tests.acceptance.canaries import Watch, jwt, opaque
from tests.acceptance.programs import running
from tests.acceptance.test_secrets import PATIENCE, House
from tests.acceptance.wheel_house import Installed
from tests.scripted_server import ScriptedServer, Turn

OPERATOR, CLIENT = opaque("routes' operator"), opaque("routes' client")
BRIDGE_TOKEN = opaque("bridge")
# By the endpoint that they are for.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "cursor": (jwt("routes' token"),),
    "cursor-sdk": (f"crsr_{hashlib.sha256(b'sdk').hexdigest()}", BRIDGE_TOKEN),
    "near": (opaque("near"), opaque("header of near")),
    "far": (opaque("far"),),
    "second": (opaque("second"),),
}
CONFIGURATION = """
[[upstream]]
name = "near"
kind = "openai"
base_url = "{near}"
api_key = "{near_key}"
headers = {{ x-own = "{near_header}" }}

[[upstream]]
name = "far"
kind = "anthropic"
base_url = "{far}"
api_key = "{far_key}"

[[upstream]]
name = "second"
kind = "openai"
base_url = "{second}"
api_key = "{second_key}"
"""
MODEL = """
[[model]]
name = "at-{name}"
routes = ["{name}/{model}"]
"""
MODELS = {"cursor": "gpt-4o-128k", "cursor-sdk": "composer-2.5"}
# What a caller asks about is nobody else's business either.
PROMPT = "Has Zephyrine Quibblethwaite paid her mortgage?"
TELLING = (
    *("/logs", "/", "/v1/models", "/metrics", "/api/credentials", "/health"),
    "/api/requests?count=500",
    *("/api/requests/choices", "/api/usage", "/api/now"),
)
# The last ones put a key to rest.
WAYS = ("json 500", "json 400", "html 502", "headers 503", "type 200", "midway 200")
RESTING = ("json 429", "json 401")


def bodies(model: str, question: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same question in every client API, whole and streamed."""
    said = [{"role": "user", "content": question}]
    messages = {"model": model, "messages": said, "max_tokens": 99}
    for is_stream in (False, True):
        yield "/v1/chat/completions", {"model": model, "messages": said, "stream": is_stream}
        yield "/v1/messages", messages | {"stream": is_stream}
        yield "/v1/responses", {"model": model, "input": question, "stream": is_stream}
        yield "/v1/completions", {"model": model, "prompt": question, "stream": is_stream}
    yield "/v1/messages/count_tokens", messages
    yield "/v1/embeddings", {"model": model, "input": question}


def told_to(turn: Turn) -> str:
    """All that a request said, on one line; the headers first."""
    fields = [f"{name}={value}" for name, value in turn.headers.items()]
    return " ".join([*fields, turn.line, turn.body.decode("latin-1")]).replace("\n", " ")


async def repeat(turn: Turn, earlier: str = "") -> None:
    """Fail in the way that the question asks for, and repeat what was told."""
    told = earlier + told_to(turn)
    way = re.search(rb"repeat in (\w+) (\d+)", turn.body)
    place, status = (way[1].decode(), int(way[2])) if way else ("json", 500)
    error = {"type": "api_error", "message": told, "code": told[:200]}
    body = json.dumps({"type": "error", "error": error, "code": "internal", "message": told})
    word = re.sub(r"[^\x20-\x7e]", "", told)[:3000]
    match place:
        case "json":
            await turn.answer(body.encode(), status, content_type="application/json")
        case "html":
            await turn.answer(told.encode(), status, content_type="text/html")
        case "headers":
            more = {"set_cookie": word, "x_echo": word, "retry_after": word, "request_id": word}
            await turn.answer(b"", status, content_type="text/plain", **more)
        case "type":
            await turn.answer(b"", status, content_type=f"text/{word}")
        case _:
            await turn.head(content_type="text/event-stream")
            await turn.chunk(f"event: error\ndata: {body}\n\n".encode())
            await turn.end()


@dataclass
class RepeatingBridge:
    """A bridge that is well until it is asked for something, and then tells all it knows."""

    callback: str = ""

    async def serve(self, turn: Turn) -> None:
        """One call."""
        if turn.line.count("/GetVersion "):
            body = b'{"protocolVersion": "sdk.v1"}'
            await turn.answer(body, content_type="application/json")
        elif turn.line.count("/SetToolCallback "):
            self.callback = json.loads(turn.body)["authToken"]
            await turn.answer(b"{}", content_type="application/json")
        else:
            await repeat(turn, f"{self.callback} ")


@dataclass
class Town:
    """A running gateway, and what was asked of each of its endpoints."""

    house: House
    servers: Mapping[str, ScriptedServer]
    bridge: RepeatingBridge

    async def ask_all(self, way: str, names: tuple[str, ...] = tuple(SECRETS)) -> None:
        """Every client API, for the models of these endpoints."""
        key = {"Authorization": f"Bearer {CLIENT}"}
        turnstile = asyncio.Semaphore(8)

        async def one(path: str, body: dict[str, Any]) -> None:
            place = f"{way} {body['model']} {body.get('stream')}"
            async with turnstile:
                await self.house.ask(place, "POST", path, body, **key)

        question = f"repeat in {way}: {PROMPT}"
        asked = [one(*each) for name in names for each in bodies(f"at-{name}", question)]
        await asyncio.gather(*asked)

    async def look_around(self) -> None:
        """Every address that tells of what has happened, for all and for the operator."""
        for path in TELLING:
            for place, key in (("all", {}), ("operator", {"Authorization": f"Bearer {OPERATOR}"})):
                await self.house.ask(place, "GET", path, **key)


def serve(
    installed: Installed, folder: Path, urls: Mapping[str, str], bridge_url: str
) -> Iterator[House]:
    """`cursor-api serve` with everything planted."""
    text = CONFIGURATION.format(
        **urls,
        near_key=SECRETS["near"][0],
        near_header=SECRETS["near"][1],
        far_key=SECRETS["far"][0],
        second_key=SECRETS["second"][0],
    )
    text += "".join(MODEL.format(name=one, model=MODELS.get(one, "theirs")) for one in SECRETS)
    (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
    (folder / "cursor-api.toml").chmod(0o600)
    tokens = "\n".join(SECRETS[name][0] for name in ("cursor", "cursor-sdk"))
    (folder / ".token").write_text(f"{tokens}\n", encoding="utf-8")
    (folder / ".token").chmod(0o600)
    variables = {
        "AUTH_TOKEN": OPERATOR,
        "CLIENT_TOKENS": CLIENT,
        "CURSOR_BASE_URL": urls["cursor"],
        "CURSOR_SDK_BRIDGE_URL": bridge_url,
        "CURSOR_SDK_BRIDGE_TOKEN": BRIDGE_TOKEN,
        "PORT": "0",
        "LOGS_PUBLIC": "true",
        "GATEWAY_LOG_LEVEL": "debug",
        "GATEWAY_BREAKER_FAILURES": "0",
        "GATEWAY_ATTEMPTS_MAX": "1",
    }
    with running([installed.command, "serve"], folder, {**variables, **PATIENCE}) as program:
        planted = [OPERATOR, CLIENT, *(one for each in SECRETS.values() for one in each)]
        house = House(program, folder, planted, {})
        yield house
        assert program.stop() == 0
        (folder / "cursor-api.toml").unlink()
        assert house.leaks() == []


@pytest.fixture
def town(installed: Installed, tmp_path: Path) -> Iterator[Town]:
    """Before endpoints that repeat what they were told."""
    with LoopThread() as loop:
        bridge = RepeatingBridge()
        servers = {
            name: loop.open(ScriptedServer(bridge.serve if name == "cursor-sdk" else repeat))
            for name in SECRETS
        }
        urls = {name: server.url for name, server in servers.items()}
        for house in serve(installed, tmp_path, urls, urls["cursor-sdk"]):
            yield Town(house, servers, bridge)


def look_for_prompts(house: House) -> None:
    """In what the gateway keeps, logs and tells others than their caller."""
    told = {"output": house.program.said()}
    for place, answer in house.answers.items():
        if place.startswith(("all: ", "operator: ")):
            told[place] = answer.body.decode()
    for path in house.folder.iterdir():
        if path.is_file():
            told[path.name] = path.read_text("latin-1")
    assert "refuses the request" in told["operator: GET /api/requests?count=500"], "errors are told"
    assert any(name.startswith(".request-log") for name in told)
    for place, text in told.items():
        for word in re.findall(r"\w{5,}", PROMPT):
            assert word.lower() not in text.lower(), (place, word)


def test_no_endpoint_brings_out_what_it_was_told_or_is_told_of_another(town: Town) -> None:
    """In bodies, headers and streams of every failure; each sees its own secrets and no others."""

    async def drive() -> None:
        for way in WAYS:
            await town.ask_all(way)
        await town.look_around()
        for way in RESTING:
            await town.ask_all(way)
        await town.look_around()

    asyncio.run(asyncio.wait_for(drive(), 40))
    assert len(town.bridge.callback) > 20
    town.house.secrets.append(town.bridge.callback)
    look_for_prompts(town.house)
    answers = town.house.answers
    assert sum(answer.status >= 400 for answer in answers.values()) > len(answers) / 2
    every = {OPERATOR, CLIENT, *(one for each in SECRETS.values() for one in each)}
    for name, server in town.servers.items():
        said = "\n".join(map(told_to, server.requests))
        assert len(server.requests) > len(WAYS), name
        assert all(secret.lower() in said.lower() for secret in SECRETS[name]), name
        assert not Watch(every - set(SECRETS[name])).find(name, said)


def test_the_bridges_tokens_stay_with_the_bridge(installed: Installed, tmp_path: Path) -> None:
    """That of the calls back as well, through chats and calls of tools that go well."""
    options = BridgeOptions(token=BRIDGE_TOKEN, api_keys=frozenset({SECRETS["cursor-sdk"][0]}))
    question = "Call get_weather for Paris."
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}

    async def drive(town: Town) -> None:
        await town.ask_all("nothing", ("cursor-sdk",))
        key = {"Authorization": f"Bearer {CLIENT}"}
        body: dict[str, Any] = {"model": "at-cursor-sdk", "tools": [tool]}
        body["messages"] = [{"role": "user", "content": question}]
        await town.house.ask("tools", "POST", "/v1/chat/completions", body, **key)
        await town.look_around()

    with LoopThread() as loop:
        bridge = loop.open(BridgeSimulator(options))
        servers = {name: loop.open(ScriptedServer(repeat)) for name in SECRETS}
        urls = {name: server.url for name, server in servers.items()}
        for house in serve(installed, tmp_path, urls, bridge.url):
            asyncio.run(asyncio.wait_for(drive(Town(house, servers, RepeatingBridge())), 40))
            answered = house.answers["tools: POST /v1/chat/completions"]
            assert answered.json()["choices"][0]["finish_reason"] == "tool_calls", answered
            _, token = bridge.callback
            assert len(token) > 20
            house.secrets.append(token)
