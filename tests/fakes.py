"""Scripted stand-ins for the ports, shared by tests of what stands above them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault
from cursor_api.domain.features import Feature
from cursor_api.domain.problems import Notice
from cursor_api.domain.record import RequestRecord
from cursor_api.ports.stores import RequestLog
from cursor_api.ports.upstream import DeltaBatches

# A batch is given, a fault raised, an event waited for (a stalled upstream).
Step = Sequence[Delta] | Fault | asyncio.Event


class ScriptedUpstream:
    """Answers each credential with the steps scripted for its alias: batches, then faults."""

    def __init__(self, script: dict[str, list[Step]]) -> None:
        self.script = script
        self.asked: list[str] = []
        self.requests: list[ChatRequest] = []
        self.closed: list[str] = []
        # By model.
        self.lacks: dict[str, frozenset[Feature]] = {}

    def find_lacks(self, model: str) -> frozenset[Feature]:
        """As scripted."""
        return self.lacks.get(model, frozenset())

    async def list_models(self) -> Sequence[Model]:
        """One model."""
        return (Model("gpt-4o", "openai", 1),)

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Play the script of this credential."""
        assert request.model == route.model
        self.requests.append(request)
        return self._open(credential.alias)

    @asynccontextmanager
    async def _open(self, alias: str) -> AsyncIterator[DeltaBatches]:
        self.asked.append(alias)
        try:
            yield self._play(list(self.script[alias]))
        finally:
            self.closed.append(alias)

    async def _play(self, steps: list[Step]) -> AsyncIterator[Sequence[Delta]]:
        for step in steps:
            await asyncio.sleep(0)
            if isinstance(step, Fault):
                raise step
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                yield step


class ListLog:
    """Keeps every record in order."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []
        self.error: Exception | None = None

    def record(self, record: RequestRecord) -> None:
        """Keep it, or fail as scripted."""
        if self.error is not None:
            raise self.error
        self.records.append(record)

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last ones."""
        return self.records[-count:]


class BothLogs:
    """Each record goes into both; the first one tells the last."""

    def __init__(self, first: RequestLog, second: RequestLog) -> None:
        self._first = first
        self._second = second

    def record(self, record: RequestRecord) -> None:
        """In both."""
        self._first.record(record)
        self._second.record(record)

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """As the first one has them."""
        return await self._first.recent(count)


class TickingClock:
    """Every look at it is a second later."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        """Unix time."""
        self.seconds += 1
        return self.seconds

    monotonic = now


class StillClock:
    """A clock that a test moves; both of its faces show `seconds`."""

    def __init__(self) -> None:
        self.seconds = 5000.0

    def now(self) -> float:
        """Unix time."""
        return self.seconds

    monotonic = now


class ListObserver:
    """Keeps what the operator is told."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, dict[str, object]]] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []
        # Both, in their order.
        self.events: list[tuple[str, dict[str, object]]] = []

    def notice(self, event: str, /, **facts: object) -> None:
        """Something went as it should."""
        self.notices.append((event, facts))
        self.events.append((event, facts))

    def warn(
        self, event: str | Notice, /, *, exc_info: BaseException | None = None, **facts: object
    ) -> None:
        """Something a person should look at."""
        if exc_info is not None:
            facts["exc_info"] = exc_info
        self.warnings.append((str(event), facts))
        self.events.append((str(event), facts))
