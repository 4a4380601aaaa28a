"""Requests that go on from a kept answer."""

from __future__ import annotations

import json

from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.inference.route import InferenceOptions
from cursor_api.web.parts import WebOptions
from cursor_api.wire.limits import RequestLimits
from tests.house import BEARER, HELLO, House
from tests.serving import ask, serve
from tests.unit.web.inference.test_kept import OTHER, RESPONSES, create


async def test_a_conversation_goes_on() -> None:
    """With all that was said before, streamed or not, and the new instructions alone."""
    house = House()
    async with serve(house.app) as port:
        first = await create(port, instructions="Be brief.")
        second = await create(port, previous_response_id=first.json()["id"], stream=True)
        id_ = f"resp_{second.headers['x-request-id']}"
        third = await create(port, previous_response_id=id_, instructions="Be kind.", store=False)
        assert third.json()["previous_response_id"] == id_
        gone = await create(port, previous_response_id=third.json()["id"])
    assert gone.status == 404
    assert gone.json()["error"]["param"] == "previous_response_id"
    asked = [message.text for message in house.upstream.requests[-1].messages]
    assert asked == ["Be kind.", "hi", "Hello", "hi", "Hello", "hi"]


async def test_an_answer_that_breaks_off_is_not_kept() -> None:
    """Nothing of it is left."""
    house = House({"a": [[TextDelta("Hel")], Fault(FaultKind.INCOMPLETE, "It stopped.")]})
    async with serve(house.app) as port:
        answer = await create(port, stream=True)
    assert b"response.failed" in answer.body
    assert b"response.completed" not in answer.body
    assert house.kept.size_bytes == 0


async def test_a_conversation_has_a_limit() -> None:
    """That of messages, however they come."""
    options = InferenceOptions(parse=RequestLimits(messages_max=2))
    house = House({"a": HELLO}, WebOptions(inference=options))
    async with serve(house.app) as port:
        first = await create(port)
        second = await create(port, previous_response_id=first.json()["id"])
    assert second.json()["error"]["code"] == "array_above_max_length"


async def test_items_of_kept_answers_are_named_by_their_ids() -> None:
    """As clients do that trust in what is stored; nobody names those of somebody else."""
    house = House()
    async with serve(house.app) as port:
        first = await create(port)
        said = {"type": "item_reference", "id": first.json()["output"][0]["id"]}
        named = {
            "input": [{"role": "user", "content": "hi"}, said, {"role": "user", "content": "?"}]
        }
        second = await create(port, **named)
        body = json.dumps({"model": "gpt-4o", **named}).encode()
        foreign = await ask(port, "POST", RESPONSES, headers=OTHER, body=body)
        unknown = await create(port, input=[{"id": "msg_1"}])
        at_chat = await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=body)
        third = await create(port, previous_response_id=second.json()["id"])
    assert (second.status, third.status, at_chat.status) == (200, 200, 400)
    for refused, place in ((foreign, "input[1]"), (unknown, "input[0]")):
        assert (refused.status, refused.json()["error"]["param"]) == (404, place)
    asked = [message.text for message in house.upstream.requests[-1].messages]
    assert asked == ["hi", "Hello", "?", "Hello", "hi"]
