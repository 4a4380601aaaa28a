"""Bugs to be put into the gateway, to see that its judges find them.

Each is what a slip of the hand could make of the code, in one place, while a `with` lasts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cursor_api.dialects.openai_chat import answer as openai
from cursor_api.domain.deltas import Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Status
from cursor_api.pool import slot
from cursor_api.pool.breakers import Breakers
from cursor_api.pool.lease import Lease
from cursor_api.pool.selection import Tier
from cursor_api.pool.waiting import Queue
from cursor_api.service.access.admission import Admission
from cursor_api.service.inference import failover, relay, search
from cursor_api.service.inference.endpoints import Endpoint
from cursor_api.transport.client import HttpAnswer
from cursor_api.upstreams.cursor.answer import AnswerDecoder
from cursor_api.web.inference import route
from cursor_api.web.inference.streaming import Watch
from tests.simulation.examine import Finding, examine

Change = Callable[[Any], Any]


def _double_settle(settle: Any) -> Any:
    def settled_again(self: Any, *outcome: Any) -> None:
        settle(self, *outcome)
        if outcome and outcome[0].fault is not None:
            self.is_settled = False
            settle(self)

    return settled_again


def _leak_on_cancel(end: Any) -> Any:
    def ended(self: Any, error: BaseException | None) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._lease = None
        end(self, error)

    return ended


def _record_cancelled_as_success(record: Any) -> Any:
    def recorded(self: Any, status: Status, fault: Fault | None) -> None:
        record(self, Status.SUCCESS if status is Status.CANCELLED else status, fault)

    return recorded


def _record_twice(record: Any) -> Any:
    def recorded(self: Any, status: Status, fault: Fault | None) -> None:
        record(self, status, fault)
        if status is Status.CANCELLED:
            record(self, status, fault)

    return recorded


def _lose_delta(feed: Any) -> Any:
    def fed(self: Any, data: bytes) -> Any:
        deltas = feed(self, data)
        texts = [at for at, one in enumerate(deltas) if isinstance(one, TextDelta)]
        return [one for at, one in enumerate(deltas) if len(texts) < 4 or at != texts[2]]

    return fed


def _swap_deltas(feed: Any) -> Any:
    def fed(self: Any, data: bytes) -> Any:
        deltas = feed(self, data)
        if len(deltas) > 3 and all(isinstance(one, TextDelta) for one in deltas[1:3]):
            deltas[1], deltas[2] = deltas[2], deltas[1]
        return deltas

    return fed


def _repeat_batch(next_one: Any) -> Any:
    async def next_twice(self: Any) -> Any:
        is_first = self._first is not None
        batch = await next_one(self)
        if is_first and len(self.attempts) > 1:
            return (*batch, *batch) if isinstance(batch[-1], TextDelta) else batch
        return batch

    return next_twice


def _done_after_fault(fault_event: Any) -> Any:
    def event(self: Any, fault: Fault, **more: Any) -> bytes:
        told: bytes = fault_event(self, fault, **more)
        return told + b"data: [DONE]\n\n"

    return event


def _finish_cut_streams(end_of_feed: Any) -> Any:
    def fed(self: Any, data: bytes) -> Any:
        try:
            return end_of_feed(self, data)
        except Fault as fault:
            if fault.kind is not FaultKind.INCOMPLETE:
                raise
            self.is_finished = True
            return [Finished(FinishReason.STOP)]

    return fed


def _ask_the_cooling(_find: Any) -> Any:
    return lambda _self, _model, _now: None


def _wait_a_second(judge: Any) -> Any:
    def judged(previous: Any, fault: Fault, now: float, jitter: float) -> Any:
        if fault.retry_after_s is not None:
            fault = Fault(fault.kind, fault.message, retry_after_s=1.0)
        return judge(previous, fault, now, jitter)

    return judged


def _forget_the_last(find: Any) -> Any:
    def found(self: Any, weight_of: Any, is_eligible: Any) -> Any:
        last = self.positions[-1]
        return find(self, weight_of, lambda position: position != last and is_eligible(position))

    return found


def _count_characters(estimate: Any) -> Any:
    return lambda input_count, output_bytes: estimate(input_count, output_bytes * 3 // 4)


def _never_look(_begin: Any) -> Any:
    return lambda _self: None


def _keep_place(leave: Any) -> Any:
    def left(self: Any, place: Any) -> None:
        if not place.is_stream:
            leave(self, place)

    return left


def _ignore_the_breaker(_check: Any) -> Any:
    return lambda _self, _model, _now: None


def _spend_freely(_take: Any) -> Any:
    return lambda _self: True


def _ask_the_silent_again(decide: Any) -> Any:
    def decided(*question: Any, **more: Any) -> Any:
        decision = decide(*question, **more)
        if decision.action is failover.Action.SWITCH:
            return failover.Decision(failover.Action.RETRY)
        return decision

    return decided


def _suspect_nobody(_suspect: Any) -> Any:
    return lambda _failed, _answered: None


def _know_of_no_answer(_has_answered: Any) -> Any:
    return lambda _self, _now: False


def _keep_silent(break_silence: Any) -> Any:
    async def broken(self: Any) -> None:
        if self._has_begun:
            await break_silence(self)

    return broken


def _leave_upstream_open(leave: Any) -> Any:
    async def left(self: Any, *error: Any) -> None:
        if not self._is_finished:
            await asyncio.sleep(5.0)
        await leave(self, *error)

    return left


def _wait_for_ever(read: Any) -> Any:
    async def patient(self: Any) -> Any:
        self._patience = self._patience.__class__(self._patience.first_token_s, 3600.0)
        return await read(self)

    return patient


def _tell_the_token(init: Any) -> Any:
    def made(self: Any, kind: FaultKind, message: str, **more: Any) -> None:
        if kind is FaultKind.NO_CREDENTIALS:
            message += " opaque-secret-of-account-0-0123456789"
        init(self, kind, message, **more)

    return made


def _blame_another(judge_end: Any) -> Any:
    def recorded(self: Any, status: Status, fault: Fault | None) -> None:
        if fault is not None and fault.kind is FaultKind.INCOMPLETE:
            fault = Fault(FaultKind.UPSTREAM_TIMEOUT, fault.message)
        judge_end(self, status, fault)

    return recorded


def _let_all_in(take: Any) -> Any:
    def taken(self: Any, model: str, now: float) -> bool:
        take(self, model, now)
        self.probing.clear()
        return False

    return taken


def _serve_nobody(_serve: Any) -> Any:
    return lambda _self, _find: None


BUGS: dict[str, tuple[Any, str, Change]] = {
    "a lease is settled twice after a fault": (Lease, "settle", _double_settle),
    "a lease leaks when its client leaves": (relay.Exchange, "_end", _leak_on_cancel),
    "who left is recorded as success": (relay.Exchange, "_record", _record_cancelled_as_success),
    "who left is recorded twice": (relay.Exchange, "_record", _record_twice),
    "a broken stream is recorded as late": (relay.Exchange, "_record", _blame_another),
    "a delta is lost": (AnswerDecoder, "feed", _lose_delta),
    "two deltas are swapped": (AnswerDecoder, "feed", _swap_deltas),
    "a batch comes twice after a failover": (relay.Exchange, "__anext__", _repeat_batch),
    "[DONE] follows an error": (openai.ChunkRenderer, "fault", _done_after_fault),
    "a cut stream ends well": (AnswerDecoder, "feed", _finish_cut_streams),
    "who is cooling is asked": (slot.Slot, "_find_cooling", _ask_the_cooling),
    "Retry-After is ignored": (slot, "judge", _wait_a_second),
    "behind a rest all rush in": (slot.Slot, "take", _let_all_in),
    "who waits is not served": (Queue, "serve", _serve_nobody),
    "the last credential is forgotten": (Tier, "find_in_turn", _forget_the_last),
    "usage is counted short": (relay, "estimate_usage", _count_characters),
    "nobody notices who leaves": (Watch, "_end", _never_look),
    "streams keep their place": (Admission, "leave", _keep_place),
    "the breaker is ignored": (Breakers, "check", _ignore_the_breaker),
    "retries cost nothing": (failover.RetryBudget, "take", _spend_freely),
    "who was silent is asked again": (search, "decide", _ask_the_silent_again),
    "who fails where others are answered goes on": (search, "_suspect", _suspect_nobody),
    "a credential not yet tried costs a retry": (
        Endpoint,
        "has_answered_lately",
        _know_of_no_answer,
    ),
    "silence before the first text lasts": (route._StreamedAnswer, "break_silence", _keep_silent),
    "an upstream is closed late": (HttpAnswer, "__aexit__", _leave_upstream_open),
    "silence in a stream is endless": (HttpAnswer, "read", _wait_for_ever),
    "an error tells a token": (Fault, "__init__", _tell_the_token),
}

# What needs several things to happen in one world: left to `make soak`.
SLOW_TO_FIND = frozenset(
    {
        "a broken stream is recorded as late",
        "a cut stream ends well",
        "Retry-After is ignored",
        "behind a rest all rush in",
        "the last credential is forgotten",
        "the breaker is ignored",
        "silence in a stream is endless",
        "who fails where others are answered goes on",
    }
)


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The gateway with one of the bugs."""
    place, attribute, change = BUGS[name]
    good = getattr(place, attribute)
    setattr(place, attribute, change(good))
    try:
        yield
    finally:
        setattr(place, attribute, good)


def find(name: str, seeds: Iterable[int]) -> Finding | None:
    """The first of the seeds that shows one of the bugs."""
    with planted(name):
        return next((found for found in map(examine, seeds) if found.breaches), None)
