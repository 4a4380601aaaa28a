"""Stopping a gateway with answers under way, and what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass

from tests.acceptance.programs import Program
from tests.openai_stream import read_stream
from tests.serving import Answer, ask
from tests.waiting import until

KEY = "a-key-for-lifecycle-tests"
CHAT = "/v1/chat/completions"
HEADERS = {"Authorization": f"Bearer {KEY}"}
BODY = json.dumps(
    {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Hello!"}]}
).encode()
BEGIN_S_MAX = 20.0
STREAMS_S_MAX = 60.0
END_S_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Drained:
    """`texts` are those of the answers that ended whole; times count from what is named."""

    ready: Answer
    not_ready_after_s: float
    live: Answer
    refused: Answer
    running_count: int
    texts: tuple[str, ...]
    exit_after_last_s: float


def stream(program: Program) -> asyncio.Task[Answer]:
    """One streamed chat request, under way."""
    return asyncio.create_task(ask(program.port, "POST", CHAT, headers=HEADERS, body=BODY))


def post(program: Program, text: str, *, is_stream: bool = False) -> asyncio.Task[Answer]:
    """Any other chat request, under way."""
    given = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    body = json.dumps(given | {"stream": is_stream}).encode()
    return asyncio.create_task(ask(program.port, "POST", CHAT, headers=HEADERS, body=body))


async def begun(program: Program, count: int) -> None:
    """Wait until so many answers are under way."""

    async def is_so() -> bool:
        status = (await ask(program.port, "GET", "/")).json()
        return bool(status["stats"]["activeRequests"] >= count)

    await until(is_so, BEGIN_S_MAX)


async def unready(program: Program) -> Answer:
    """Wait until it takes no more requests; its answer to who asks whether it does."""
    answers: list[Answer] = []

    async def is_so() -> bool:
        answers.append(await ask(program.port, "GET", "/readyz"))
        return answers[-1].status != 200

    await until(is_so)
    return answers[-1]


async def ended(program: Program, limit_s: float) -> None:
    """Wait until it has."""
    await until(lambda: program.process.poll() is not None, limit_s)


async def drain(program: Program, process_id: int, stream_count: int) -> Drained:
    """Begin the streams, send SIGTERM, look around, and see it end; fails where it does not."""
    streams = [stream(program) for _ in range(stream_count)]
    await begun(program, stream_count)
    os.kill(process_id, signal.SIGTERM)
    stopped_at = time.monotonic()
    ready = await unready(program)
    not_ready_after_s = time.monotonic() - stopped_at
    live = await ask(program.port, "GET", "/livez")
    refused = await stream(program)
    running_count = sum(not one.done() for one in streams)
    async with asyncio.timeout(STREAMS_S_MAX):
        answers = await asyncio.gather(*streams, return_exceptions=True)
    ended_at = time.monotonic()
    await ended(program, END_S_MAX)
    return Drained(
        ready=ready,
        not_ready_after_s=not_ready_after_s,
        live=live,
        refused=refused,
        running_count=running_count,
        texts=tuple(_whole(answers)),
        exit_after_last_s=time.monotonic() - ended_at,
    )


def _whole(answers: list[Answer | BaseException]) -> list[str]:
    """What was read without a fault; one that was cut is missing."""
    texts = []
    for answer in answers:
        if isinstance(answer, Answer) and answer.status == 200:
            try:
                seen = read_stream(answer.body)
            except AssertionError:
                continue
            if seen.is_done and seen.error is None:
                texts.append(seen.text)
    return texts
