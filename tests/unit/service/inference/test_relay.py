"""The relay: commit, failover before it, truth after it, one settlement and one record always."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import pytest
from msgspec.structs import replace

from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.domain.record_content import Transcript
from cursor_api.pool.pool import Pool
from cursor_api.service.inference.relay import Exchange, Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.service.inference.transcripts import Transcripts
from tests.endpoints import FAKE, catalog_of, endpoints_of
from tests.fakes import ListLog, ScriptedUpstream, Step, TickingClock

OPERATOR = Caller("operator")
REQUEST = ChatRequest("gpt-4o", (Message(Role.USER, (Text("hi"),)),))
INCOMING = Incoming("id-1", REQUEST, OPERATOR)
END = Finished(FinishReason.STOP)


class House:
    """A relay over a scripted upstream."""

    def __init__(self, script: dict[str, list[Step]]) -> None:
        self.upstream = ScriptedUpstream(script)
        self.log = ListLog()
        clock = TickingClock()
        self.pool = Pool(clock, lambda: 0.5)
        self.pool.put([Credential(name, Secret(name), "sum", FAKE) for name in script])
        self.relay = Relay(
            Collaborators(
                catalog=catalog_of(),
                endpoints=endpoints_of(self.upstream, self.pool),
                request_log=self.log,
                clock=clock,
                random=lambda: 0.0,
            )
        )

    async def ask(self, request: ChatRequest = REQUEST, caller: Caller = OPERATOR) -> list[Delta]:
        """The whole answer."""
        async with self.relay.open(Incoming("id-1", request, caller)) as exchange:
            return [delta async for batch in exchange for delta in batch]

    @property
    def last(self) -> RequestRecord:
        """The final record, after checking what holds however a request ends."""
        assert self.pool.leased_count == 0
        assert self.relay.active_count == 0
        assert self.upstream.closed == self.upstream.asked
        (record,) = self.log.records
        return record


async def collect(exchange: Exchange, seen: list[Delta]) -> None:
    """Keep what arrives, also when a fault follows."""
    async with exchange:
        async for batch in exchange:
            seen.extend(batch)


def fault(kind: FaultKind) -> Fault:
    """A fault of a kind."""
    return Fault(kind, f"it was {kind.value}")


async def test_an_answer_goes_through_in_order_with_estimated_usage() -> None:
    """The happy path: batches unchanged, usage filled in, recorded as a success."""
    house = House({"a": [[TextDelta("Hel")], [TextDelta("lo "), TextDelta("you")], [END]]})
    deltas = await house.ask()
    usage = Usage(1 + 4, 3, UsageSource.ESTIMATED)
    assert deltas == [
        TextDelta("Hel"),
        TextDelta("lo "),
        TextDelta("you"),
        Finished(FinishReason.STOP, usage),
    ]
    record = house.last
    assert record.status is Status.SUCCESS
    assert record.usage == usage
    assert (record.credential_alias, record.error) == ("a", None)
    assert record.first_delta_ms is not None
    assert record.duration_ms is not None
    assert record.duration_ms > record.first_delta_ms


async def test_the_upstreams_own_usage_wins() -> None:
    """An estimate is made only where the upstream counts nothing."""
    usage = Usage(7, 8, UsageSource.UPSTREAM)
    house = House({"a": [[TextDelta("x"), Finished(FinishReason.STOP, usage)]]})
    assert (await house.ask())[-1] == Finished(FinishReason.STOP, usage)
    assert house.last.usage == usage


async def test_statuses_and_citations_before_the_text_are_kept_with_it() -> None:
    """They do not commit: the upstream can still fail over while it only reads links."""
    cited = CitationDelta((Citation("https://example.org", "Example"),))
    house = House(
        {
            "a": [[StatusDelta("Reading links")], fault(FaultKind.RATE_LIMITED)],
            "b": [[StatusDelta("Reading")], [cited], [TextDelta("x")], [END]],
        }
    )
    assert (await house.ask())[:3] == [StatusDelta("Reading"), cited, TextDelta("x")]
    assert [attempt.fault for attempt in house.last.attempts] == [FaultKind.RATE_LIMITED, None]


async def test_a_credentials_fault_before_the_first_delta_costs_the_caller_nothing() -> None:
    """The next credential answers; both attempts are on the record."""
    house = House({"a": [fault(FaultKind.CREDENTIAL_REJECTED)], "b": [[TextDelta("x")], [END]]})
    assert (await house.ask())[0] == TextDelta("x")
    assert house.upstream.asked == ["a", "b"]
    record = house.last
    assert record.status is Status.SUCCESS
    assert [(attempt.credential_alias, attempt.fault) for attempt in record.attempts] == [
        ("a", FaultKind.CREDENTIAL_REJECTED),
        ("b", None),
    ]


async def test_the_last_fault_is_told_when_all_credentials_fail() -> None:
    """The caller learns the upstream's reason, not "no credentials"."""
    house = House(
        {"a": [fault(FaultKind.CREDENTIAL_REJECTED)], "b": [fault(FaultKind.RATE_LIMITED)]}
    )
    with pytest.raises(Fault) as caught:
        await house.ask()
    assert caught.value.kind is FaultKind.RATE_LIMITED
    assert house.last.status is Status.FAILED


async def test_at_most_ten_credentials_are_tried() -> None:
    """One request does not burn through the whole pool."""
    house = House({name: [fault(FaultKind.RATE_LIMITED)] for name in "abcdefghijklm"})
    with pytest.raises(Fault):
        await house.ask()
    assert "".join(house.upstream.asked) == "abcdefghij"


@pytest.mark.parametrize("kind", [FaultKind.CONTEXT_TOO_LONG, FaultKind.CLIENT_OUTDATED])
async def test_other_faults_are_told_at_once(kind: FaultKind) -> None:
    """A caller's mistake is not repeated with another credential; no attempt mends our version."""
    house = House({"a": [fault(kind)], "b": [[TextDelta("x")], [END]]})
    with pytest.raises(Fault) as caught:
        await house.ask()
    assert caught.value.kind is kind
    assert house.upstream.asked == ["a"]
    assert house.last.error_kind is kind
    is_callers = kind is FaultKind.CONTEXT_TOO_LONG
    assert house.last.status is (Status.REFUSED if is_callers else Status.FAILED)


async def test_a_fault_after_the_first_delta_is_told_and_nothing_is_tried_again() -> None:
    """The commit point: the caller has bytes already."""
    house = House(
        {"a": [[TextDelta("x")], fault(FaultKind.RATE_LIMITED)], "b": [[TextDelta("y")], [END]]}
    )
    seen: list[Delta] = []
    exchange = house.relay.open(INCOMING)
    with pytest.raises(Fault):
        await collect(exchange, seen)
    assert seen == [TextDelta("x")]
    assert house.upstream.asked == ["a"]
    assert house.last.status is Status.FAILED
    assert house.last.error_kind is FaultKind.RATE_LIMITED
    # What was delivered until then counts.
    assert house.last.usage is not None
    assert house.last.usage.output_count == 1


@pytest.mark.parametrize("steps", [[], [[StatusDelta("busy")]], [[END]], [[StatusDelta(""), END]]])
async def test_an_answer_without_text_is_a_fault(steps: list[Step]) -> None:
    """An empty 200 is how the earlier program hides failures."""
    house = House({"a": steps})
    with pytest.raises(Fault) as caught:
        await house.ask()
    assert caught.value.kind is FaultKind.INCOMPLETE
    assert house.last.status is Status.FAILED


@pytest.mark.parametrize(
    ("deltas", "output_bytes"),
    [
        ([ToolCallBegun(0, "c", "list"), ToolArgumentsDelta(0, "{}12")], 8),
        ([ReasoningDelta("1234"), ToolCallBegun(0, "c", "list")], 8),
        ([RefusalDelta("No, thanks")], 10),
    ],
)
async def test_a_call_and_a_refusal_are_answers(deltas: list[Delta], output_bytes: int) -> None:
    """Without a word of text: nobody is blamed, nothing is tried again, and all of it counts."""
    house = House({"a": [deltas, [END]]})
    assert (await house.ask())[:-1] == deltas
    assert house.last.status is Status.SUCCESS
    assert [attempt.fault for attempt in house.last.attempts] == [None]
    assert house.last.usage is not None
    assert house.last.usage.output_count == -(-output_bytes // 4)


async def test_an_end_whose_reason_the_upstream_states_is_an_answer() -> None:
    """Even if nothing was said; what it states is kept."""
    end = Finished(FinishReason.REFUSED, is_stated=True, stop_text="x")
    house = House({"a": [[StatusDelta("busy")], [end]]})
    usage = Usage(1 + 4, 0, UsageSource.ESTIMATED)
    assert await house.ask() == [
        StatusDelta("busy"),
        Finished(FinishReason.REFUSED, usage, is_stated=True, stop_text="x"),
    ]
    assert house.last.status is Status.SUCCESS


async def test_a_stream_that_stops_without_its_end_is_never_complete() -> None:
    """Even if an upstream's adapter forgets to notice."""
    house = House({"a": [[TextDelta("x")]]})
    with pytest.raises(Fault) as caught:
        await house.ask()
    assert caught.value.kind is FaultKind.INCOMPLETE


async def test_a_caller_who_leaves_early_is_recorded_with_what_it_got() -> None:
    """Delivered tokens count, the upstream is closed, nobody is blamed."""
    house = House({"a": [[TextDelta("12345678")], [TextDelta("never read")], [END]]})
    async with house.relay.open(INCOMING) as exchange:
        async for _ in exchange:
            break
    record = house.last
    assert record.status is Status.CANCELLED
    assert record.usage is not None
    assert record.usage.output_count == 2


async def test_cancellation_while_waiting_for_the_upstream_settles_everything() -> None:
    """The client may leave before the first delta, too."""
    house = House({"a": [asyncio.Event()]})
    task = asyncio.create_task(house.ask())
    await asyncio.sleep(0.01)
    assert house.relay.active_count == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.last.status is Status.CANCELLED


SHUTTING = Fault(FaultKind.OVERLOADED, "The gateway is shutting down.")


@pytest.mark.parametrize("steps", [[], [[TextDelta("Hello")]]], ids=["before", "after"])
async def test_a_request_that_is_broken_off_ends_with_the_fault(steps: list[Step]) -> None:
    """Before the commit point and after it: told, recorded as failed, nobody is blamed."""
    house = House({"a": [*steps, asyncio.Event()]})
    task = asyncio.create_task(house.ask())
    await asyncio.sleep(0.01)
    assert house.relay.break_off(SHUTTING) == 1
    assert house.relay.break_off(SHUTTING) == 0
    with pytest.raises(Fault) as caught:
        await task
    assert caught.value is SHUTTING
    assert not task.cancelled()
    record = house.last
    assert (record.status, record.error_kind) == (Status.FAILED, FaultKind.OVERLOADED)
    slot = house.pool.get_slot("a")
    assert (slot.failure_count, slot.cooldowns, slot.quarantine) == (0, {}, None)


async def test_an_answer_that_is_whole_is_not_broken_off() -> None:
    """All that is left is to send it."""
    house = House({"a": [[TextDelta("Hello"), END]]})
    async with house.relay.open(INCOMING) as exchange:
        async for _ in exchange:
            pass
        assert house.relay.break_off(SHUTTING) == 0
        await asyncio.sleep(0)
    assert house.last.status is Status.SUCCESS
    assert house.relay.break_off(SHUTTING) == 0


async def test_a_cancelled_request_is_a_departure_whatever_else_is_broken_off() -> None:
    """Who cancels says why; nobody else's reason is taken for it."""
    house = House({"a": [[TextDelta("Hello")], asyncio.Event()]})
    task = asyncio.create_task(house.ask())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.relay.break_off(SHUTTING) == 0
    assert house.last.status is Status.CANCELLED


async def test_a_request_log_that_fails_leaks_nothing() -> None:
    """The request fails; no lease and no place is lost."""
    house = House({"a": [[TextDelta("x")], [END]]})
    house.log.error = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await house.ask()
    assert (house.pool.leased_count, house.relay.active_count) == (0, 0)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, RecursionError, MemoryError])
async def test_whatever_crashes_is_recorded_as_internal(kind: type[BaseException]) -> None:
    """An exit() in the path of a request is no departure of its caller."""
    house = House({"a": [[TextDelta("x")], [END]]})
    with pytest.raises(kind):
        async with house.relay.open(INCOMING):
            raise kind
    assert house.last.error_kind is FaultKind.INTERNAL


async def test_a_crash_of_ours_is_recorded_as_internal() -> None:
    """A bug in rendering is not the upstream's failure."""
    house = House({"a": [[TextDelta("x")], [END]]})
    with pytest.raises(ZeroDivisionError):
        async with house.relay.open(INCOMING):
            raise ZeroDivisionError
    assert house.last.error_kind is FaultKind.INTERNAL


async def test_an_unknown_model_asks_nobody() -> None:
    """The catalog answers before a credential is leased."""
    house = House({"a": [[TextDelta("x")], [END]]})
    unknown = ChatRequest("gpt-5o", REQUEST.messages)
    with pytest.raises(Fault, match="gpt-4o") as caught:
        await house.ask(unknown)
    assert caught.value.kind is FaultKind.MODEL_NOT_FOUND
    assert house.upstream.asked == []
    assert house.last.status is Status.REFUSED
    assert (house.last.endpoint, house.last.attempts) == ("", ())


async def test_a_pass_through_callers_credentials_are_tried_in_turn() -> None:
    """Several tokens in one bearer are a pool of the caller's own."""
    house = House({"a": [fault(FaultKind.RATE_LIMITED)], "b": [[TextDelta("x")], [END]]})
    own = house.pool.credentials
    house.pool.put([])
    assert (await house.ask(caller=Caller("passthrough", credentials=own)))[0] == TextDelta("x")
    assert house.upstream.asked == ["a", "b"]


async def test_an_exchange_is_iterated_inside_its_context() -> None:
    """Misuse is a loud bug, not a hang."""
    house = House({"a": [[TextDelta("x")], [END]]})
    with pytest.raises(RuntimeError, match="async with"):
        await anext(house.relay.open(INCOMING))


@pytest.mark.parametrize("is_answered", [True, False])
async def test_what_is_said_is_taken_down_where_it_is_wanted(*, is_answered: bool) -> None:
    """Once for each record, also of a request that nobody answered."""
    house = House({"a": [[TextDelta("Hel")], [TextDelta("lo")], [END]] if is_answered else []})
    kept: list[Transcript] = []
    transcripts = Transcripts(kept.append, lambda text: text.replace("hi", "**"))
    house.relay = Relay(replace(house.relay._collaborators, transcripts=transcripts))
    with suppress(Fault):
        await house.ask()
    assert kept == []
    transcripts.is_on = True
    with suppress(Fault):
        await house.ask()
    (one,) = kept
    content = one.content()
    assert (content.id, [said.text for said in content.prompt]) == (
        house.log.records[-1].id,
        ["**"],
    )
    assert [said.text for said in content.answer] == ["Hello"] * is_answered


async def test_a_request_is_let_go_of_when_its_answer_begins() -> None:
    """It can be megabytes of prompt and images, and a stream can last for hours."""
    house = House({"a": [[TextDelta("x")], [END]]})
    chat = ChatRequest("gpt-4o", REQUEST.messages)
    before = sys.getrefcount(chat)
    async with house.relay.open(Incoming("id-1", chat, OPERATOR)) as exchange:
        house.upstream.requests.clear()  # the fake keeps what it was asked
        assert sys.getrefcount(chat) == before
        assert [len(batch) async for batch in exchange] == [1, 1]
