"""A bug in the path of one request: that one is told, and nobody else notices."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import pytest

from cursor_api.dialects.openai_chat.answer import ChunkRenderer, CompletionFolder
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.pool.pool import Pool
from cursor_api.service.inference.relay import Exchange, Relay
from cursor_api.service.inference.search import Search
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.redaction import Redactor
from cursor_api.transport.line import Line
from cursor_api.upstreams.cursor.answer import AnswerDecoder
from cursor_api.upstreams.cursor.chat import CursorChat, StreamChatCalls
from cursor_api.web.management.logs import Logs
from tests.acceptance.in_process import KEY, Gateway, gateway_before
from tests.log_lines import restored_logging
from tests.openai_stream import ReadStream, read_stream
from tests.serving import Answer

ANSWER_BYTES = 900
TOKEN = "an-opaque-credential-that-is-secret"
# What the other requests do meanwhile, one after the other.
STEADY = SimulatorOptions(faults=Faults(tokens_per_s=100.0, answer_bytes=ANSWER_BYTES))
OTHERS = 4
SICK = re.compile(rb"crash at ([a-z, ]+) with (\w+)")
PARSER = "cursor_api.dialects.openai_chat.dialect.parse_request"


class Bug(NamedTuple):
    """Where a bug is: in a function that works so often before it fails."""

    owner: Any
    name: str
    good_count: int = 0
    # Whether the answer has begun by then.
    is_late: bool = False


BUGS = {
    "parser": Bug(None, "parse_request"),
    "relay": Bug(Relay, "open"),
    "exchange": Bug(Exchange, "_commit"),
    "search": Bug(Search, "run"),
    "pool": Bug(Pool, "lease"),
    "upstream": Bug(CursorChat, "open"),
    "encoder": Bug(StreamChatCalls, "prepare"),
    "http client": Bug(Line, "ask"),
    "decoder": Bug(AnswerDecoder, "feed"),
    "decoder, late": Bug(AnswerDecoder, "feed", 4, is_late=True),
    "exchange, late": Bug(Exchange, "__anext__", 3, is_late=True),
    "renderer": Bug(ChunkRenderer, "render", is_late=True),
    "renderer, late": Bug(ChunkRenderer, "render", 3, is_late=True),
    "folder": Bug(CompletionFolder, "feed", 3),
    "request log": Bug(MemoryRecords, "record"),
}
# What is kept of a request is written when its caller has all of the answer.
UNSEEN = "request log"
# Of answers that are streamed or whole only.
ONLY_STREAMED = {"renderer", "renderer, late"}
ONLY_WHOLE = {"folder"}
KINDS = {
    kind.__name__: kind
    for kind in (ZeroDivisionError, RecursionError, MemoryError, SystemExit, KeyboardInterrupt)
}


class Sickness:
    """The bug that a request asked for, and how often its place was passed."""

    def __init__(self, bug: Bug, kind: type[BaseException]) -> None:
        self.bug = bug
        self._kind = kind
        self._passed_count = 0

    def pass_or_crash(self) -> None:
        """Whatever it says, it must not be said aloud."""
        self._passed_count += 1
        if self._passed_count > self.bug.good_count:
            raise self._kind(f"planted: {KEY} {TOKEN}")


# Each request has a task, and so a context, of its own.
_sickness: ContextVar[Sickness | None] = ContextVar("sickness", default=None)


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put all bugs in their places, for requests that ask for one."""

    def parse(body: bytes, *rest: Any) -> Any:
        found = SICK.search(body)
        sickness = Sickness(BUGS[found[1].decode()], KINDS[found[2].decode()]) if found else None
        _sickness.set(sickness)
        if sickness and sickness.bug is BUGS["parser"]:
            sickness.pass_or_crash()
        return parse_request(body, *rest)

    monkeypatch.setattr(PARSER, parse)
    for owner, name in {(bug.owner, bug.name) for bug in BUGS.values() if bug.owner}:
        monkeypatch.setattr(owner, name, _with_bug(getattr(owner, name), owner, name))


def _with_bug(original: Any, owner: Any, name: str) -> Any:
    def pass_or_crash(*arguments: Any, **more: Any) -> Any:
        sickness = _sickness.get()
        if sickness and (sickness.bug.owner, sickness.bug.name) == (owner, name):
            sickness.pass_or_crash()
        return original(*arguments, **more)

    return pass_or_crash


@pytest.fixture
def logged() -> Iterator[tuple[io.StringIO, Redactor]]:
    """All that is logged, as an operator has it; the process gets its logging back."""
    stream = io.StringIO()
    with restored_logging():
        yield stream, configure_logging("debug", "text", stream)


@asynccontextmanager
async def house(redactor: Redactor) -> AsyncIterator[Gateway]:
    """A gateway before a steady simulator, at which nothing is left open."""
    async with (
        CursorSimulator(STEADY) as simulator,
        gateway_before(simulator.url, tokens={"work": TOKEN}, redactor=redactor) as gateway,
    ):
        yield gateway
        async with asyncio.timeout(5):
            await simulator.wait_idle()


def failure_of(answer: Answer) -> Any:
    """The code of the error that a caller is told, wherever it stands."""
    if answer.status == 500:
        return answer.json()["error"]["code"]
    assert answer.status == 200
    seen = read_stream(answer.body)
    assert not seen.is_done
    assert seen.error is not None
    return seen.error["code"]


async def crash_each(gateway: Gateway, cases: list[tuple[str, str, bool]]) -> dict[str, Answer]:
    """Ask for each bug, by place and kind, streamed or not; the answers by request id."""
    answers = {}
    for place, kind, is_stream in cases:
        answer = await gateway.chat(f"crash at {place} with {kind}", stream=is_stream)
        case = (place, kind, is_stream, answer)
        assert failure_of(answer) == "internal_error", case
        assert (answer.status == 200) is (BUGS[place].is_late and is_stream), case
        answers[answer.headers["x-request-id"]] = answer
    return answers


async def stream_until(over: asyncio.Event, gateway: Gateway, name: str) -> list[ReadStream]:
    """Somebody whose requests have no bug; gives all answers."""
    seen = []
    while not over.is_set():
        seen.append(await gateway.stream(f"Hello {name}"))
    return seen


async def test_a_bug_ends_its_own_request_and_no_other(
    monkeypatch: pytest.MonkeyPatch, logged: tuple[io.StringIO, Redactor]
) -> None:
    """At each place, of each kind; told to its caller and to the operator, without a secret."""
    stream, redactor = logged
    plant(monkeypatch)
    cases = [
        (place, kind, is_stream)
        for place in BUGS
        for is_stream in (True, False)
        for kind in (KINDS if "late" in place else ["ZeroDivisionError", "SystemExit"])
        if place not in (ONLY_WHOLE if is_stream else ONLY_STREAMED) and place != UNSEEN
    ]
    async with house(redactor) as gateway:
        over = asyncio.Event()
        others = [
            asyncio.create_task(stream_until(over, gateway, str(number)))
            for number in range(OTHERS)
        ]
        answers = await crash_each(gateway, cases)
        over.set()
        seen = list(itertools.chain(*await asyncio.gather(*others)))
        [credential] = (await gateway.ask("GET", "/api/credentials")).json()["credentials"]
        status = (await gateway.ask("GET", "/")).json()["stats"]
        records = {
            record["id"]: (record["status"], record["error_kind"])
            for record in (await gateway.ask("GET", "/logs")).json()["logs"]
        }
        assert (await gateway.chat("How are you?")).status == 200
    assert {(one.is_done, one.error, len(one.text)) for one in seen} == {(True, None, ANSWER_BYTES)}
    assert (credential["active_count"], status["activeRequests"]) == (0, 0)
    assert (credential["state"], credential["failure_count"]) == ("healthy", 0)
    recorded = [records[request_id] for request_id in answers if request_id in records]
    # Bugs before the relay are in the log alone.
    assert len(recorded) > len(cases) / 2
    assert set(recorded) == {("failed", "internal")}
    written = stream.getvalue()
    assert written.count("planted") >= len(cases)
    # A traceback is indented below its line.
    events = re.split(r"\n(?=\S)", written)
    for request_id in answers:
        told = [event for event in events if request_id in event.partition("\n")[0]]
        assert any("Traceback" in event and "planted" in event for event in told), told
    for secret in (KEY, TOKEN):
        assert secret not in written
        assert not any(secret.encode() in answer.body for answer in answers.values())


async def test_a_bug_in_what_is_kept_of_a_request_costs_its_caller_nothing(
    monkeypatch: pytest.MonkeyPatch, logged: tuple[io.StringIO, Redactor]
) -> None:
    """It is told to the operator alone."""
    stream, redactor = logged
    plant(monkeypatch)
    cases = [(kind, is_stream) for kind in KINDS for is_stream in (True, False)]
    async with house(redactor) as gateway:
        answers = await asyncio.gather(
            *(
                gateway.chat(f"crash at {UNSEEN} with {kind}", stream=is_stream)
                for kind, is_stream in cases
            )
        )
        status = (await gateway.ask("GET", "/")).json()["stats"]
    assert [(one.status, b"error" in one.body) for one in answers] == [(200, False)] * len(cases)
    assert status["activeRequests"] == 0
    assert stream.getvalue().count("planted") >= len(cases)


async def test_a_bug_behind_any_other_address_is_told_as_well(
    monkeypatch: pytest.MonkeyPatch, logged: tuple[io.StringIO, Redactor]
) -> None:
    """The answer's request id leads to the traceback."""

    async def crash(_self: Logs, _request: object) -> None:
        raise ZeroDivisionError(f"planted: {KEY} {TOKEN}")

    monkeypatch.setattr(Logs, "list", crash)
    stream, redactor = logged
    async with house(redactor) as gateway:
        answer = await gateway.ask("GET", "/logs")
    assert (answer.status, answer.json()["error"]["code"]) == (500, "internal_error")
    written = stream.getvalue()
    assert answer.headers["x-request-id"] in written
    assert "Traceback" in written
    assert KEY not in written
    assert TOKEN not in written
