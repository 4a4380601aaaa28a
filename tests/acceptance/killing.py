"""Killing a gateway at any moment of its work, and starting it again on what it left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.programs import Program, running
from tests.openai_stream import read_stream
from tests.serving import Answer, ask

KEY = "a-key-for-tests-of-kills"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
CHAT = "/v1/chat/completions"
KEPT = ("one", "two", "three")
STREAM_COUNT = 4
KILL_AFTER_S_MIN = 0.05
LOG_LOSS_S_MAX = 1.0
LOG_NAME = ".request-log.sqlite3"
SUCCESSES = "SELECT id FROM requests WHERE status = 'success'"


@dataclass
class Kills:
    """What the starts after the deaths found: `wrong` in words.

    `answered` has when each answer was whole, by its id, of the life that goes on.
    """

    death_count: int = 0
    save_count: int = 0
    recorded_count: int = 0
    answered: dict[str, float] = field(default_factory=dict)
    died_at: float = 0.0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def gateway(command: list[str], folder: Path, upstream_url: str) -> Iterator[Program]:
    """It serves from the folder, whatever lies there."""
    variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": upstream_url}
    with running(command, folder, variables) as program:
        yield program


def prepare(folder: Path) -> None:
    """Three credentials that no death may touch."""
    text = "# mine\n" + "".join(f"{name}::token-of-{name}\n" for name in KEPT)
    (folder / ".token").write_text(text, encoding="utf-8")


async def chat(program: Program, text: str, *, is_stream: bool = False) -> Answer:
    """One request."""
    message = {"role": "user", "content": text}
    body = json.dumps({"model": "gpt-4o-mini", "stream": is_stream, "messages": [message]})
    return await ask(program.port, "POST", CHAT, headers=HEADERS, body=body.encode())


async def change(program: Program, number: int) -> None:
    """Everything that writes: a token comes, is ranked, and goes."""
    body = json.dumps({"tokens": f"new{number}::token-of-new{number}"}).encode()
    await ask(program.port, "POST", "/api/credentials", headers=HEADERS, body=body)
    path = f"/api/credentials/new{number}"
    body = json.dumps({"priority": number}).encode()
    await ask(program.port, "PATCH", path, headers=HEADERS, body=body)
    await ask(program.port, "DELETE", path, headers=HEADERS)


async def work_until_killed(program: Program, after_s: float, kills: Kills) -> None:
    """Streams, changes of the files, and then the end of it."""

    async def stream() -> None:
        while True:
            answer = await chat(program, "/sim rate 200, bytes 100\nHello!", is_stream=True)
            answer_id = read_stream(answer.body).chunks[0].id
            kills.answered[answer_id.removeprefix("chatcmpl-")] = time.monotonic()

    async def edit() -> None:
        for number in range(10_000):
            await change(program, number)
            kills.save_count += 1

    tasks = [asyncio.create_task(stream()) for _ in range(STREAM_COUNT)]
    tasks.append(asyncio.create_task(edit()))
    await asyncio.sleep(after_s)
    program.process.kill()
    kills.died_at = time.monotonic()
    program.process.wait()
    for task in tasks:
        task.cancel()
    # Each ends as a client whose server died.
    await asyncio.gather(*tasks, return_exceptions=True)
    kills.death_count += 1


def read_log(folder: Path, kills: Kills) -> None:
    """Every answer that was whole a second before the death is in the request log as a success.

    A copy is read: the file itself is for the gateway to put right.
    """
    with tempfile.TemporaryDirectory(prefix="kill-") as copy:
        for name in (LOG_NAME, f"{LOG_NAME}-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(folder / name, copy)
        with contextlib.closing(sqlite3.connect(Path(copy) / LOG_NAME)) as connection:
            in_log = {row[0] for row in connection.execute(SUCCESSES)}
            [[damage]] = connection.execute("PRAGMA integrity_check")
    due = {one for one, at in kills.answered.items() if at <= kills.died_at - LOG_LOSS_S_MAX}
    kills.answered.clear()
    kills.recorded_count += len(due)
    if damage != "ok":
        kills.wrong.append(f"the request log is damaged: {damage}")
    if lost := due - in_log:
        kills.wrong.append(f"{len(lost)} of {len(due)} requests are not in the log")


def devices(folder: Path) -> dict[str, str]:
    """The checksum of each token that no death may touch."""
    lines = (folder / ".token-list").read_text(encoding="utf-8").splitlines()
    pairs = dict(line.split(",") for line in lines)
    return {token: pairs[token] for token in pairs if token.split("-")[-1] in KEPT}


async def kill_again_and_again(
    command: list[str], folder: Path, upstream_url: str, death_count: int, life_s_max: float
) -> Kills:
    """So many deaths, at moments drawn from a seed; each start is a look at the one before."""
    kills, chance = Kills(), random.Random(1)
    prepare(folder)
    expected: dict[str, str] = {}
    for _ in range(death_count):
        with gateway(command, folder, upstream_url) as program:
            await look(program, folder, expected, kills)
            expected = expected or devices(folder)
            await work_until_killed(program, chance.uniform(KILL_AFTER_S_MIN, life_s_max), kills)
            read_log(folder, kills)
    with gateway(command, folder, upstream_url) as program:
        await look(program, folder, expected, kills)
        if program.stop() != 0:
            kills.wrong.append(program.said()[-500:])
    return kills


async def look(program: Program, folder: Path, expected: dict[str, str], kills: Kills) -> None:
    """What has to hold right after a start that nobody has helped."""
    with contextlib.suppress(OSError):
        if (await ask(program.port, "GET", "/readyz")).status != 200:
            kills.wrong.append("it is not ready")
        answer = await chat(program, "Hello!")
        if answer.status != 200:
            kills.wrong.append(f"it does not answer: {answer}")
    text = (folder / ".token").read_text(encoding="utf-8")
    if not text.startswith("# mine\n") or not set(KEPT) <= _aliases(text):
        kills.wrong.append(f"the token file is not whole: {text[:200]!r}")
    if expected and devices(folder) != expected:
        kills.wrong.append("a token came back with another device")
    if "Traceback" in program.said() or "error:" in program.said():
        kills.wrong.append(program.said()[-500:])


def _aliases(text: str) -> set[str]:
    return {line.partition("::")[0] for line in text.splitlines()}
