"""Requests that go on from a kept answer, and answers that are kept.

Rules of this file:
- What a request brings is counted from when it is read; its answer is kept when it is whole and
  has been written. One that breaks off leaves nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol, runtime_checkable

from cursor_api.domain.caller import Caller
from cursor_api.domain.content import Message
from cursor_api.domain.errors import invalid_request
from cursor_api.ports import ParsedRequest, Steps
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.wire.limits import RequestLimits

PREVIOUS_PARAM = "previous_response_id"


@runtime_checkable
class KeepableAnswer(Protocol):
    """What writes an answer that may be kept, in one piece or as a stream."""

    @property
    def id(self) -> str:
        """What its caller knows it by."""
        ...

    def response(self) -> bytes:
        """The whole answer as an object, once its end has come."""
        ...

    def said(self) -> Generator[None, None, Sequence[Message]]:
        """What the model said, as messages, in steps."""
        ...


class KeptThread:
    """One request whose answer is to be kept."""

    __slots__ = ("_answer", "_kept")

    def __init__(self, kept: KeptAnswers, answer: KeepableAnswer) -> None:
        self._kept = kept
        self._answer = answer

    async def end(self, steps: Steps) -> None:
        """The answer is whole: keep it."""
        answer = self._answer
        said: Sequence[Message] = await steps.run(answer.said())
        self._kept.end(answer.id, answer.response(), said)

    def close(self) -> None:
        """The request is over, however it ended."""
        self._kept.break_off(self._answer.id)


def resume(
    parsed: ParsedRequest, kept: KeptAnswers, caller: Caller, limits: RequestLimits
) -> ParsedRequest:
    """The request with all that was said before; raises Fault(NOT_FOUND, INVALID_REQUEST)."""
    thread = parsed.thread
    if thread is None or thread.previous_id is None:
        return parsed
    earlier = kept.get(thread.previous_id, caller, param=PREVIOUS_PARAM).messages
    chat = parsed.chat.go_on_from(earlier, thread.head_count, PREVIOUS_PARAM)
    if len(chat.messages) > limits.messages_max:
        raise invalid_request(
            f"The conversation holds {len(chat.messages)} messages; the limit is"
            f" {limits.messages_max}.",
            code="array_above_max_length",
            param=PREVIOUS_PARAM,
        )
    return parsed._replace(chat=chat)


def begin_thread(
    parsed: ParsedRequest, kept: KeptAnswers, caller: Caller, answer: object
) -> KeptThread | None:
    """Something for the answer to be kept in; None where it is not to be kept."""
    thread = parsed.thread
    if thread is None or not thread.is_kept or not isinstance(answer, KeepableAnswer):
        return None
    before_bytes = kept.size_of(thread.previous_id) if thread.previous_id else 0
    messages = parsed.chat.messages[thread.head_count :]
    kept.begin(answer.id, caller, messages, thread.items, before_bytes)
    return KeptThread(kept, answer)
