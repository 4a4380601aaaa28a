"""How long a request is, without having it answered."""

from __future__ import annotations

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Incoming, Parameters, Tool
from cursor_api.domain.content import (
    Document,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import InputCount, UsageSource
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.service.inference.counting import (
    TOKENS_PER_IMAGE_MAX,
    count_input,
    estimate_prompt,
)
from tests.unit.service.inference.routes_town import HELLO, StrictUpstream, Town

HI = ChatRequest("m", (Message(Role.USER, (Text("hi"),)),))
ESTIMATE = InputCount(5, UsageSource.ESTIMATED)


class Counting(StrictUpstream):
    """Counts what it is asked, or fails."""

    def __init__(self, fault: Fault | None = None) -> None:
        super().__init__({"a": HELLO})
        self.fault = fault
        self.counted_by: list[str] = []

    async def count_input(self, request: ChatRequest, route: Route, credential: Credential) -> int:
        """As many as there are messages."""
        assert route.model == "m-at-one"
        self.counted_by.append(credential.alias)
        if self.fault is not None:
            raise self.fault
        return len(request.messages)


def town_of(upstream: StrictUpstream | None) -> Town:
    """With this upstream at its first endpoint."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    if upstream is not None:
        town.endpoints["one"].upstream = upstream
    return town


async def count(town: Town, model: str = "m", own: tuple[Credential, ...] = ()) -> InputCount:
    """A short question; no lease is kept."""
    chat = ChatRequest(model, HI.messages)
    caller = Caller("me", credentials=own)
    try:
        return await count_input(town.collaborators, Incoming("id", chat, caller))
    finally:
        assert all(one.pool.leased_count == 0 for one in town.endpoints.values())


async def test_an_upstream_that_can_counts_itself() -> None:
    """With a credential of its own."""
    upstream = Counting()
    assert await count(town_of(upstream)) == InputCount(1, UsageSource.UPSTREAM)
    assert upstream.counted_by == ["a"]


async def test_of_a_caller_s_tokens_it_sees_its_own() -> None:
    """Not those for another endpoint."""
    upstream = Counting()
    own = tuple(Credential(f"at {name}", Secret(name), "", name) for name in ("two", "one"))
    assert await count(town_of(upstream), own=own) == InputCount(1, UsageSource.UPSTREAM)
    assert upstream.counted_by == ["at one"]


@pytest.mark.parametrize("upstream", [None, Counting(Fault(FaultKind.RATE_LIMITED, "Later."))])
async def test_otherwise_it_is_an_estimate_that_says_so(upstream: StrictUpstream | None) -> None:
    """Where the upstream cannot, or fails at it."""
    assert await count(town_of(upstream)) == ESTIMATE


async def test_who_refuses_to_count_is_not_asked_again_at_once() -> None:
    """The credential rests as after any other refusal."""
    upstream = Counting(Fault(FaultKind.RATE_LIMITED, "Later.", retry_after_s=60))
    town = town_of(upstream)
    assert [await count(town) for _ in range(2)] == [ESTIMATE, ESTIMATE]
    assert upstream.counted_by == ["a"]


@pytest.mark.parametrize("fault", [None, Fault(FaultKind.RATE_LIMITED, "Later.")])
async def test_counting_says_nothing_of_answers(fault: Fault | None) -> None:
    """A limit of the one is none of the other: neither begins the other's rest, nor ends it."""
    town = town_of(Counting(fault))
    pool = town.endpoints["one"].pool
    await count(town)
    refused = LeaseOutcome(is_success=False, fault=Fault(FaultKind.RATE_LIMITED, "Later."))
    pool.lease(Ask("m-at-one")).settle(refused)
    await count(town)
    with pytest.raises(Fault) as caught:
        pool.lease(Ask("m-at-one"))
    assert caught.value.kind is FaultKind.RATE_LIMITED


async def test_an_endpoint_that_is_left_alone_is_not_asked_to_count() -> None:
    """Its breaker is open."""
    upstream = Counting()
    town = town_of(upstream)
    breaker = town.endpoints["one"].breakers.whole
    for _ in range(100):
        breaker.record(Fault(FaultKind.UNREACHABLE, "Down."), 0.0, is_probe=False)
    assert await count(town) == ESTIMATE
    assert upstream.counted_by == []


async def test_an_unknown_model_is_a_fault() -> None:
    """As when it is asked."""
    with pytest.raises(Fault) as caught:
        await count(town_of(None), "nobody")
    assert caught.value.kind is FaultKind.MODEL_NOT_FOUND


def test_all_that_a_model_reads_is_estimated() -> None:
    """Tools, calls, thoughts and images too; a larger image is made smaller upstream."""
    before = estimate_prompt(HI)
    parts: dict[int, Part] = {
        25: Thinking("a" * 100),
        26: ToolUse("id", "name", b"b" * 100),
        2: Image(b"x", "image/png", 30, 40),
        TOKENS_PER_IMAGE_MAX: Image(b"x", "image/png", 9000, 9000),
    }
    for tokens_count, part in parts.items():
        chat = ChatRequest("m", (Message(Role.USER, (Text("hi"), part)),))
        assert estimate_prompt(chat) - before == tokens_count
    for one in (Image(b"x", "image/png"), Document("application/pdf", "AA==")):
        inner = ToolResult("id", (one,))
        chat = ChatRequest("m", (Message(Role.USER, (Text("hi"), inner)),))
        assert estimate_prompt(chat) - before == TOKENS_PER_IMAGE_MAX
    tools = Parameters(tools=(Tool("ls", "d" * 38, b"s" * 60),))
    assert estimate_prompt(ChatRequest("m", HI.messages, parameters=tools)) - before == 25
