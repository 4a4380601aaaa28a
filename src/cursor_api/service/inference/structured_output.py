"""Structured output for upstreams that have none: asked for in words, checked, asked for again.

Rules of this file:
- Nothing of an answer is given before all of it is valid; then its text is the JSON and no more.
- An answer that ended for another reason than that it was done (calls, length, a refusal) is given
  as it is, as upstreams that have structured output do.
- A schema is the caller's: nothing is fetched for it, and its patterns cannot run for ever.
- What checks against a schema has 3 MB, and is loaded for the first request that brings one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cursor_api.domain.chat import ChatRequest, OutputForm
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.domain.endings import is_incomplete
from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.domain.value import replace
from cursor_api.ports.upstream import DeltaBatches

if TYPE_CHECKING:
    from jsonschema_rs import Validator

PARAM: Final = "response_format"
# A schema of 5,000 patterns has half of it and takes 20 ms to read; real ones have some kilobytes.
SCHEMA_BYTES_MAX: Final = 256 << 10
# Longer JSON is not checked in one go without holding everybody up.
ANSWER_BYTES_MAX: Final = 1 << 20
# Up to this size of schema times answer, without what can make one part be checked again and again,
# the check takes some ten milliseconds at the most.
QUICK_BYTES_MAX: Final = 8 << 20
# References, `unevaluated…` and patterns; and the escape that any of them can be written with.
SLOW: Final = (b"Ref", b"$ref", b"unevaluated", b"attern", b"\\u")
# How much of what is wrong the model is told.
PROBLEM_CHARS_MAX: Final = 500
FENCE: Final = "```"


class InvalidOutput(Fault):
    """An answer that is not what was asked for. `answer` and `problem` are for the model alone."""

    def __init__(self, answer: str, problem: str) -> None:
        super().__init__(
            FaultKind.INVALID_OUTPUT,
            "The model gave no answer that fits 'response_format', though it was asked twice."
            " A simpler schema helps, or a model that has structured output of its own.",
            param=PARAM,
        )
        self.answer = answer
        self.problem = problem


class OutputCheck:
    """Whether an answer is of the form; raises Fault(INVALID_REQUEST) for a schema that is none."""

    def __init__(self, form: OutputForm) -> None:
        self._validator: Validator | None = None
        self._schema = form.schema
        if form.schema is None:
            return
        self._is_quick = not any(word in form.schema for word in SLOW)
        if len(form.schema) > SCHEMA_BYTES_MAX:
            raise invalid_request(
                f"The schema in '{PARAM}' is larger than {SCHEMA_BYTES_MAX >> 10} KiB.",
                code="invalid_json_schema",
                param=PARAM,
            )
        from cursor_api.service.inference.output_trial import (  # noqa: PLC0415
            SchemaError,
            read_schema,
        )

        try:
            self._validator = read_schema(form.schema.decode())
        except SchemaError as error:
            raise invalid_request(
                f"The schema in '{PARAM}' is not valid: {_first_line(error)}",
                code="invalid_json_schema",
                param=PARAM,
            ) from error

    async def find_problem(self, text: str) -> str | None:
        """What is wrong with this JSON text, in words; None where nothing is.

        Raises Fault(INVALID_REQUEST) for a schema that takes too long.
        """
        try:
            value: Any = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return f"It is not valid JSON: {error}"
        if self._schema is None or self._validator is None:
            return None if isinstance(value, dict) else "It is not a JSON object."
        from cursor_api.service.inference.output_trial import (  # noqa: PLC0415
            describe,
            judge_apart,
        )

        if self._is_quick and len(self._schema) * len(text) <= QUICK_BYTES_MAX:
            return describe(self._validator, value)[:PROBLEM_CHARS_MAX] or None
        verdict = await judge_apart(self._schema, text)
        if verdict is None:
            raise invalid_request(
                f"The schema in '{PARAM}' takes too long to check an answer against.",
                code="invalid_json_schema",
                param=PARAM,
            )
        if verdict.is_valid:
            return None
        return (verdict.problem or "It does not fit the schema.")[:PROBLEM_CHARS_MAX]


class StructuredAnswer:
    """An answer of the form, in one batch; iterating raises InvalidOutput for any other."""

    __slots__ = ("_batches", "_check", "_is_given", "_opened")

    def __init__(
        self, opened: AbstractAsyncContextManager[DeltaBatches], check: OutputCheck
    ) -> None:
        self._opened = opened
        self._check = check
        self._is_given = False

    async def __aenter__(self) -> DeltaBatches:
        self._batches = await self._opened.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._opened.__aexit__(kind, error, traceback)

    def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        if self._is_given:
            raise StopAsyncIteration
        deltas: list[Delta] = []
        texts: list[str] = []
        size = 0
        async for batch in self._batches:
            for delta in batch:
                if type(delta) is TextDelta:
                    texts.append(delta.text)
                    size += len(delta.text)
                else:
                    deltas.append(delta)
            if size > ANSWER_BYTES_MAX:
                raise Fault(
                    FaultKind.INVALID_OUTPUT,
                    "The model's answer is too long to be checked against 'response_format'.",
                    param=PARAM,
                )
        self._is_given = True
        return await self._judge("".join(texts), deltas)

    async def _judge(self, said: str, others: list[Delta]) -> Sequence[Delta]:
        end = others[-1] if others else None
        if not isinstance(end, Finished):
            raise is_incomplete()
        text = said
        if end.reason is FinishReason.STOP:
            text = find_json(said)
            problem = await self._check.find_problem(text)
            if problem is not None:
                raise InvalidOutput(said, problem)
        return (*others[:-1], *((TextDelta(text),) if text else ()), end)


def find_json(said: str) -> str:
    """The JSON in an answer: what is in a code fence, else from the first bracket to the last.

    An answer that begins as JSON is taken as it is: a fence in it is part of one of its strings.
    """
    text = said.strip()
    if not text or text[0] in '{["':
        return text
    if FENCE in text:
        # It ends where JSON has ended: one in a string is part of it.
        inner = text.split(FENCE, 1)[1].removeprefix("json").strip()
        ends = (match.start() for match in re.finditer(r"(?<=[\]}])\s*```", inner))
        return inner[: next(ends, None)].removesuffix(FENCE).strip()
    starts = [at for bracket in "{[" if (at := text.find(bracket)) >= 0]
    if not starts:
        return text
    return text[min(starts) : max(text.rfind("}"), text.rfind("]")) + 1]


def ask_in_words(chat: ChatRequest, form: OutputForm) -> ChatRequest:
    """The same request, which says in its last message which form the answer shall have."""
    wanted = "Answer with one JSON object and nothing else: no explanation, no code fence."
    if form.schema is not None:
        wanted = (
            "Answer with one JSON value that is valid against this JSON Schema, and nothing else:"
            f" no explanation, no code fence.\n\n{form.schema.decode()}"
        )
        if form.description:
            wanted = f"{wanted}\n\nWhat it is for: {form.description}"
    return _with_messages(chat, Message(Role.USER, (Text(wanted),)))


def ask_again(chat: ChatRequest, invalid: InvalidOutput) -> ChatRequest:
    """The same request after an answer that was not of the form."""
    return _with_messages(
        chat,
        Message(Role.ASSISTANT, (Text(invalid.answer or " "),)),
        Message(
            Role.USER,
            (Text(f"That answer cannot be used. {invalid.problem} Give the corrected answer."),),
        ),
    )


def _with_messages(chat: ChatRequest, *more: Message) -> ChatRequest:
    # The body as it came lacks the new messages.
    return chat.with_messages((*chat.messages, *more), replace(chat.origin, native=None))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:PROBLEM_CHARS_MAX]
