"""What the relay records of a request, and what is known of it before."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.deltas import Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Status
from cursor_api.domain.value import replace
from tests.endpoints import FAKE
from tests.unit.service.inference.test_relay import INCOMING, House, fault


async def test_what_a_caller_is_blamed_for_after_its_first_text_is_a_failure() -> None:
    """It was answered, as far as that went."""
    house = House({"a": [[TextDelta("x")], fault(FaultKind.CONTENT_REFUSED)]})
    with pytest.raises(Fault):
        await house.ask()
    assert house.last.status is Status.FAILED
    assert house.last.finish is None


async def test_a_record_says_how_the_request_came_and_went() -> None:
    """The client API and program, when it came, the route that answered and how that ended."""
    house = House({"a": [[TextDelta("x")], [Finished(FinishReason.LENGTH)]]})
    incoming = replace(INCOMING, dialect="openai_chat", client="curl/8.1", started_at=12.5)
    async with house.relay.open(incoming) as exchange:
        (pending,) = house.relay.under_way()
        assert [batch async for batch in exchange]
    assert (pending.status, pending.duration_ms) == (Status.PENDING, None)
    record = house.last
    assert (record.dialect, record.client, record.started_at) == ("openai_chat", "curl/8.1", 12.5)
    assert (record.endpoint, record.model_served) == (FAKE, "gpt-4o")
    assert record.finish is FinishReason.LENGTH
    assert house.relay.under_way() == []


async def test_what_waits_for_its_first_text_says_who_is_asked() -> None:
    """Though nothing is certain yet."""
    house = House({"a": [asyncio.Event()]})
    task = asyncio.create_task(house.ask())
    await asyncio.sleep(0.01)
    (pending,) = house.relay.under_way()
    assert (pending.credential_alias, pending.endpoint) == ("a", FAKE)
    assert pending.first_delta_ms is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("said", "kept"),
    [("you said hi", "It failed."), ("try again later", "It failed: try again later")],
)
@pytest.mark.parametrize("is_late", [False, True])
async def test_what_the_caller_wrote_is_not_in_the_record_of_a_failure(
    said: str, kept: str, *, is_late: bool
) -> None:
    """In mid-stream nobody knows any more what that was, and nothing of the upstream's is kept."""
    failure = Fault(FaultKind.UPSTREAM_ERROR, f"It failed: {said}")
    failure.quoted = said
    house = House({"a": [[TextDelta("x")], failure] if is_late else [failure]})
    with pytest.raises(Fault):
        await house.ask()
    assert house.last.error == ("It failed." if is_late else kept)
