"""Load of two kinds: clients that wait for their answers, and requests that come regardless."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.soak.clients import BrokenError, Client, Reply

REFUSALS = (429, 503)


@dataclass(slots=True)
class Tally:
    """What became of requests. Durations in seconds."""

    good: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    # What is neither a whole answer nor an honest refusal, in words.
    wrong: list[str] = field(default_factory=list)

    @property
    def total_count(self) -> int:
        """All of them."""
        return len(self.good) + len(self.refused) + len(self.wrong)

    def note(self, reply: Reply) -> None:
        """Take one in."""
        if reply.is_whole_stream:
            self.good.append(reply.duration_s)
        elif reply.status in REFUSALS and reply.retry_after_s:
            self.refused.append(reply.duration_s)
        else:
            self.wrong.append(f"{reply.status} {reply.body[:200]!r}")


class Connections:
    """Kept-alive connections to one port; a new one where none is free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: deque[Client] = deque()

    async def ask(self, request: bytes, tally: Tally) -> float:
        """One request on a free connection; what comes of it goes into the tally.

        Gives the seconds after which it asks to be asked again.
        """
        client = None
        try:
            while self._free and (client is None or client.is_closed):
                client = self._free.pop()
            if client is None or client.is_closed:
                client = await Client.connect(self._port)
            reply = await client.ask(request)
        except (BrokenError, OSError, TimeoutError) as error:
            tally.wrong.append(repr(error))
            return 0.0
        tally.note(reply)
        self._free.append(client)
        return reply.retry_after_s

    def close(self) -> None:
        """Leave."""
        for client in self._free:
            client.leave()


async def keep_busy(
    connections: Connections, request: bytes, client_count: int, duration_s: float
) -> Tally:
    """So many clients, each asking again when it has its answer, or after the wait it was told."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    until = loop.time() + duration_s

    async def ask_again() -> None:
        while loop.time() < until:
            wait_s = await connections.ask(request, tally)
            await asyncio.sleep(min(wait_s, max(0.0, until - loop.time())))

    await asyncio.gather(*(ask_again() for _ in range(client_count)))
    return tally


async def pour(
    connections: Connections, request: bytes, per_second: float, duration_s: float
) -> Tally:
    """So many requests a second, whatever becomes of those before them."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    tasks: set[asyncio.Task[float]] = set()
    for number in range(int(per_second * duration_s)):
        await asyncio.sleep(max(0.0, began_at + number / per_second - loop.time()))
        task = loop.create_task(connections.ask(request, tally))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return tally


def percentile(durations: Sequence[float], share: float) -> float:
    """What so large a share of them does not exceed; nan for none."""
    if not durations:
        return float("nan")
    return sorted(durations)[min(len(durations) - 1, int(len(durations) * share))]


async def until(is_so: Callable[[], bool], limit_s: float) -> bool:
    """Whether it came about within the limit."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + limit_s
    while not is_so():
        if loop.time() > give_up_at:
            return False
        await asyncio.sleep(0.01)
    return True
