"""What the API does for most requests, done by the gateway for the others.

It can hold a model to a schema, but not to every schema; it ends an answer at a text, but not at
one of blanks. The kind of upstream can do both, so nobody else does it for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cursor_api.dialects.anthropic_messages.upstream import can_hold_to, is_native
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.structured_output import (
    OutputCheck,
    StructuredAnswer,
    ask_in_words,
)
from cursor_api.service.inference.truncation import TruncatedAnswer, Truncation

_CHECKED = frozenset({Feature.OUTPUT_FORM, Feature.STOP})


def open_with_shortfall(
    request: ChatRequest,
    model: str,
    open_plainly: Callable[[ChatRequest], AbstractAsyncContextManager[DeltaBatches]],
) -> AbstractAsyncContextManager[DeltaBatches]:
    """The answer, held to a form and ended at blanks where the API would do neither."""
    features = request.origin.features
    # Whoever asks for neither has nothing read.
    if is_native(request) or not any(one.feature in _CHECKED for one in features):
        return open_plainly(request)
    asked = request.parameters
    form = asked.output
    check = None
    if form is not None and not can_hold_to(form, model):
        check = OutputCheck(form)
        request = ask_in_words(request, form)
    opened = open_plainly(request)
    if not all(text.strip() for text in asked.sampling.stop):
        opened = TruncatedAnswer(opened, Truncation(None, asked.sampling.stop))
    return opened if check is None else StructuredAnswer(opened, check)
