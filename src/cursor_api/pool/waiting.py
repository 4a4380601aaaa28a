"""Requests that wait for a credential at its concurrency limit: callers take turns.

Rules of this file:
- A credential that comes free goes to the first who can use it in the same step, so that nobody
  who comes then is before those who wait. Of one caller's requests the first is the one that came
  first; of several callers', that of the one who was served longest ago.
- One caller may take all places while nobody else wants them. Whoever comes to a full queue takes
  the last place of the caller who has most.
- Whoever stops waiting, for whatever reason, takes no lease with it.
- Whoever waits for what is no more is told at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import duration, whole
from cursor_api.options.setting import setting
from cursor_api.pool.lease import Ask, Lease

Tried = AbstractSet[Credential]


class QueueOptions(Struct, frozen=True):
    """At most `count_max` requests wait (0: none does), each for `wait_s` seconds."""

    # A waiting request keeps its prompt in memory; a hundred of them are some megabytes.
    count_max: int = setting(
        "GATEWAY_QUEUE_MAX",
        whole(0, 100_000, 100),
        "100",
        "How many requests may wait while all credentials are at the limits that you set."
        " Callers take turns, and whoever comes to a full queue takes the last place of the caller"
        " who has most. 0 lets none wait (503 at once).",
        key="queue_max",
        needs_restart=True,
        is_divided=True,
    )
    wait_s: float = setting(
        "GATEWAY_QUEUE_WAIT_S",
        duration(0.1, 3600, "10s"),
        "10",
        "How long a request waits at most. Agents ask in bursts and answers take seconds; after"
        " a longer wait, an error is more useful.",
        key="queue_wait_s",
        needs_restart=True,
    )


class Queue:
    """The requests that wait, in the order in which they came."""

    __slots__ = ("_options", "_served", "_served_count", "_waiting")

    def __init__(self, options: QueueOptions) -> None:
        self._options = options
        self._waiting: dict[asyncio.Future[Lease], tuple[Ask, Tried, Fault]] = {}
        # When each caller was served last, as a count, for as long as somebody waits.
        self._served: dict[str, int] = {}
        self._served_count = 0

    def __repr__(self) -> str:
        return f"Queue({len(self._waiting)} of {self._options.count_max})"

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, ask: Ask, tried: Tried, hindrance: Fault) -> Lease:
        """A lease, when it is this request's turn.

        Raises `hindrance` when the queue is full, or when its place is another caller's now;
        Fault(OVERLOADED) when the wait was too long, and what `find` says of this request.
        """
        options = self._options
        if len(self._waiting) >= options.count_max and not self._make_room(ask.caller):
            raise hindrance
        turn: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = ask, tried, hindrance
        try:
            async with asyncio.timeout(options.wait_s):
                return await turn
        except BaseException as error:
            self._waiting.pop(turn, None)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # It came in the moment in which the wait ended.
                turn.result().settle()
            if isinstance(error, TimeoutError):
                raise Fault(
                    FaultKind.OVERLOADED,
                    f"All credentials were in use for {options.wait_s:g} s (GATEWAY_QUEUE_WAIT_S).",
                    retry_after_s=1,
                ) from None
            raise

    def serve(self, find: Callable[[Ask, Tried], Lease | None]) -> None:
        """Give those who wait what can be had now.

        `find` gives a lease or None, or raises the Fault of a request that waits for nothing.
        """
        for turn, (ask, tried, _) in self._by_turns():
            if turn.done():
                continue  # cancelled: it is leaving on its own
            try:
                lease = find(ask, tried)
            except Fault as fault:
                # This request's alone: neither the others who wait nor whoever serves them fail.
                del self._waiting[turn]
                turn.set_exception(fault)
                continue
            if lease is not None:
                del self._waiting[turn]
                turn.set_result(lease)
                self._served_count += 1
                self._served[ask.caller] = self._served_count
        if not self._waiting:
            self._served.clear()

    def _by_turns(self) -> Sequence[tuple[asyncio.Future[Lease], tuple[Ask, Tried, Fault]]]:
        """Those who wait, as it is their turn."""
        return sorted(self._waiting.items(), key=lambda one: self._served.get(one[1][0].caller, 0))

    def _make_room(self, caller: str) -> bool:
        """Whether another caller, who has more places than this one would have, has one less."""
        counts = Counter(ask.caller for ask, _, _ in self._waiting.values())
        most = max(counts, key=counts.__getitem__, default=caller)
        if counts[most] <= counts[caller] + 1:
            return False
        turn = next(one for one in reversed(self._waiting) if self._waiting[one][0].caller == most)
        _, _, hindrance = self._waiting.pop(turn)
        if not turn.done():
            turn.set_exception(hindrance)
        return True
