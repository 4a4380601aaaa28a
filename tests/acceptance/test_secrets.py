"""Planted secrets, driven through every error path at the debug level: none comes out anywhere.

The installed gateway runs before a simulator that does everything wrong that it can, and then
before an upstream that repeats all it was told in every place that has room for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cursor_api.simulator.cursor.directives import LANGUAGE
from cursor_api.simulator.cursor.refusals import ErrorText, numbered_error
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests.acceptance.background import LoopThread, upstream
from tests.acceptance.canaries import Leak, Watch, checksum, jwt, opaque
from tests.acceptance.programs import Program, running
from tests.acceptance.wheel_house import Installed
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import Answer, ask

MODEL = "gpt-4o-128k"
OPERATOR, CLIENT, WRONG = opaque("operator"), opaque("client"), opaque("wrong")
OPERATORS = {"Authorization": f"Bearer {OPERATOR}"}

# Every way of failing, one directive each.
TROUBLES = (
    *("400", "401", "403 html", "429", "429 retry-after 2", "464 empty", "500", "502 html", "503"),
    *(f"error {number}" for number in (0, 2, 5, 9, 21, 25, 29, 30, 36, 38, 43, 50, 53, 99)),
    *("error 50 mid", "error 38 mid", "outdated", "reset", "reset mid", "cut", "cut at 3"),
    *("short", "silence", "stall", "no-text", "no-end", "double-end", "flag 3", "trailing"),
    *("reserved", "oversized", "bomb", "bad-gzip", "malformed", "wrong-type"),
    *("double-end error", "reset end", "nonsense"),
)
# So that silence and stalling are over soon.
PATIENCE = {"CURSOR_FIRST_TOKEN_TIMEOUT_S": "0.5", "CURSOR_IDLE_TIMEOUT_S": "0.5"}


def test_the_troubles_are_all_there_are() -> None:
    """Every mishap of the simulator is asked for; a new one has to be added here."""
    drawn = set()
    for trouble in TROUBLES[:-1]:
        faults = LANGUAGE.apply(trouble, Faults())
        drawn |= {mishap for mishap in Mishap if getattr(faults, mishap.value)}
    assert drawn == set(Mishap)
    assert len(LANGUAGE.rows) > 30


def spell(number: int, token: str) -> str:
    """A token as a line of the token file, in one of the three spellings."""
    return (f"c{number}::{token}", f"user_C{number}%3A%3A{token}", f"user_C{number}::{token}")[
        number % 3
    ]


def alias(number: int) -> str:
    """What the credential of that line is called."""
    return f"c{number}" if number % 3 == 0 else f"user_C{number}"


TOKENS = [
    jwt(f"token {number}") if number % 2 else opaque(f"token {number}")
    for number in range(2 * len(TROUBLES))
]
ENVIRONMENT_CHECKSUM, CALLERS_CHECKSUM = checksum("environment"), checksum("caller")


@dataclass
class House:
    """A running gateway, all that was planted in it, and all that it has answered."""

    program: Program
    folder: Path
    secrets: list[str]
    answers: dict[str, Answer]

    async def ask(
        self, place: str, method: str, path: str, body: Any = None, **headers: str
    ) -> None:
        """One request, without a key unless `headers` bring one; its answer is kept."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[f"{place}: {method} {path}"] = await ask(
            self.program.port, method, path, headers=fields, body=data
        )

    async def chat(self, place: str, question: str, *, is_stream: bool, **headers: str) -> None:
        """A chat request; the answer is kept."""
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": question}],
            "stream": is_stream,
        }
        await self.ask(place, "POST", "/v1/chat/completions", body, **headers)

    async def look_around(self, place: str) -> None:
        """Every address that tells of what has happened, without and with the operator's key."""
        for path in ("/logs", "/", "/v1/models", "/checksum", "/logs?key=x"):
            await self.ask(place, "GET", path)
            await self.ask(f"{place} with the key", "GET", path, **OPERATORS)

    def leaks(self) -> list[Leak]:
        """Every piece of a secret in an answer, in the output, or in a file that is not for it."""
        (self.folder / "texts").mkdir(exist_ok=True)
        watch = Watch(self.secrets)
        found = [*watch.find("output", self.program.said())]
        for place, answer in self.answers.items():
            found += watch.find(place, f"{answer.headers}\n{answer.body.decode('latin-1')}")
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in {".token", ".token-list"}:
                found += watch.find(path.name, path.read_text("utf-8", "replace"))
        return found


def serve(
    installed: Installed, folder: Path, upstream_url: str, more: Mapping[str, str]
) -> Iterator[House]:
    """`cursor-api serve` with everything planted."""
    lines = [spell(number, token) for number, token in enumerate(TOKENS)]
    (folder / ".token").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / ".token").chmod(0o600)
    variables = {
        "AUTH_TOKEN": OPERATOR,
        "CLIENT_TOKENS": CLIENT,
        "X_CURSOR_CHECKSUM": ENVIRONMENT_CHECKSUM,
        "CURSOR_BASE_URL": upstream_url,
        "PORT": "0",
        "LOGS_PUBLIC": "true",
        "GATEWAY_LOG_LEVEL": "debug",
        # A lock, or an open breaker, would keep what comes after it from all other ways of failing.
        "GATEWAY_WRONG_KEYS_MAX": "0",
        "GATEWAY_BREAKER_FAILURES": "0",
    }
    with running(
        [installed.command, "serve"], folder, {**variables, **PATIENCE, **more}
    ) as program:
        listed = (folder / ".token-list").read_text(encoding="utf-8")
        devices = re.findall(r"[0-9a-f]{64}", listed)
        assert len(devices) == 2 * len(TOKENS)
        planted = [OPERATOR, CLIENT, WRONG, *TOKENS, *devices]
        planted += [ENVIRONMENT_CHECKSUM[8:], CALLERS_CHECKSUM[8:]]
        yield House(program, folder, planted, {})


@pytest.fixture(params=["text", "json"])
def house(request: pytest.FixtureRequest, installed: Installed, tmp_path: Path) -> Iterator[House]:
    """Before a simulator; once with each form of the log, the second in pass-through."""
    is_passthrough = request.param == "json"
    more = {"GATEWAY_LOG_FORMAT": request.param, "PASSTHROUGH": str(is_passthrough)}
    with upstream() as far:
        yield from serve(installed, tmp_path, far.url, more)


def test_no_trouble_brings_a_secret_out(house: House) -> None:
    """Every fault of the upstream, streamed and not, with a credential of its own each time."""

    async def drive() -> None:
        turnstile = asyncio.Semaphore(8)

        async def trouble(number: int, directive: str) -> None:
            pinned = {**OPERATORS, "x_credential": alias(number)}
            question = f"/sim {directive} + after 2"
            async with turnstile:
                is_stream = bool(number % 2)
                await house.chat(directive, question, is_stream=is_stream, **pinned)
            if number % 20 == 0:
                await house.look_around(f"after {directive}")

        directives = [directive for directive in TROUBLES for _ in (False, True)]
        await asyncio.gather(*(trouble(*one) for one in enumerate(directives)))
        await house.look_around("at the end")

    asyncio.run(asyncio.wait_for(drive(), 40))
    assert house.program.stop() == 0
    failed = [place for place, answer in house.answers.items() if answer.status >= 400]
    unasked = [b"upstream_unavailable" in answer.body for answer in house.answers.values()]
    assert not any(unasked), "some troubles were not met"
    assert len(failed) > len(TROUBLES) / 2
    assert "request failed" in house.program.said()
    assert house.leaks() == []
    assert (house.folder / ".token-state").stat().st_size > 1000


def test_no_bad_request_brings_a_secret_out(house: House) -> None:
    """Keys in wrong places, tokens as keys, broken bodies: what was sent is not repeated."""
    chat = "/v1/chat/completions"
    cookie = f"user_01XYZ%3A%3A{jwt('caller')}"
    house.secrets.append(jwt("caller"))

    async def drive() -> None:
        for key in (WRONG, cookie, f"user_01XYZ::{jwt('caller')}", f"{cookie},{WRONG}", CLIENT):
            for headers in (
                {"Authorization": f"Bearer {key}"},
                {"Authorization": key},
                {"Authorization": f"Basic {key}"},
                {"x_api_key": key},
                {"Authorization": f"Bearer {key}", "x_cursor_checksum": CALLERS_CHECKSUM},
                {"Authorization": f"Bearer {key}", "x_cursor_checksum": f"<{key}>"},
                {"Cookie": f"WorkosCursorSessionToken={key}"},
            ):
                for question in (
                    "/sim error 38",
                    "/sim error 50",
                    "/sim cut + after 2",
                    "/sim 500",
                ):
                    place = f"{sorted(headers)} {question} {key[:3]}"
                    await house.chat(place, question, is_stream=len(question) % 2 > 0, **headers)
                await house.ask("bad address", "GET", f"/{key}?key={key}", **headers)
                await house.ask("bad method", "DELETE", f"{chat}?key={key}", **headers)
        for number, body in enumerate(
            (
                b"",
                f'{{"api_key": "{OPERATOR}"'.encode(),
                f'{{"model": "{MODEL}", "messages": [], "user": "{OPERATOR}"}}'.encode(),
                f'{{"model": 1, "key": "{OPERATOR}"}}'.encode(),
                f'{{"model": "{MODEL}", "messages": "{OPERATOR}"}}'.encode(),
                b"\xff\xfe" + OPERATOR.encode(),
                b"[" * 5000,
            )
        ):
            await house.ask(f"body {number}", "POST", chat, body, **OPERATORS)
            await house.ask(f"no key {number}", "POST", chat, body)
        pinned = {**OPERATORS, "x_credential": OPERATOR}
        await house.chat("key as alias", "Hi", is_stream=False, **pinned)
        await house.look_around("at the end")

    asyncio.run(asyncio.wait_for(drive(), 40))
    assert house.program.stop() == 0
    assert house.leaks() == []


def test_a_key_in_place_of_the_model_is_not_public(house: House) -> None:
    """Whoever pastes a key into the wrong field does not show it to the readers of `/logs`."""
    body = {"model": CLIENT, "messages": [{"role": "user", "content": "Hi"}]}
    asyncio.run(house.ask("model", "POST", "/v1/chat/completions", body, **OPERATORS))
    ((_, told),) = house.answers.items()
    assert told.status == 404
    house.answers.clear()
    asyncio.run(house.ask("public", "GET", "/logs"))
    assert house.answers["public: GET /logs"].json()["total"] == 1
    assert house.program.stop() == 0
    assert house.leaks() == []


def repeat(turn: Turn) -> str:
    """Everything that a request's headers told, in one line, the secrets first."""
    order = {"x-cursor-checksum": 0, "authorization": 1}
    names = sorted(turn.headers, key=lambda name: order.get(name, 2))
    return " ".join(f"{name}={turn.headers[name]}" for name in names)


async def play_echo(turn: Turn) -> None:
    """Fail in the way that the question asks for, and repeat what was told."""
    told = repeat(turn)
    token = turn.headers["authorization"].removeprefix("Bearer ")
    way = re.search(rb"echo in (\w+)", turn.body)
    assert way is not None
    connect = {"code": "internal", "message": told}
    match way[1].decode():
        case "json":
            await turn.answer(json.dumps(connect).encode(), 500, content_type="application/json")
        case "html":
            await turn.answer(told.encode(), 502, content_type="text/html")
        case "headers":
            more = {"set_cookie": told, "x_echo": told, "retry_after": token}
            await turn.answer(b"", 429, content_type=f"text/{token}", **more)
        case "type":
            await turn.answer(b"", 200, content_type=f"text/{token}")
        case "code":
            frame = encode_end_stream({"code": token, "message": token})
            await turn.answer(frame, connect_content_encoding="gzip")
        case "details":
            words = ErrorText(title=token, detail=told)
            await turn.answer(encode_end_stream(numbered_error(52, words)))
        case "midway":
            text = encode_envelope(field_string(1, "So far."))
            await turn.answer(text + encode_end_stream(connect))
        case "metadata":
            await turn.answer(encode_end_stream(None, {"x-echo": [told]}))
        case other:
            raise AssertionError(other)


ECHOES = ("json", "html", "headers", "type", "code", "details", "midway", "metadata")


def test_an_upstream_that_repeats_what_it_was_told_brings_nothing_out(
    installed: Installed, tmp_path: Path
) -> None:
    """Token, device and whole headers in bodies, headers, codes and details of every failure."""

    async def drive(house: House) -> None:
        ways = [(way, is_stream) for way in ECHOES for is_stream in (False, True)]
        for number, (way, is_stream) in enumerate([*ways, *ways]):
            # Without the first: a form of a token and none, so both are tried with every way.
            pinned = {**OPERATORS, "x_credential": alias(number + number // len(ways))}
            await house.chat(f"{way} {number}", f"echo in {way}", is_stream=is_stream, **pinned)
            await house.chat(
                f"own {way} {number}",
                f"echo in {way}",
                is_stream=is_stream,
                Authorization=f"Bearer user_01XYZ%3A%3A{jwt('caller')}",
                x_cursor_checksum=CALLERS_CHECKSUM,
            )
        await house.look_around("at the end")

    with LoopThread() as loop:
        far = loop.open(ScriptedServer(play_echo))
        more = {"PASSTHROUGH": "true", "GATEWAY_LOG_FORMAT": "json"}
        for house in serve(installed, tmp_path, far.url, more):
            house.secrets.append(jwt("caller"))
            asyncio.run(asyncio.wait_for(drive(house), 40))
            assert house.program.stop() == 0
            assert house.leaks() == []
            # What was sent up: no caller's key, and no header that a caller chose.
            sent = "\n".join(repeat(turn) for turn in far.requests)
            assert not Watch([OPERATOR, CLIENT]).find("upstream", sent)
            assert "x-credential" not in sent
