"""Requests that go on from a kept answer, and answers that are kept.

Rules of this file:
- What a request brings is counted from when it is read; its answer is kept when it is whole and
  has been written. One that breaks off leaves nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Protocol

from cursor_api.domain.caller import Caller
from cursor_api.domain.content import Message
from cursor_api.domain.errors import invalid_request
from cursor_api.domain.kept import Reference, Thread
from cursor_api.domain.value import replace
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.ports.process import Steps
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.wire.limits import RequestLimits

PREVIOUS_PARAM = "previous_response_id"
INPUT_PARAM = "input"


class KeepableAnswer(Protocol):
    """What writes an answer that may be kept, in one piece or as a stream."""

    @property
    def id(self) -> str:
        """What its caller knows it by."""
        ...

    def response(self) -> bytes:
        """The whole answer as an object, once its end has come."""
        ...


class ReadsAnswers(Protocol):
    """A client API that reads what it has written."""

    def recall(
        self, turns: Sequence[bytes], limits: RequestLimits
    ) -> Generator[None, None, Sequence[Message]]:
        """A conversation of items and whole answers in turns, as messages, in steps."""
        ...

    def fill(
        self, items: bytes, references: Sequence[Reference], answers: Mapping[str, bytes]
    ) -> Generator[None, None, bytes]:
        """An input with the items in full that it names, in steps; raises Fault(NOT_FOUND)."""
        ...


class KeptThread:
    """One request whose answer is to be kept."""

    __slots__ = ("_answer", "_kept")

    def __init__(self, kept: KeptAnswers, answer: KeepableAnswer) -> None:
        self._kept = kept
        self._answer = answer

    def end(self) -> None:
        """The answer is whole: keep it."""
        self._kept.end(self._answer.id, self._answer.response())

    def close(self) -> None:
        """The request is over, however it ended."""
        self._kept.break_off(self._answer.id)


class Threads:
    """What the requests of one client API have to do with the answers that are kept."""

    def __init__(
        self, kept: KeptAnswers, dialect: ReadsAnswers, steps: Steps, limits: RequestLimits
    ) -> None:
        self._kept = kept
        self._dialect = dialect
        self._steps = steps
        self._limits = limits

    async def resume(self, parsed: ParsedRequest, caller: Caller) -> ParsedRequest:
        """The request with all that was said before; raises Fault(NOT_FOUND, INVALID_REQUEST)."""
        thread = parsed.thread
        if thread is None:
            return parsed
        if thread.references:
            parsed = await self._fill(parsed, thread, caller)
        if thread.previous_id is None:
            return parsed
        before = self._kept.get(thread.previous_id, caller, param=PREVIOUS_PARAM)
        earlier = await self._steps.run(self._dialect.recall(before.turns, self._limits))
        chat = parsed.chat.go_on_from(tuple(earlier), thread.head_count, PREVIOUS_PARAM)
        if len(chat.messages) > self._limits.messages_max:
            raise invalid_request(
                f"The conversation holds {len(chat.messages)} messages; the limit is"
                f" {self._limits.messages_max}.",
                code="array_above_max_length",
                param=PREVIOUS_PARAM,
            )
        return replace(parsed, chat=chat)

    async def _fill(self, parsed: ParsedRequest, thread: Thread, caller: Caller) -> ParsedRequest:
        """The request with the items that it names; raises Fault(NOT_FOUND)."""
        answers = {
            one.answer_id: self._kept.get(one.answer_id, caller, param=one.param).body
            for one in thread.references
        }
        items = await self._steps.run(self._dialect.fill(thread.items, thread.references, answers))
        said = await self._steps.run(self._dialect.recall((items,), self._limits))
        chat = parsed.chat.go_on_from(tuple(said), thread.head_count, INPUT_PARAM)
        return replace(parsed, chat=chat, thread=thread._replace(items=items, references=()))

    def begin(
        self, parsed: ParsedRequest, caller: Caller, answer: KeepableAnswer
    ) -> KeptThread | None:
        """Something for the answer to be kept in; None where it is not to be kept."""
        thread = parsed.thread
        if thread is None or not thread.is_kept:
            return None
        history: tuple[bytes, ...] = ()
        if thread.previous_id is not None:
            history = self._kept.get(thread.previous_id, caller, param=PREVIOUS_PARAM).turns
        self._kept.begin(answer.id, caller, thread.items, history)
        return KeptThread(self._kept, answer)
