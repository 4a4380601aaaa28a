"""The bridge as the rest sees it: an address, whatever it takes to have one.

Rules of this file:
- One bridge serves all keys. It is started when it is needed first, by whoever comes first; who
  comes meanwhile waits for the same start, and none of them can break it off for the others.
- One that ends by itself is started again when it is needed. One that answers nothing any more lets
  every request wait for nothing: it is ended, too. Starts that fail, and lives that are short, are
  followed by pauses that grow.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.ports.process import Clock, Observer
from cursor_api.transport.client import HttpClient
from cursor_api.transport.quoting import quote_said
from cursor_api.upstreams.cursor_sdk.cage import find_landlock_abi
from cursor_api.upstreams.cursor_sdk.calls import (
    GET_VERSION,
    PACKAGE,
    PING,
    SET_TOOL_CALLBACK,
    BridgeAddress,
    call_bridge,
)
from cursor_api.upstreams.cursor_sdk.faults import NO_SECRET, BridgeMask, fault_context
from cursor_api.upstreams.cursor_sdk.folder import BridgeFolder, default_base, open_folder
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.process import BridgeProcess, Launch, start_process
from cursor_api.upstreams.cursor_sdk.program import find_program

# The first pause after a failure; each further one is twice as long.
PAUSE_S: Final = 0.5
PAUSE_S_MAX: Final = 60.0
# A request waits for a pause that is no longer than this, and is refused in a longer one.
WAITED_PAUSE_S: Final = 2.0
# A bridge that has lived so long was well: what ended it is not there at once again.
STEADY_S: Final = 60.0
# How long another's bridge is taken to have our callback; it may be restarted at any time.
GREETED_S: Final = 30.0
# So often a bridge of our own is asked whether it still answers; it has CALL_TIMEOUTS to do so.
LOOK_EVERY_S: Final = 30.0
# What the bridge says may repeat itself for every request.
LINES_PER_MINUTE_MAX: Final = 30


class Greeter:
    """Makes sure that a bridge speaks our protocol, and tells it where our tools are.

    `listen` gives that place, and opens it.
    """

    def __init__(
        self,
        http: HttpClient,
        now: Callable[[], float],
        listen: Callable[[], Awaitable[BridgeAddress]] | None = None,
        mask: BridgeMask | None = None,
    ) -> None:
        self._http = http
        self._mask = mask or BridgeMask()
        self._context = fault_context(NO_SECRET, now, self._mask)
        self._listen = listen

    async def greet(self, address: BridgeAddress) -> None:
        """Raises Fault(CLIENT_OUTDATED) where it speaks another protocol."""
        callback = await self._listen() if self._listen is not None else None
        tokens = [one.token for one in (address, callback) if one is not None]
        self._mask.tokens = tuple(tokens)
        ask = functools.partial(call_bridge, self._http, address, context=self._context)
        version = await ask(GET_VERSION, {})
        spoken = version.get("protocolVersion")
        if spoken != PACKAGE:
            named = spoken if isinstance(spoken, str) else "something unknown"
            shown = quote_said(named, NO_SECRET, self._mask)
            raise Fault(
                FaultKind.CLIENT_OUTDATED,
                tell(
                    "The Cursor SDK bridge speaks {theirs}, and this gateway speaks {ours}: install"
                    " another version of cursor-sdk, or of the gateway.",
                    theirs=shown,
                    ours=PACKAGE,
                ),
            )
        if callback is not None:
            told = {"url": callback.url, "authToken": callback.token.reveal()}
            await ask(SET_TOOL_CALLBACK, told)

    async def answers(self, address: BridgeAddress) -> bool:
        """Whether it still does, whatever it says."""
        try:
            await call_bridge(self._http, address, PING, {}, context=self._context)
        except Fault as fault:
            return fault.kind is not FaultKind.UPSTREAM_TIMEOUT
        return True


class AttachedBridge:
    """A bridge that somebody else runs."""

    def __init__(
        self,
        address: BridgeAddress,
        greet: Callable[[BridgeAddress], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._address = address
        self._greet = greet
        self._clock = clock
        self._greeted_until = 0.0
        self._lock = asyncio.Lock()

    def __repr__(self) -> str:
        return f"AttachedBridge({self._address.url})"

    async def get_address(self) -> BridgeAddress:
        """See calls.Bridge."""
        async with self._lock:
            if self._clock.monotonic() >= self._greeted_until:
                await self._greet(self._address)
                self._greeted_until = self._clock.monotonic() + GREETED_S
        return self._address


class BridgeParts(Struct, frozen=True):
    """What a bridge of our own needs. `mask` takes every secret out of what it says."""

    greet: Callable[[BridgeAddress], Awaitable[None]]
    answers: Callable[[BridgeAddress], Awaitable[bool]]
    clock: Clock
    observer: Observer
    mask: Callable[[str], str] = str


class _Running(Struct, frozen=True):
    process: BridgeProcess
    address: BridgeAddress
    started_at: float


class OwnBridge:
    """A bridge of this gateway's own; `close` ends it."""

    def __init__(self, options: SdkOptions, parts: BridgeParts) -> None:
        self._options = options
        self._parts = parts
        self._folder: BridgeFolder | None = None
        self._running: _Running | None = None
        self._start_task: asyncio.Task[BridgeAddress] | None = None
        self._watch_task: asyncio.Task[None] | None = None
        self._failure_count = 0
        self._pause_until = 0.0
        self._is_closed = False
        self._lines = LineLimit(parts)

    def __repr__(self) -> str:
        state = self._running.process if self._running else "not running"
        return f"OwnBridge({state})"

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None while there is none."""
        return self._running.process.pid if self._running else None

    async def get_address(self) -> BridgeAddress:
        """See calls.Bridge."""
        if self._running is not None:
            return self._running.address
        if self._start_task is None:
            self._refuse_in_pause()
        return await asyncio.shield(self.begin())

    def begin(self) -> asyncio.Task[BridgeAddress]:
        """Start it, if nobody does so already."""
        if self._start_task is None:
            self._start_task = asyncio.create_task(self._start())
            self._start_task.add_done_callback(self._on_started)
        return self._start_task

    def begin_early(self) -> None:
        """Start it before anybody needs it; a failure is told to the operator alone."""
        self.begin().add_done_callback(self._tell_of_failure)

    def _tell_of_failure(self, task: asyncio.Task[BridgeAddress]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            bug = None if isinstance(error, Fault) else error
            self._parts.observer.warn(
                "the Cursor SDK bridge could not be started", detail=str(error), exc_info=bug
            )

    async def close(self) -> None:
        """End it, and remove its folder."""
        self._is_closed = True
        if self._start_task is not None:
            self._start_task.cancel()
            await asyncio.gather(self._start_task, return_exceptions=True)
        running, self._running = self._running, None
        if running is not None:
            await running.process.stop()
        if self._watch_task is not None:
            await self._watch_task
        if self._folder is not None:
            await asyncio.to_thread(self._folder.remove)

    def _on_started(self, task: asyncio.Task[BridgeAddress]) -> None:
        self._start_task = None
        # Whoever waits has it from the task; nobody may be waiting any more.
        if not task.cancelled() and task.exception() is not None:
            self._fail()

    def _fail(self) -> None:
        pause_s = min(PAUSE_S * 2**self._failure_count, PAUSE_S_MAX)
        self._failure_count += 1
        self._pause_until = self._parts.clock.monotonic() + pause_s

    async def _start(self) -> BridgeAddress:
        if self._is_closed:
            raise Fault(FaultKind.UNREACHABLE, "The gateway is stopping.")
        if (left_s := self._pause_left_s) > 0:
            await asyncio.sleep(left_s)
        process, address = await start_process(await self._launch())
        try:
            await self._parts.greet(address)
        except BaseException:
            await process.stop()
            raise
        now = self._parts.clock.monotonic()
        self._running = _Running(process, address, now)
        self._watch_task = asyncio.create_task(self._watch(process, address))
        self._lines.token = address.token
        self._parts.observer.notice("the Cursor SDK bridge runs", pid=process.pid)
        return address

    def _refuse_in_pause(self) -> None:
        left_s = self._pause_left_s
        if left_s > WAITED_PAUSE_S:
            raise Fault(
                FaultKind.UNREACHABLE,
                tell(
                    "The Cursor SDK bridge failed {count} times in a row; it is tried again in"
                    " {wait_s} s.",
                    count=self._failure_count,
                    wait_s=f"{left_s:.0f}",
                ),
                retry_after_s=left_s,
            )

    @property
    def _pause_left_s(self) -> float:
        return self._pause_until - self._parts.clock.monotonic()

    async def _launch(self) -> Launch:
        program = await asyncio.to_thread(find_program, self._options.bridge_bin)
        if self._folder is None:
            base = self._options.folder or default_base()
            try:
                self._folder = await asyncio.to_thread(open_folder, base)
            except OSError as error:
                raise Fault(
                    FaultKind.UNREACHABLE,
                    tell("The Cursor SDK bridge has no folder: {reason}.", reason=error),
                ) from error
            self._warn_of_no_cage(base)
        return Launch(program, self._folder, self._options, self._lines.say)

    def _warn_of_no_cage(self, base: Path) -> None:
        why = find_flaw_of_cage(self._options)
        if why:
            self._parts.observer.warn(
                "the Cursor SDK bridge runs without a cage: Cursor's servers could make it read and"
                " write files and run programs of this user",
                why=why,
                advice="run the gateway as a user of its own, or in a container",
                folder=str(base),
            )

    async def _watch(self, process: BridgeProcess, address: BridgeAddress) -> None:
        how = "has ended by itself"
        while not (await asyncio.wait((process.exited,), timeout=LOOK_EVERY_S))[0]:
            if not await self._parts.answers(address):
                how = "answered nothing any more and was ended"
                await process.stop()
        running, self._running = self._running, None
        if running is None:
            return
        lived_s = self._parts.clock.monotonic() - running.started_at
        if lived_s >= STEADY_S:
            self._failure_count = 0
        else:
            self._fail()
        self._parts.observer.warn(
            f"the Cursor SDK bridge {how}; it is started again when it is needed",
            exit_code=process.exited.result(),
            lived_s=round(lived_s, 1),
        )
        await process.stop()


class LineLimit:
    """Puts what the bridge says into the log: masked, cut, and so many lines a minute."""

    def __init__(self, parts: BridgeParts) -> None:
        self._parts = parts
        # The bridge's own.
        self.token = NO_SECRET
        self._minute = 0
        self._count = 0

    def say(self, line: str) -> None:
        """Log one line, or pass over it."""
        minute = int(self._parts.clock.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        if self._count > LINES_PER_MINUTE_MAX:
            return
        text = quote_said(line, self.token, self._parts.mask)
        if self._count == LINES_PER_MINUTE_MAX:
            text += " (further lines of this minute are left out)"
        self._parts.observer.notice("the Cursor SDK bridge says", line=text)


def find_flaw_of_cage(options: SdkOptions) -> str:
    """Why the bridge can touch what is not its own; "" where it cannot."""
    if options.bridge_url is not None:
        return ""  # who runs it answers for it
    if not options.is_caged:
        return tell("CURSOR_SDK_BRIDGE_CAGE is false")
    if find_landlock_abi() == 0:
        return tell("this system has no Landlock (Linux 5.13 and later have it)")
    return ""
