"""Somebody goes beyond each limit, at the socket of a real gateway whose limits are small."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.background import Upstream, upstream
from tests.acceptance.programs import Program, running
from tests.limits.limit import MINE
from tests.limits.table import LIMITS
from tests.serving import Answer, ask, parse_answer

KEY = "a-key-for-tests-of-limits"
CHAT = "/v1/chat/completions"
PATIENCE_S = 20.0
SMALL = {
    "GATEWAY_BODY_BYTES_MAX": "256KiB",
    "GATEWAY_HEADER_BYTES_MAX": "32KiB",
    "GATEWAY_HEADER_TIMEOUT_S": "1",
    "GATEWAY_BODY_TIMEOUT_S": "1",
    "GATEWAY_JSON_DEPTH_MAX": "8",
    "GATEWAY_JSON_CONTAINERS_MAX": "1000",
    "GATEWAY_JSON_VALUES_MAX": "6000",
    "GATEWAY_MESSAGES_MAX": "3",
    "GATEWAY_PARTS_MAX": "4",
    "GATEWAY_IMAGE_BYTES_MAX": "1KiB",
    # For one model only: the others' trouble may take its time on a busy machine.
    "CURSOR_FIRST_TOKEN_TIMEOUT_S": "30, gpt-4=1",
    "CURSOR_IDLE_TIMEOUT_S": "30, gpt-4=1",
    "CURSOR_FRAME_BYTES_MAX": "64KiB",
    "CURSOR_INFLATED_BYTES_MAX": "64KiB",
    "CURSOR_ANSWER_BYTES_MAX": "8KiB",
    # Every trouble is to be met, and told as it is.
    "GATEWAY_ATTEMPTS_MAX": "1",
    "GATEWAY_BREAKER_FAILURES": "0",
}
# One row needs another gateway than the one above.
FRAGILE = {"GATEWAY_ATTEMPTS_MAX": "1", "GATEWAY_BREAKER_FAILURES": "2"}


def head(*fields: str, key: str = KEY) -> bytes:
    """The head of a chat request."""
    lines = [f"POST {CHAT} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}"]
    return "\r\n".join([*lines, "Connection: close", *fields, "", ""]).encode()


class House:
    """A gateway as its callers see it."""

    def __init__(self, program: Program) -> None:
        self._port = program.port

    async def ask(self, path: str, body: bytes, method: str = "POST", **headers: str) -> Answer:
        """One request with the key."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {"Authorization": f"Bearer {KEY}"} | fields
        return await ask(self._port, method, path, headers=fields, body=body)

    async def chat(self, content: object = "Hello", count: int = 1, **more: object) -> Answer:
        """A chat request of so many messages."""
        messages = [{"role": "user", "content": content}] * count
        body = {"model": "gpt-4o-mini", "messages": messages} | more
        return await self.ask(CHAT, json.dumps(body).encode())

    async def talk(self, raw: bytes) -> Answer:
        """What is answered to these bytes and then to silence."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(raw)
        try:
            return parse_answer(await reader.read())
        finally:
            writer.close()


def nested(depth: int) -> object:
    """Lists one in the other."""
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


async def reload(house: House) -> Answer:
    """The reload that is one too many; the operator's take none away."""
    for _ in range(20):
        assert (await house.ask("/update-tokeninfo", b"", "GET")).status == 200
    for _ in range(10):
        answer = await house.ask("/update-tokeninfo", b"", "GET", Authorization="nobody")
        assert answer.status == 200
    return await house.ask("/update-tokeninfo", b"", "GET", Authorization="nobody")


def paste(count: int) -> bytes:
    """So many tokens to add."""
    return json.dumps({"tokens": "".join(f"a{n}::token-{n}\n" for n in range(count))}).encode()


IMAGE = [{"type": "image_url", "image_url": "data:image/png;base64," + "A" * 2000}]
ADD = "/api/credentials"

BEYOND: Mapping[str, Callable[[House], Awaitable[Answer]]] = {
    "body": lambda house: house.ask(CHAT, gzip.compress(bytes(300_000)), content_encoding="gzip"),
    "head": lambda house: house.talk(head(f"X-A: {'a' * 40_000}")),
    "head_time": lambda house: house.talk(head()[:-2]),
    "body_time": lambda house: house.talk(head("Content-Length: 100") + b"{"),
    "chunks": lambda house: house.talk(
        head("Transfer-Encoding: chunked") + (b"1;" + b"a" * 4000 + b"\r\n{\r\n") * 100
    ),
    "target": lambda house: house.ask("/v1/models?" + "a&" * 5000, b"", "GET"),
    "fields": lambda house: house.talk(head(*["A: b"] * 200)),
    "pieces": lambda house: house.talk(head("Transfer-Encoding: chunked") + b"1\r\n \r\n" * 20_000),
    "depth": lambda house: house.chat(x=nested(8)),
    "containers": lambda house: house.chat(x=[[]] * 1000),
    "values": lambda house: house.chat(x=[1] * 6000),
    "messages": lambda house: house.chat(count=4),
    "parts": lambda house: house.chat([{"type": "text", "text": "a"}] * 5),
    "image": lambda house: house.chat(IMAGE),
    "model": lambda house: house.chat(model="m" * 257),
    "key": lambda house: house.talk(head("Content-Length: 0", key="k" * 17_000)),
    "first_token": lambda house: house.chat("/sim silence 30", model="gpt-4"),
    "idle": lambda house: house.chat("/sim stall 30 + after 3", model="gpt-4"),
    "frame": lambda house: house.chat("/sim oversized"),
    "inflated": lambda house: house.chat("/sim bomb"),
    "answer": lambda house: house.chat("/sim bytes 20000"),
    "management_body": lambda house: house.ask(ADD, b" " * (1024 * 1024 + 1)),
    "management_depth": lambda house: house.ask(ADD, json.dumps(nested(9)).encode()),
    "management_containers": lambda house: house.ask(ADD, json.dumps([[]] * 1000).encode()),
    "tokens_at_once": lambda house: house.ask(ADD, paste(1001)),
    "reloads": reload,
}
# Just below, where that is a request like any other.
WITHIN: Mapping[str, Callable[[House], Awaitable[Answer]]] = {
    "depth": lambda house: house.chat(x=nested(7)),
    "containers": lambda house: house.chat(x=[[]] * 996),
    "values": lambda house: house.chat(x=[1] * 5990),
    "messages": lambda house: house.chat(count=3),
    "parts": lambda house: house.chat([{"type": "text", "text": "a"}] * 4),
    "body": lambda house: house.chat("a" * 200_000),
}


@contextmanager
def gateway(folder: Path, far: Upstream, limits: Mapping[str, str]) -> Iterator[House]:
    """A gateway with these limits before the simulator."""
    (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
    variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": far.url, **limits}
    with running([sys.executable, "-m", "cursor_api", "serve"], folder, variables) as program:
        yield House(program)


@pytest.fixture(scope="module")
def far() -> Iterator[Upstream]:
    """A simulator."""
    with upstream() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def answers(far: Upstream, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """The answers to all of BEYOND, asked for at once: some take a second to come."""

    async def collect(house: House) -> dict[str, Answer]:
        asking = (beyond(house) for beyond in BEYOND.values())
        async with asyncio.timeout(PATIENCE_S):
            return dict(zip(BEYOND, await asyncio.gather(*asking), strict=True))

    with gateway(tmp_path_factory.mktemp("small"), far, SMALL) as house:
        return asyncio.run(collect(house))


@pytest.mark.parametrize("key", [row.key for row in LIMITS.values() if row.shown_by == MINE])
def test_beyond_a_limit_the_answer_is_the_stated_one(
    key: str, answers: dict[str, Answer], far: Upstream, tmp_path: Path
) -> None:
    """Status and code are those of the table."""
    answer = asyncio.run(_break_it(far, tmp_path)) if key == "breaker" else answers[key]
    row = LIMITS[key]
    assert (answer.status, answer.json()["error"]["code"]) == (row.status, row.code)
    assert ("retry-after" in answer.headers) is (row.status in {429, 503})


async def _break_it(far: Upstream, folder: Path) -> Answer:
    with gateway(folder, far, FRAGILE) as house:
        for _ in range(2):
            assert (await house.chat("/sim 500")).status == 502
        return await house.chat("Hello")


def test_at_a_limit_the_answer_is_an_answer(far: Upstream, tmp_path: Path) -> None:
    """What is allowed is served."""

    async def collect(house: House) -> list[int]:
        return [(await within(house)).status for within in WITHIN.values()]

    limits = SMALL | {"CURSOR_ANSWER_BYTES_MAX": "1MiB", "CURSOR_FRAME_BYTES_MAX": "1MiB"}
    limits["CURSOR_INFLATED_BYTES_MAX"] = "1MiB"
    with gateway(tmp_path, far, limits) as house:
        assert asyncio.run(collect(house)) == [200] * len(WITHIN)
