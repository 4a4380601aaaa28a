"""Reloading the token files and the settings of a gateway that works, in every way there is."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.programs import Program
from tests.openai_stream import read_stream
from tests.serving import Answer, ask

KEY = "a-key-for-reload-tests"
HEADERS = {"Authorization": f"Bearer {KEY}"}
CHAT = "/v1/chat/completions"
# Answers of about half a second: some begin before a reload and end after it.
STREAMED = "/sim rate 80, bytes 160\nTell me."
# A reload takes milliseconds; other tests have the other core.
RELOAD_S_MAX = 20.0
# Between two reloads, so that there are requests which meet none, one and several.
PAUSE_S = 0.1
RELOADED = "SIGHUP: credentials reloaded"
REFUSED = "SIGHUP: the token files cannot be used"
SETTINGS_RELOADED = "SIGHUP: settings reloaded"
SETTINGS_REFUSED = "SIGHUP: the settings cannot be used"
TOML = "cursor-api.toml"
# More than one credential is there at any time, so that some come and go while they are in use.
ALWAYS, SOMETIMES = ("one", "two", "three"), ("four", "five")


@dataclass
class Load:
    """What callers saw: `failures` in words."""

    stream_count: int = 0
    short_count: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass
class Reloads:
    """How often each way was gone; `wrong` in words."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def token_text(names: tuple[str, ...]) -> str:
    """A token file with these credentials."""
    return "".join(f"{name}::token-of-{name}\n" for name in names)


def replace(path: Path, text: str) -> None:
    """Save as a careful editor does."""
    part = path.with_name(f"{path.name}.new")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def body(text: str, *, is_stream: bool) -> bytes:
    """A chat request."""
    message = {"role": "user", "content": text}
    return json.dumps({"model": "gpt-4o-mini", "stream": is_stream, "messages": [message]}).encode()


async def work(port: int, load: Load, is_over: asyncio.Event, *, is_stream: bool) -> None:
    """One caller: asks again and again, and writes down what is not as it should be."""
    question = body(STREAMED if is_stream else "Hello!", is_stream=is_stream)
    while not is_over.is_set():
        try:
            answer = await ask(port, "POST", CHAT, headers=HEADERS, body=question)
            _check(answer, is_stream=is_stream)
        except (AssertionError, OSError, ValueError) as error:
            load.failures.append(f"{type(error).__name__}: {error}"[:300])
        else:
            load.stream_count += is_stream
            load.short_count += not is_stream


def _check(answer: Answer, *, is_stream: bool) -> None:
    assert answer.status == 200, answer
    if is_stream:
        assert len(read_stream(answer.body).text) == 160
    else:
        assert answer.json()["choices"][0]["finish_reason"] == "stop"


class Reloader:
    """Goes all ways in turn. After each the gateway has to serve what was good last."""

    def __init__(self, program: Program, folder: Path) -> None:
        self._program = program
        self._file = folder / ".token"
        self._list = folder / ".token-list"
        self._toml = folder / TOML
        self._serving: tuple[str, ...] = ALWAYS
        self.done = Reloads()
        self._ways: list[Callable[[], Awaitable[None]]] = [
            self._edit,
            self._refuse,
            self._repeat,
            self._put,
            self._set,
            self._refuse_settings,
        ]
        self._set_count = 0

    async def reload(self, number: int) -> None:
        """The way whose turn it is."""
        way = self._ways[number % len(self._ways)]
        self.done.counts[way.__name__.strip("_")] += 1
        await way()
        await self._look()

    def _next(self) -> tuple[str, ...]:
        self._serving = ALWAYS if len(self._serving) > len(ALWAYS) else (*SOMETIMES, *ALWAYS)
        return self._serving

    async def _edit(self) -> None:
        """Other credentials, in another order."""
        serving = self._next()
        # In this order: a token that the list alone lacks would be given another device.
        replace(self._file, token_text(serving))
        replace(self._list, self._listed(serving))
        await self._hang_up(RELOADED)

    async def _refuse(self) -> None:
        """A file with a line that is no token: nothing of it counts."""
        good = self._file.read_text(encoding="utf-8")
        replace(self._file, f"new::token-of-new\n{good}other::a token\n")
        told = await self._hang_up(REFUSED)
        line = len(good.splitlines()) + 2
        if f"{self._file.name}:{line}" not in told:
            self.done.wrong.append(f"line {line} is not named in: {told[-300:]}")

    async def _repeat(self) -> None:
        """The same file once more; after the refused one it is made good first."""
        replace(self._file, token_text(self._serving))
        await self._hang_up(RELOADED)

    async def _put(self) -> None:
        """Through the API."""
        serving = self._next()
        texts = {"tokens": token_text(serving), "token_list": self._listed(serving)}
        new = json.dumps(texts).encode()
        answer = await ask(
            self._program.port, "POST", "/update-tokeninfo", headers=HEADERS, body=new
        )
        if answer.status != 200:
            self.done.wrong.append(f"/update-tokeninfo: {answer}")

    async def _set(self) -> None:
        """Another key for callers who may only chat, and another client for the upstream."""
        self._set_count += 1
        key = f"a-client-key-number-{self._set_count}"
        limit = 4000 + self._set_count % 2
        text = f'[access]\nclient_tokens = ["{key}"]\n\n[cursor]\nconnections_max = {limit}\n'
        replace(self._toml, text)
        told = await self._hang_up(SETTINGS_RELOADED)
        if "CLIENT_TOKENS" not in told:
            self.done.wrong.append(f"the change is not named in: {told[-300:]}")
        headers = {"Authorization": f"Bearer {key}"}
        question = body("Hello!", is_stream=False)
        answer = await ask(self._program.port, "POST", CHAT, headers=headers, body=question)
        if answer.status != 200:
            self.done.wrong.append(f"the new key is not taken: {answer}")

    async def _refuse_settings(self) -> None:
        """A value that none can have: nothing of the file counts."""
        good = self._toml.read_text(encoding="utf-8")
        replace(self._toml, f"{good}\n[limits]\nmessages_max = -1\n")
        told = await self._hang_up(SETTINGS_REFUSED)
        line = len(good.splitlines()) + 3
        if f"{TOML}:{line}" not in told:
            self.done.wrong.append(f"line {line} is not named in: {told[-300:]}")
        replace(self._toml, good)

    def _listed(self, names: tuple[str, ...]) -> str:
        """The token list without the others, who would go on serving from it."""
        lines = self._list.read_text(encoding="utf-8").splitlines(keepends=True)
        staying = {f"token-of-{name}" for name in names}
        return "".join(line for line in lines if line.split(",")[0].split("::")[-1] in staying)

    async def _hang_up(self, word: str) -> str:
        """Send SIGHUP and wait for its outcome; what the log says of it."""
        before = self._program.said()
        self._program.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(RELOAD_S_MAX):
            while True:
                told = self._program.said()[len(before) :]
                # The credentials come last, whatever becomes of the settings.
                if word in told and (RELOADED in told or REFUSED in told):
                    return told
                await asyncio.sleep(0.01)

    async def _look(self) -> None:
        """Who serves now."""
        answer = await ask(self._program.port, "GET", "/api/credentials", headers=HEADERS)
        serving = {one["alias"] for one in answer.json()["credentials"]}
        if serving != set(self._serving):
            self.done.wrong.append(f"{sorted(serving)} serve, not {sorted(self._serving)}")


async def reload_under_load(
    program: Program, folder: Path, reload_count: int, caller_count: int
) -> tuple[Load, Reloads]:
    """So many callers stream and as many ask shortly, while the files are read so many times."""
    # From its first answer on the gateway hears signals, too.
    assert (await ask(program.port, "GET", "/readyz")).status == 200
    load, is_over = Load(), asyncio.Event()
    callers = [
        asyncio.create_task(work(program.port, load, is_over, is_stream=is_stream))
        for is_stream in (True, False)
        for _ in range(caller_count)
    ]
    reloader = Reloader(program, folder)
    try:
        for number in range(reload_count):
            await reloader.reload(number)
            await asyncio.sleep(PAUSE_S)
    finally:
        is_over.set()
        await asyncio.gather(*callers)
    return load, reloader.done
