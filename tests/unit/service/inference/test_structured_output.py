"""Structured output where the upstream has none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.chat import ChatRequest, Native, Origin, OutputForm, Parameters
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import Delta, Finished, FinishReason, ReasoningDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.structured_output import (
    InvalidOutput,
    OutputCheck,
    StructuredAnswer,
    ask_again,
    ask_in_words,
    find_json,
)
from tests.unit.service.inference.routes_town import Town

SCHEMA = b'{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}'
FORM = OutputForm(SCHEMA, "person")
END = Finished(FinishReason.STOP)


async def read(form: OutputForm, *batches: Sequence[Delta]) -> list[Delta]:
    """What is given of an answer."""

    @asynccontextmanager
    async def upstream() -> AsyncIterator[DeltaBatches]:
        async def play() -> AsyncIterator[Sequence[Delta]]:
            for batch in batches:
                yield batch

        yield play()

    async with StructuredAnswer(upstream(), OutputCheck(form)) as answer:
        return [delta async for batch in answer for delta in batch]


def words(*pieces: str) -> list[Sequence[Delta]]:
    """An answer in pieces."""
    return [*([TextDelta(piece)] for piece in pieces), [END]]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (' {"age": 1}\n', '{"age": 1}'),
        ('Here it is:\n```json\n{"age": 1}\n```\nBye.', '{"age": 1}'),
        ('```\n{"age": 1}\n```', '{"age": 1}'),
        ('Sure! {"age": [1]} I hope this helps.', '{"age": [1]}'),
        ("[1, 2]", "[1, 2]"),
        ('{"code": "```py\\nx\\n```"}', '{"code": "```py\\nx\\n```"}'),
        ('```json\n{"code": "```x```"}```', '{"code": "```x```"}'),
        ('```json\n{"code": "```x```"}\n```', '{"code": "```x```"}'),
        ('"a {b} c"', '"a {b} c"'),
        ("no json", "no json"),
        ("", ""),
    ],
)
def test_json_is_found_in_what_models_write_around_it(said: str, found: str) -> None:
    """Fences and polite words."""
    assert find_json(said) == found


async def test_a_valid_answer_is_its_json_alone_and_comes_at_once() -> None:
    """With what was thought before, and the end as it was given."""
    thought = ReasoningDelta("hm")
    found = await read(FORM, [thought], *words('```json\n{"a', 'ge": 1}', "\n```"))
    assert found == [thought, TextDelta('{"age": 1}'), END]


@pytest.mark.parametrize(
    ("form", "said", "problem"),
    [
        (FORM, "I am 5.", "not valid JSON"),
        (FORM, '{"age": "5"}', "At age:"),
        (FORM, "{}", "At the value itself:"),
        (OutputForm(), "[1]", "not a JSON object"),
        (OutputForm(), "[" * 100_000, "not valid JSON"),
    ],
)
async def test_an_invalid_answer_says_what_is_wrong_with_it(
    form: OutputForm, said: str, problem: str
) -> None:
    """To the model. The caller is told that there is no answer, and nothing of what was said."""
    with pytest.raises(InvalidOutput) as caught:
        await read(form, *words(said))
    assert problem in caught.value.problem
    assert caught.value.answer == said
    assert caught.value.kind is FaultKind.INVALID_OUTPUT
    assert len(caught.value.problem) < 600


@pytest.mark.parametrize(
    "reason", [FinishReason.LENGTH, FinishReason.REFUSED, FinishReason.TOOL_CALLS]
)
async def test_an_answer_that_ended_otherwise_is_given_as_it_is(reason: FinishReason) -> None:
    """Its reason says that the JSON is not whole."""
    assert await read(FORM, [TextDelta('{"ag')], [Finished(reason)]) == [
        TextDelta('{"ag'),
        Finished(reason),
    ]


async def test_an_answer_that_breaks_off_is_incomplete() -> None:
    """However valid what there is may be."""
    with pytest.raises(Fault) as caught:
        await read(FORM, [TextDelta('{"age": 1}')])
    assert caught.value.kind is FaultKind.INCOMPLETE


@pytest.mark.parametrize(
    "schema",
    [
        b'{"type": "nonsense"}',
        b'{"$ref": "http://127.0.0.1:9/schema.json"}',
        b'{"$ref": "#/nowhere"}',
        b'{"pattern": "(a{1000}){1000}"}',
        b'{"properties":' * 5_000 + b"{}" + b"}" * 5_000,
        b'{"description": "' + b"x" * (256 << 10) + b'"}',
    ],
    ids=["type", "web", "nowhere", "pattern", "deep", "large"],
)
def test_a_schema_that_cannot_be_used_is_the_callers_mistake(schema: bytes) -> None:
    """Nothing is fetched, and nobody is asked."""
    with pytest.raises(Fault) as caught:
        OutputCheck(OutputForm(schema))
    fault = caught.value
    assert (fault.kind, fault.code) == (FaultKind.INVALID_REQUEST, "invalid_json_schema")
    assert fault.param == "response_format"


async def test_a_pattern_cannot_run_for_ever() -> None:
    """What would take years is an answer that does not fit."""
    check = OutputCheck(OutputForm(b'{"type": "string", "pattern": "^(a+)+$"}'))
    assert await check.find_problem(json.dumps("a" * 5000 + "b")) is not None


async def test_a_schema_with_references_is_checked_all_the_same() -> None:
    """In another process, with the same words."""
    check = OutputCheck(
        OutputForm(b'{"$defs":{"n":{"type":"integer"}},"items":{"$ref":"#/$defs/n"}}')
    )
    assert await check.find_problem("[1, 2]") is None
    assert await check.find_problem('[1, "x"]') == 'At 1: "x" is not of type "integer"'


def test_the_form_is_asked_for_in_words_and_again_with_what_was_wrong() -> None:
    """The caller's own messages and parameters stay; the request as it came does not go on."""
    parameters = Parameters(output=FORM)
    said = Message(Role.USER, (Text("Who?"),))
    origin = Origin(Native("d", b"{}"), (RequestedFeature(Feature.OUTPUT_FORM, "x"),))
    chat = ChatRequest("m", (said,), is_stream=True, parameters=parameters, origin=origin)
    again = ask_again(chat, InvalidOutput("I am 5.", "It is not JSON."))
    asked = ask_in_words(again, FORM)
    assert asked.messages[0] == said
    assert asked.messages[1] == Message(Role.ASSISTANT, (Text("I am 5."),))
    assert "It is not JSON." in asked.messages[2].text
    assert SCHEMA.decode() in asked.messages[3].text
    assert (asked.is_stream, asked.parameters) == (True, parameters)
    assert asked.origin == Origin(None, origin.features)


async def test_an_invalid_answer_is_asked_for_again_once() -> None:
    """Each is an attempt of its own; the second one may not fit either."""
    for second, is_good in (('{"age": 5}', True), ("five", False)):
        town = Town({"one": {"a": []}}, {"one": frozenset({Feature.OUTPUT_FORM})})
        town.features = (RequestedFeature(Feature.OUTPUT_FORM, "response_format"),)
        town.parameters = Parameters(output=FORM)
        town.upstreams["one"].coming = [[*words("I am 5.")], [*words(second)]]
        if is_good:
            assert await town.ask() == "a"
        else:
            fault = await town.fail()
            assert fault.kind is FaultKind.INVALID_OUTPUT
            assert fault.param == "response_format"
        assert [one.fault for one in town.attempts] == [
            FaultKind.INVALID_OUTPUT,
            None if is_good else FaultKind.INVALID_OUTPUT,
        ]
