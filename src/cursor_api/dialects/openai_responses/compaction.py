"""Compaction, as Codex asks for it: a conversation in, one item out that stands for it.

What OpenAI seals in that item is its own. Here it is a summary that the model wrote, in plain
words behind a mark, by which it is known when it comes back in place of the conversation.
"""

from __future__ import annotations

from typing import Final

from cursor_api.dialects.openai_responses.answer import EventRenderer, ResponseFolder
from cursor_api.dialects.openai_responses.items import SUMMARY
from cursor_api.dialects.openai_responses.output import CompactionItem
from cursor_api.dialects.openai_responses.request import Style
from cursor_api.domain.deltas import Delta, Finished, StatusDelta, TextDelta
from cursor_api.ports.dialect import AnswerHead

_PREFIX: Final = b"cmp"


class CompactionRenderer(EventRenderer):
    """The model's text as the summary; its thoughts have no place in it."""

    __slots__ = ("_summary",)

    def __init__(self, head: AnswerHead, style: Style) -> None:
        super().__init__(head, style)
        self._summary: CompactionItem | None = None

    def _render_one(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                self._open_summary().add_part(text)
            case Finished():
                summary = self._open_summary()
                self._output[summary.index] = summary.end()
                self._finished = delta
            case StatusDelta():
                super()._render_one(delta)
            case _:
                pass

    def _open_summary(self) -> CompactionItem:
        if self._summary is None:
            self._summary = CompactionItem(*self._new_item(_PREFIX))
            self._summary.add_part(SUMMARY)
        return self._summary


class CompactionFolder(ResponseFolder):
    """The same as one object."""

    __slots__ = ()

    def __init__(self, head: AnswerHead, style: Style) -> None:
        super().__init__(head, style)
        self._renderer = CompactionRenderer(head, style)
