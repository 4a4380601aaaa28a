"""Tool calls in the ways in which servers tell them."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest

from cursor_api.dialects.openai_chat.tool_names import write_name
from cursor_api.domain.chat import Tool
from cursor_api.domain.deltas import Delta, ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.calls import (
    AS_THEY_ARE,
    CALLS_MAX,
    Calls,
    WrittenTools,
)
from cursor_api.upstreams.openai.chunks import CallIn, FunctionIn
from cursor_api.wire.free_text import FREE_TEXT_BYTES_MAX


def piece(
    name: str | None = None,
    arguments: object = None,
    *,
    index: int | None = None,
    id: str | None = None,  # noqa: A002 - the field's name
) -> CallIn:
    """A piece as it is decoded."""
    function = {"name": name, "arguments": arguments}
    return msgspec.convert({"index": index, "id": id, "function": function}, CallIn)


def read(*pieces: CallIn, tools: WrittenTools = AS_THEY_ARE) -> list[Any]:
    """What comes of them: `(number, id, name)` for a call that begins, `(number, text)`."""
    numbers = count(1)
    calls = Calls(lambda: f"made-up-{next(numbers)}", tools)
    deltas: list[Delta] = []
    for one in pieces:
        calls.add(one, deltas)
    for _ in range(2):
        calls.end(deltas)
    found: list[Any] = []
    for delta in deltas:
        if isinstance(delta, ToolCallBegun):
            found.append((delta.call, delta.id, delta.name))
        elif isinstance(delta, ToolArgumentsDelta):
            found.append((delta.call, delta.text))
    assert calls.count == sum(len(one) == 3 for one in found)
    return found


def test_parallel_calls_in_pieces() -> None:
    """OpenAI's own way: id and name once, arguments after them, under an index."""
    assert read(
        piece("look", "", index=0, id="a"),
        piece(None, '{"x"', index=0),
        piece("find", "", index=1, id="b"),
        piece(None, ":1}", index=0),
        piece(None, "{}", index=1),
    ) == [(0, "a", "look"), (0, '{"x"'), (1, "b", "find"), (0, ":1}"), (1, "{}")]


def test_whole_calls() -> None:
    """A call in one piece; arguments as the object itself are put into text."""
    assert read(
        piece("look", '{"x":1}', index=0, id="a"), piece("find", {"y": [2]}, index=1, id="b")
    ) == [(0, "a", "look"), (0, '{"x":1}'), (1, "b", "find"), (1, '{"y":[2]}')]


def test_names_and_ids_that_are_repeated_begin_no_other_call() -> None:
    """Nor does an id made anew for each piece, as an early vLLM had it."""
    assert read(piece("look", "{", index=0, id="a"), piece("look", "}", index=0, id="a")) == [
        (0, "a", "look"),
        (0, "{"),
        (0, "}"),
    ]
    assert read(piece("look", "{", index=0, id="a"), piece(None, "}", index=0, id="z")) == [
        (0, "a", "look"),
        (0, "{"),
        (0, "}"),
    ]
    assert read(piece("look", "{", index=0), piece("look", "}", index=0)) == [
        (0, "made-up-1", "look"),
        (0, "{"),
        (0, "}"),
    ]


def test_calls_that_all_have_the_same_index() -> None:
    """Another id, or without ids another name, is another call."""
    assert read(
        piece("look", "{}", index=0, id="a"),
        piece("look", "[]", index=0, id="b"),
        piece(None, " ", index=0),
    ) == [(0, "a", "look"), (0, "{}"), (1, "b", "look"), (1, "[]"), (1, " ")]
    assert read(piece("look", "{}", index=0), piece("find", "[]", index=0)) == [
        (0, "made-up-1", "look"),
        (0, "{}"),
        (1, "made-up-2", "find"),
        (1, "[]"),
    ]


def test_calls_without_an_index() -> None:
    """They are told apart by their ids, else by a name; the rest goes on with the last."""
    assert read(
        piece("look", "{", id="a"),
        piece(None, "}"),
        piece("find", "[", id="b"),
        piece(None, " ", id="a"),
        piece(None, "]", id="b"),
        piece(None, "!", id="unknown"),
    ) == [
        *((0, "a", "look"), (0, "{"), (0, "}"), (1, "b", "find"), (1, "[")),
        *((0, " "), (1, "]"), (1, "!")),
    ]
    assert read(piece("look", "{}"), piece("look", "[]")) == [
        *((0, "made-up-1", "look"), (0, "{}"), (1, "made-up-2", "look"), (1, "[]"))
    ]


def test_a_name_that_comes_after_the_id() -> None:
    """The call begins with its name; they count in the order in which they begin."""
    assert read(
        piece(None, "", index=0, id="a"),
        piece("find", "", index=1, id="b"),
        piece("look", "{}", index=0),
    ) == [(0, "b", "find"), (1, "a", "look"), (1, "{}"), (0, "{}")]
    assert read(piece(None, None, index=0), piece("look", "{}", index=0, id="late")) == [
        *((0, "late", "look"), (0, "{}"))
    ]


def test_the_spelling_before_tools_and_tools_that_take_any_text() -> None:
    """One function, whose call has no id; a custom tool's input stands for its arguments."""
    calls = Calls(lambda: "made-up")
    deltas: list[Delta] = []
    calls.add_function(FunctionIn("look", "{"), deltas)
    calls.add_function(FunctionIn(None, "}"), deltas)
    custom = {"index": 1, "id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}
    calls.add(msgspec.convert(custom, CallIn), deltas)
    calls.add(CallIn(index=1), deltas)
    assert deltas == [
        ToolCallBegun(0, "made-up", "look"),
        ToolArgumentsDelta(0, "{"),
        ToolArgumentsDelta(0, "}"),
        ToolCallBegun(1, "c", "sh"),
        ToolArgumentsDelta(1, "ls"),
    ]
    assert repr(calls) == "Calls(2)"


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(None, "{}", index=0, id="a")],
        [piece(None, "{}")],
        [piece("f", "", index=index) for index in range(CALLS_MAX + 1)],
        [piece(None, None, index=index) for index in range(CALLS_MAX + 1)],
    ],
    ids=["no name", "nothing", "too many", "too many without a name"],
)
def test_what_makes_no_call_is_a_fault(pieces: list[CallIn]) -> None:
    """Arguments that belong to nothing, and calls without an end."""
    with pytest.raises(Fault) as caught:
        read(*pieces)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_a_call_without_arguments_has_an_empty_object() -> None:
    """Clients read what is there as JSON, and fail at nothing."""
    assert read(
        piece("look", "", index=0, id="a"), piece("find", index=1, id="b"), piece(None, "", index=0)
    ) == [(0, "a", "look"), (1, "b", "find"), (0, "{}"), (1, "{}")]


def test_a_tool_that_takes_any_text_is_given_it_at_the_end() -> None:
    """Upstream it is a field of an object; what is no such object is the text itself."""
    tools = WrittenTools.of([Tool("patch", "", b""), Tool("look", "", b"{}")])
    assert read(
        piece("patch", '{"inp', index=0, id="a"),
        piece("look", "{}", index=1, id="b"),
        piece(None, 'ut":"a\\n"}', index=0),
        piece("patch", "*** as it is", index=2, id="c"),
        piece("patch", "", index=3, id="d"),
        tools=tools,
    ) == [
        (0, "a", "patch"),
        (1, "b", "look"),
        (1, "{}"),
        (2, "c", "patch"),
        (3, "d", "patch"),
        (0, "a\n"),
        (2, "*** as it is"),
    ]
    much = "x" * (FREE_TEXT_BYTES_MAX // 2)
    with pytest.raises(Fault) as caught:
        read(*[piece("patch", much, index=0, id="a")] * 3, tools=tools)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_a_tool_has_its_own_name_again() -> None:
    """Upstream a long one is called by a shorter."""
    name = "mcp__" + "long" * 20
    tools = WrittenTools.of([Tool(name, "", b"{}"), Tool("look", "", b"{}")])
    assert read(
        piece(write_name(name), "{}", index=0, id="a"),
        piece("look", "{}", index=1, id="b"),
        tools=tools,
    ) == [(0, "a", name), (0, "{}"), (1, "b", "look"), (1, "{}")]
