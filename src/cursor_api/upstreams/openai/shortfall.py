"""Stop texts beyond the few that servers of this dialect take, looked for by the gateway."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cursor_api.dialects.openai_chat.request import NAME
from cursor_api.dialects.openai_chat.upstream import STOP_COUNT_MAX
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.provided import Provided, open_provided


def open_with_shortfall(
    request: ChatRequest,
    open_plainly: Callable[[ChatRequest], AbstractAsyncContextManager[DeltaBatches]],
) -> AbstractAsyncContextManager[DeltaBatches]:
    """The answer, ended at any of the caller's stop texts."""
    origin = request.origin
    # Whoever asks for none has nothing read, nor has a request that goes on as it came.
    if origin.native_in(NAME) is not None or not any(
        one.feature is Feature.STOP for one in origin.features
    ):
        return open_plainly(request)
    stop = request.parameters.sampling.stop
    if len(stop) <= STOP_COUNT_MAX:
        return open_plainly(request)
    return open_provided(open_plainly, request, Provided(stop=stop))
