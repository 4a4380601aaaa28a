"""An upstream's answer with what it cannot do itself: a form, stop texts, a limit on tokens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from cursor_api.domain.chat import ChatRequest, OutputForm
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.structured_output import (
    OutputCheck,
    StructuredAnswer,
    ask_in_words,
)
from cursor_api.service.inference.truncation import TruncatedAnswer, Truncation

Open = Callable[[ChatRequest], AbstractAsyncContextManager[DeltaBatches]]


class Provided(NamedTuple):
    """What is done here; the upstream does the rest of what the request asks for."""

    form: OutputForm | None = None
    stop: tuple[str, ...] = ()
    output_count_max: int | None = None


def open_provided(
    open_: Open, chat: ChatRequest, provided: Provided
) -> AbstractAsyncContextManager[DeltaBatches]:
    """Ask by `open_`; raises Fault(INVALID_REQUEST) for a schema that is none."""
    form, stop, count_max = provided
    check = None
    if form is not None:
        check = OutputCheck(form)
        chat = ask_in_words(chat, form)
    opened = open_(chat)
    if stop or count_max is not None:
        opened = TruncatedAnswer(opened, Truncation(count_max, stop))
    return opened if check is None else StructuredAnswer(opened, check)
