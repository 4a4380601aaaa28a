"""The watch over a response: silence is broken, a client that left is noticed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from cursor_api.domain.deltas import Delta, Finished, FinishReason, StatusDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.inference import streaming
from cursor_api.web.inference.streaming import KeepAlive, KeepAliveOptions, Watch, stream
from tests.log_lines import capture_logs
from tests.waiting import until

PING = b": ping\n\n"


def keeping(silence_s: float = 15.0) -> KeepAlive:
    """What breaks silence after so long."""
    return KeepAlive(KeepAliveOptions(keep_alive_s=silence_s))


class Client:
    """An ASGI client: keeps what is sent to it, and leaves when told."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.bodies: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        """Silence until it leaves."""
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Keep a piece."""
        self.bodies.append(message["body"])

    async def ping(self) -> None:
        """What an answer sends into silence."""
        await self.send({"body": PING})


class Letters:
    """Renders text as it is, and anything else as nothing."""

    def __init__(self) -> None:
        self.is_finished = False

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """The texts."""
        self.is_finished = isinstance(deltas[-1], Finished)
        return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)).encode()

    def finish(self) -> bytes:
        """The end."""
        if not self.is_finished:
            raise Fault(FaultKind.INCOMPLETE, "no end")
        return b"END"

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """Whoever renders a fault is not the watch."""
        raise AssertionError((fault, is_passthrough))


async def play(*steps: Sequence[Delta] | float) -> AsyncIterator[Sequence[Delta]]:
    """Give batches and then the end, sleeping where a number stands."""
    for step in steps:
        if isinstance(step, float):
            await asyncio.sleep(step)
        else:
            yield step
    yield [Finished(FinishReason.STOP)]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch looks every hundredth of a second."""
    monkeypatch.setattr(streaming, "WATCH_AFTER_S", 0.01)
    monkeypatch.setattr(streaming, "TICK_S", 0.01)


async def test_one_batch_is_one_write() -> None:
    """Frames that came together leave together; nothing is written for nothing."""
    client = Client()
    watch = Watch(client.receive, client.send, keeping(), client.ping)
    batches = play([TextDelta("a"), TextDelta("b")], [StatusDelta("busy")], [TextDelta("c")])
    await stream(batches, Letters(), watch)
    watch.stop()
    assert client.bodies == [b"ab", b"c", b"END"]


async def only(batch: Sequence[Delta]) -> AsyncIterator[Sequence[Delta]]:
    """One batch and nothing after it."""
    yield batch


async def test_the_end_leaves_with_the_last_text() -> None:
    """What came in one read leaves in one write."""
    client = Client()
    watch = Watch(client.receive, client.send, keeping(), client.ping)
    await stream(only([TextDelta("a"), Finished(FinishReason.STOP)]), Letters(), watch)
    watch.stop()
    assert client.bodies == [b"aEND"]


async def test_batches_without_an_end_are_never_closed_as_if_they_had_one() -> None:
    """Whatever is above forgot to notice."""
    client = Client()
    watch = Watch(client.receive, client.send, keeping(), client.ping)
    with pytest.raises(Fault):
        await stream(only([TextDelta("a")]), Letters(), watch)
    watch.stop()
    assert client.bodies == [b"a"]


async def test_silence_is_broken_by_pings_between_whole_writes() -> None:
    """Only after the silence."""
    client = Client()
    watch = Watch(client.receive, client.send, keeping(0.05), client.ping)
    await stream(play([TextDelta("a")], 0.4, [TextDelta("b")]), Letters(), watch)
    watch.stop()
    first, *pings, second, end = client.bodies
    assert (first, second, end) == (b"a", b"b", b"END")
    # Seven on a machine with nothing else to do.
    assert 1 <= len(pings) <= 8
    assert set(pings) == {PING}
    await asyncio.sleep(0.1)
    assert client.bodies[-1] == b"END"


async def test_silence_before_the_first_text_is_broken_as_well() -> None:
    """It lasts from the beginning of the watch; an answer in one piece has none to break."""
    client, other = Client(), Client()
    options = keeping(0.05)
    watch = Watch(client.receive, client.send, options, client.ping)
    patient = Watch(other.receive, other.send, options, None)
    await asyncio.sleep(0.03)
    assert client.bodies == []
    await asyncio.sleep(0.3)
    assert 1 <= len(client.bodies) <= 6
    assert set(client.bodies) == {PING}
    watch.stop()
    patient.stop()
    assert other.bodies == []


async def test_a_ping_under_way_is_told_of_at_the_end() -> None:
    """So that nobody writes while it may still begin the answer; else there is none."""
    client = Client()
    gate = asyncio.Event()

    async def ping() -> None:
        await gate.wait()

    watch = Watch(client.receive, client.send, keeping(0.02), ping)
    await asyncio.sleep(0.1)
    pinging = watch.stop()
    assert pinging is not None
    await asyncio.wait([pinging])
    assert pinging.cancelled()
    assert watch.stop() is None


async def test_a_lively_stream_has_no_pings() -> None:
    """They are for silence: each write puts the next one off."""
    client = Client()
    watch = Watch(client.receive, client.send, keeping(0.5), client.ping)
    steps: list[Sequence[Delta] | float] = [[TextDelta("a")], 0.05]
    await stream(play(*steps * 14), Letters(), watch)
    watch.stop()
    assert PING not in client.bodies


async def test_no_ping_is_pushed_into_a_full_buffer() -> None:
    """While a write waits for its client, nothing is added to it."""
    client = Client()
    gate = asyncio.Event()

    async def slow_send(message: Any) -> None:
        await client.send(message)
        await gate.wait()

    watch = Watch(client.receive, slow_send, keeping(0.02), client.ping)
    task = asyncio.create_task(stream(play([TextDelta("a")]), Letters(), watch))
    await asyncio.sleep(0.1)
    assert client.bodies == [b"a"]
    gate.set()
    await task
    watch.stop()


async def test_a_client_that_leaves_ends_its_request() -> None:
    """The task is cancelled, and the watch says why."""
    client = Client()
    watches: list[Watch] = []

    async def request() -> None:
        watches.append(Watch(client.receive, client.send, keeping(), client.ping))
        await asyncio.sleep(10)

    task = asyncio.create_task(request())
    await asyncio.sleep(0.05)
    assert not task.done()
    client.left.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watches[0].is_client_gone
    watches[0].stop()


class Served:
    """A request whose server tells of the departure."""

    def __init__(self) -> None:
        self.departing: Callable[[], None] | None = None
        self.task: asyncio.Task[None] | None = asyncio.current_task()

    def tell_departure(self, departing: Callable[[], None] | None) -> None:
        """See Departing."""
        self.departing = departing


async def test_where_the_server_tells_of_the_departure_nobody_asks() -> None:
    """No task, and for an answer in one piece no timer either; at the end nobody is told."""
    client, served = Client(), Served()
    loop: Any = asyncio.get_running_loop()
    before = len(asyncio.all_tasks()), len(loop._scheduled)
    watches: list[Watch] = []

    async def request() -> None:
        served.task = asyncio.current_task()
        watches.append(Watch(client.receive, client.send, keeping(), None, served))
        await asyncio.sleep(0.05)
        # The test itself is a task, and sleeps by a timer.
        assert (len(asyncio.all_tasks()) - 1, len(loop._scheduled) - 1) == before
        await asyncio.sleep(10)

    task = asyncio.create_task(request())
    await asyncio.sleep(0.1)
    assert served.departing is not None
    served.departing()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watches[0].is_client_gone
    watches[0].stop()
    assert served.departing is None


async def test_a_short_request_costs_no_task() -> None:
    """The departure is watched only for what lasts."""
    client = Client()
    before = len(asyncio.all_tasks())
    watch = Watch(client.receive, client.send, keeping(), client.ping)
    assert len(asyncio.all_tasks()) == before
    watch.stop()
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) == before


async def test_silent_streams_have_one_timer_together_and_keep_no_pings() -> None:
    """Thousands may be silent for minutes: what each of them keeps is all that they cost."""
    clients, kept = [Client() for _ in range(20)], keeping(0.05)
    loop: Any = asyncio.get_running_loop()
    before = len(loop._scheduled)
    watches = [Watch(one.receive, one.send, kept, one.ping, Served()) for one in clients]
    assert len(loop._scheduled) == before + 1
    await until(lambda: all(PING in one.bodies for one in clients))

    def tasks() -> set[object]:
        known = gc.get_referents(*watches)
        return {one for one in known if isinstance(one, asyncio.Task)}

    await until(lambda: tasks() == {asyncio.current_task()})
    for watch in watches:
        watch.stop()
    assert "Watch(0)" in repr(kept)


async def test_what_watched_a_request_ends_with_it() -> None:
    """Nothing waits for the collector: a thousand slow answers leave no memory behind."""
    client = Client()

    async def request() -> None:
        watch = Watch(client.receive, client.send, keeping(0.02), client.ping)
        await stream(play([TextDelta("a")], 0.1, [TextDelta("b")]), Letters(), watch)
        watch.stop()

    gc.collect()
    gc.disable()
    try:
        await asyncio.create_task(request())
        await asyncio.sleep(0.05)
        assert [one for one in gc.get_objects() if type(one) is Watch] == []
    finally:
        gc.enable()
    assert PING in client.bodies


async def test_a_watch_that_fails_is_logged_and_the_answer_goes_on() -> None:
    """A bug in a ping or in the look for a departure costs its own stream nothing else."""
    client = Client()

    async def fail_to_receive() -> dict[str, Any]:
        raise ZeroDivisionError("planted in receive")

    async def fail_at_pings() -> None:
        raise ZeroDivisionError("planted in a ping")

    def failures() -> set[str]:
        return {log["exception"] for log in logs}

    async def until_both_failed() -> AsyncIterator[Sequence[Delta]]:
        yield [TextDelta("a")]
        await until(lambda: len(failures()) > 1)
        yield [TextDelta("b")]
        yield [Finished(FinishReason.STOP)]

    with capture_logs() as logs:
        watch = Watch(fail_to_receive, client.send, keeping(0.02), fail_at_pings)
        await stream(until_both_failed(), Letters(), watch)
        watch.stop()
    assert client.bodies == [b"a", b"b", b"END"]
    assert not watch.is_client_gone
    assert {log["event"] for log in logs} == {
        "the watch over a response failed; the response goes on"
    }
    assert failures() == {"planted in receive", "planted in a ping"}
