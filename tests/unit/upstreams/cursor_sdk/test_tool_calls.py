"""Calls that wait for their results."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.content import Document, Image, Text, ToolResult
from cursor_api.upstreams.cursor_sdk.call_ids import WaitingCallIds
from cursor_api.upstreams.cursor_sdk.tool_calls import (
    Parking,
    RunCalls,
    ToolAnswer,
    ToolCall,
    answer_of,
)
from tests.fakes import StillClock


def content(answer: ToolAnswer) -> object:
    """What the bridge is answered."""
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("result", "status", "expected"),
    [
        (ToolResult("c", (Text("a"),)), 200, [{"type": "text", "text": "a"}]),
        (ToolResult("c", ()), 200, [{"type": "text", "text": ""}]),
        (
            ToolResult("c", (Image(b"\x89PNG", "image/png"),)),
            200,
            [{"type": "image", "data": "iVBORw==", "mimeType": "image/png"}],
        ),
        (
            ToolResult("c", (Document("application/pdf", "AA==", name="a.pdf"),)),
            200,
            [{"type": "text", "text": "[document a.pdf]"}],
        ),
        (ToolResult("c", (Text("a"), Text("b")), is_error=True), 400, "a\nb"),
        (ToolResult("c", (), is_error=True), 400, "The tool failed."),
    ],
)
def test_a_result_has_the_form_that_the_bridge_takes(
    result: ToolResult, status: int, expected: object
) -> None:
    """Always a list of contents; a failure is a status with words."""
    answer = answer_of(result)
    body = {"result": {"content": expected}}
    failed = {"code": "unknown", "message": expected}
    assert (answer.status, content(answer)) == (status, body if status == 200 else failed)


def new_id() -> str:
    """As a process that serves alone makes them."""
    return WaitingCallIds(None, StillClock(), 1.0).make()


async def test_ids_are_known_once_they_were_told() -> None:
    """Who was told of none can answer none."""
    calls = RunCalls(["f"], Parking(10), new_id)
    first, second = calls.add("f", b"{}"), calls.add("f", b'{"a":1}')
    one, other = calls.untold()
    assert calls.ids == ()
    one.is_told = True
    calls.settle([ToolResult(one.id, (Text("x"),)), ToolResult(other.id, (Text("y"),))])
    assert (first.done(), second.done(), len(calls)) == (True, False, 1)


async def test_the_same_call_is_one_call() -> None:
    """The bridge asks again for one that its backend lost; the answer goes to both."""
    calls = RunCalls(["f"], Parking(10), new_id)
    first, second = calls.add("f", b"{}"), calls.add("f", b"{}")
    (call,) = calls.untold()
    call.is_told = True
    first.cancel()  # the bridge has hung up
    calls.settle([ToolResult(call.id, (Text("x"),))])
    assert second.result().status == 200


async def test_there_is_room_for_so_many_and_so_much() -> None:
    """Over all runs together; what is answered makes room, and a closed run has none."""
    parking = Parking(2, bytes_max=100)
    calls, others = RunCalls(["f"], parking, new_id), RunCalls(["f"], parking, new_id)
    waiting = [calls.add("f", b"1"), others.add("f", b"2")]
    refused = calls.add("f", b"3").result()
    assert (refused.status, parking.count) == (400, 2)
    others.close("gone")
    assert content(waiting[1].result()) == {"code": "unknown", "message": "gone"}
    assert calls.add("f", b"x" * 100).done()
    assert not calls.add("f", b"x" * 99).done()
    assert others.add("f", b"4").result().status == 400
    assert calls.add("g", b"{}").result().status == 400
    calls.close()
    assert parking.count == 0


async def test_a_caller_who_has_most_makes_room_for_others() -> None:
    """By the number of calls or by their size; never for one who would have as much then."""
    ended: list[str] = []

    def end_run(caller: str) -> bool:
        ended.append(caller)
        runs[caller].pop(0).shut()
        return True

    parking = Parking(4, end_run, bytes_max=100)
    runs = {
        name: [RunCalls(["f"], parking, new_id, name) for _ in range(4)] for name in ("many", "few")
    }
    waiting = [one.add("f", b"1") for one in runs["many"]]
    few = runs["few"]
    assert not few[0].add("f", b"2").done()
    assert not few[1].add("f", b"2").done()
    assert few[2].add("f", b"2").result().status == 400
    assert (ended, parking.count) == (["many", "many"], 4)
    # The room is given at once; the model is told later, when its run has ended.
    assert not any(one.done() for one in waiting)
    few.pop(0).close()
    assert not few[0].add("f", b"x" * 90).done()
    assert not runs["many"][0].add("f", b"x" * 10).done()
    assert ended[2:] == ["few"]
    assert repr(parking) == "Parking(3 of 4 calls, 12 bytes)"


def test_a_tool_of_any_text_shows_the_text() -> None:
    """Where the model kept to the form; else what it wrote."""
    spelled = [
        ToolCall("c", "f", arguments).spell(is_free_text=True)
        for arguments in (b'{"input":"a\\nb"}', b'{"patch":"x"}')
    ]
    assert spelled == ["a\nb", '{"patch":"x"}']
    assert ToolCall("c", "f", b'{"input":"a"}').spell(is_free_text=False) == '{"input":"a"}'
