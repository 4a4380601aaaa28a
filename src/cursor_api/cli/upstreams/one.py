"""One upstream without a gateway around it, for commands that ask it something."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Finished, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import KINDS
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.settings import find_secrets
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.redaction import Redactor

QUESTION: Final = "Reply with the single word OK."
# One word was asked for; the rest is not read.
TEXT_LENGTH_MAX: Final = 200


class Reply(Struct, frozen=True):
    """What a model said, and after how long it began."""

    text: str
    latency_s: float


def parts_for(settings: UpstreamSettings, keys: Sequence[Secret] = ()) -> UpstreamParts:
    """What its kind builds with; `keys` are those of the token files, where its own are there."""
    redactor = Redactor()
    known = (*settings.api_keys, *keys)
    redactor.add_all(key.reveal() for key in known)
    redactor.add_all(secret.reveal() for secret in find_secrets((settings.options,)))
    redactor.add_all(value.reveal() for _, value in settings.headers)
    return UpstreamParts(
        settings.name,
        SystemClock(),
        StepRunner(),
        settings.headers,
        redactor.redact_text,
        lambda: known,
    )


@asynccontextmanager
async def open_upstream(
    settings: UpstreamSettings, keys: Sequence[Secret] = ()
) -> AsyncIterator[Upstream]:
    """Over connections of its own while the context lasts; raises OSError where it cannot be."""
    parts = parts_for(settings, keys)
    async with KINDS[settings.kind].build(settings.options, parts) as upstream:
        yield upstream


async def ask(upstream: Upstream, route: Route, key: Secret) -> Reply:
    """A short question; raises Fault, also for an answer that says nothing."""
    request = ChatRequest(route.model, (Message(Role.USER, (Text(QUESTION),)),), is_stream=True)
    credential = Credential(route.endpoint, key, endpoint=route.endpoint)
    started, text, latency_s = time.monotonic(), "", 0.0
    has_ended = False
    async with upstream.open(request, route, credential) as batches:
        async for batch in batches:
            latency_s = latency_s or time.monotonic() - started
            text += "".join(one.text for one in batch if isinstance(one, TextDelta))
            has_ended = isinstance(batch[-1], Finished)
            if has_ended or len(text) >= TEXT_LENGTH_MAX:
                break
    if not text:
        raise Fault(FaultKind.INCOMPLETE, "It ended its answer without saying anything.")
    return Reply(text[:TEXT_LENGTH_MAX], latency_s)
