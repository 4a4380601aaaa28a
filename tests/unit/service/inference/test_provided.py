"""What the gateway does for an upstream that cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.chat import ChatRequest, OutputForm
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.provided import Provided, open_provided

CHAT = ChatRequest("m", (Message(Role.USER, (Text("A number, please."),)),))
SAID = 'Here: {"a": 1} STOP and more'


async def ask(provided: Provided) -> tuple[ChatRequest, str]:
    """What the upstream was asked, and the text of the answer."""
    asked: list[ChatRequest] = []

    @asynccontextmanager
    async def open_(chat: ChatRequest) -> AsyncIterator[DeltaBatches]:
        async def batches() -> AsyncIterator[Sequence[Delta]]:
            yield [TextDelta(SAID), Finished(FinishReason.STOP, is_stated=True)]

        asked.append(chat)
        yield batches()

    async with open_provided(open_, CHAT, provided) as answer:
        deltas = [delta async for batch in answer for delta in batch]
    return asked[0], "".join(one.text for one in deltas if isinstance(one, TextDelta))


async def test_what_nobody_needs_changes_nothing() -> None:
    """The request goes on as it is, and the answer comes as it is."""
    assert await ask(Provided()) == (CHAT, SAID)


async def test_stop_texts_and_the_limit_end_the_answer() -> None:
    """Each alone."""
    assert (await ask(Provided(stop=("STOP",))))[1] == 'Here: {"a": 1} '
    assert 0 < len((await ask(Provided(output_count_max=2)))[1]) < len(SAID)


async def test_a_form_is_asked_for_in_words_and_then_the_answer_is_no_more_than_it() -> None:
    """Beside a stop text, which ends the answer first."""
    schema = b'{"type": "object", "properties": {"a": {"type": "integer"}}}'
    asked, text = await ask(Provided(OutputForm(schema), stop=("STOP",)))
    assert len(asked.messages) > len(CHAT.messages)
    assert text == '{"a": 1}'


async def test_a_schema_that_is_none_is_refused_before_anybody_is_asked() -> None:
    """As the caller's fault."""
    with pytest.raises(Fault, match="schema"):
        await ask(Provided(OutputForm(b'{"type": 5}')))
