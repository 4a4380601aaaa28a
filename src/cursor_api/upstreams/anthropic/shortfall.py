"""What the API does for most requests, done by the gateway for the others.

It can hold a model to a schema, but not to every schema; it ends an answer at a text, but not at
one of blanks. The kind of upstream can do both, so nobody else does it for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.dialects.anthropic_messages.upstream import can_hold_to
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.provided import Provided, open_provided

_CHECKED = frozenset({Feature.OUTPUT_FORM, Feature.STOP})


def open_with_shortfall(
    request: ChatRequest,
    model: str,
    open_plainly: Callable[[ChatRequest], AbstractAsyncContextManager[DeltaBatches]],
) -> AbstractAsyncContextManager[DeltaBatches]:
    """The answer, held to a form and ended at blanks where the API would do neither."""
    features = request.origin.features
    # Whoever asks for neither has nothing read.
    is_native = request.origin.native_in(NAME) is not None
    if is_native or not any(one.feature in _CHECKED for one in features):
        return open_plainly(request)
    asked = request.parameters
    form, stop = asked.output, asked.sampling.stop
    provided = Provided(
        None if form is None or can_hold_to(form, model) else form,
        () if all(text.strip() for text in stop) else stop,
    )
    return open_provided(open_plainly, request, provided)
