"""Testing a credential now: one real, minimal request, and what its outcome means.

A person asks for it, so it goes out whatever state the credential is in. A success is proof, and
ends every cooldown and quarantine; a failure counts like that of any request.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from msgspec import Struct

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import CONTENT, Finished, ReasoningDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.pool.slot import LeaseOutcome, Slot
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.report import CredentialReport, report
from cursor_api.service.inference.endpoints import Endpoint
from cursor_api.service.inference.search import Collaborators

PROMPT = "Reply with the single word OK."
# The answer is read no further: one word was asked for.
TEXT_LENGTH_MAX = 200
# A person waits for it; a credential that needs longer fails at real work too.
TIMEOUT_S = 45.0
RUNNING_COUNT_MAX = 4


class TrialFault(Struct, frozen=True):
    """What went wrong. `kind` is one of `FaultKind`."""

    kind: str
    message: str
    retry_after_s: float | None


class Trial(Struct, frozen=True):
    """What came of a test.

    `latency_ms` is the time to the first words, `text` the beginning of the answer, `advice` what
    to do next, `credential` how it stands now.
    """

    is_ok: bool
    model: str
    latency_ms: float | None
    duration_ms: float
    word_count: int
    text: str
    fault: TrialFault | None
    advice: str
    credential: CredentialReport


class _Answer(Struct):
    started: float
    text: str = ""
    latency_ms: float | None = None
    # As for a caller: text, reasoning, a refusal, a tool call, or an end with its reason.
    has_begun: bool = False


class Trials:
    """Tests credentials, a few at a time."""

    def __init__(self, collaborators: Collaborators, pools: CredentialPools) -> None:
        self._with = collaborators
        self._pools = pools
        self._running_count = 0

    def __repr__(self) -> str:
        return f"Trials(running={self._running_count})"

    async def run(self, alias: str, model: str | None = None) -> Trial:
        """Ask the upstream with this credential.

        Raises Fault: NOT_FOUND, MODEL_NOT_FOUND, OVERLOADED when too many tests run already.
        """
        slot, endpoint = self._pools.get_slot(alias), self._pools.get_endpoint(alias)
        route = self._find_route(endpoint, model)
        if self._running_count >= RUNNING_COUNT_MAX:
            raise Fault(
                FaultKind.OVERLOADED,
                f"{RUNNING_COUNT_MAX} tests run already; try again when one has ended.",
                retry_after_s=2,
            )
        self._running_count += 1
        try:
            return await self._run(slot, endpoint, route)
        finally:
            self._running_count -= 1

    async def _run(self, slot: Slot, endpoint: Endpoint, route: Route) -> Trial:
        clock, pool = self._with.clock, endpoint.pool
        answer, fault = _Answer(clock.monotonic()), None
        lease = pool.lease_for_test(slot.credential.alias, route.model)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._ask(endpoint, route, lease.credential, answer)
        except TimeoutError:
            fault = Fault(
                FaultKind.UPSTREAM_TIMEOUT,
                tell("There was no whole answer within {limit_s} s.", limit_s=f"{TIMEOUT_S:.0f}"),
            )
        except Fault as error:
            fault = error
        else:
            lease.settle(LeaseOutcome(is_success=True))
            # It may have been removed meanwhile.
            with suppress(Fault):
                pool.clear(slot.credential.alias)
        finally:
            lease.settle(LeaseOutcome(is_success=False, fault=fault))
        return Trial(
            is_ok=fault is None,
            model=route.model,
            latency_ms=answer.latency_ms,
            duration_ms=(clock.monotonic() - answer.started) * 1000,
            word_count=len(answer.text.split()),
            text=answer.text,
            fault=TrialFault(fault.kind.value, fault.said, fault.retry_after_s) if fault else None,
            advice=endpoint.words.advise(fault),
            credential=report(slot, endpoint.words, clock.now()),
        )

    async def _ask(
        self, endpoint: Endpoint, route: Route, credential: Credential, answer: _Answer
    ) -> None:
        """Read until the end, or until it is clear that it answers."""
        chat = ChatRequest(route.model, (Message(Role.USER, (Text(PROMPT),)),), is_stream=True)
        async with endpoint.upstream.open(chat, route, credential) as batches:
            async for batch in batches:
                words = [d.text for d in batch if isinstance(d, TextDelta | ReasoningDelta)]
                if words and answer.latency_ms is None:
                    answer.latency_ms = (self._with.clock.monotonic() - answer.started) * 1000
                said = "".join(delta.text for delta in batch if isinstance(delta, TextDelta))
                answer.text = (answer.text + said)[:TEXT_LENGTH_MAX]
                last = batch[-1]
                answer.has_begun |= any(type(delta) in CONTENT for delta in batch)
                if isinstance(last, Finished) or len(answer.text) == TEXT_LENGTH_MAX:
                    answer.has_begun |= isinstance(last, Finished) and last.is_stated
                    break
        if not answer.has_begun:
            raise Fault(
                FaultKind.INCOMPLETE, tell("The upstream ended its answer without saying anything.")
            )

    def _find_route(self, endpoint: Endpoint, model: str | None) -> Route:
        """The way to this model at the credential's own endpoint, or to a cheap one."""
        if model:
            for route in self._with.catalog.resolve(model):
                if route.endpoint == endpoint.name:
                    return route
            raise Fault(
                FaultKind.MODEL_NOT_FOUND,
                tell(
                    "The upstream {upstream} does not serve the model {model}.",
                    upstream=endpoint.name,
                    model=repr(model[:100]),
                ),
                param="model",
            )
        served = self._with.catalog.names_at(endpoint.name)
        if not served:
            raise Fault(
                FaultKind.MODEL_NOT_FOUND,
                tell(
                    "No model of the upstream {upstream} is known: it gave no list, and the"
                    " settings name none.",
                    upstream=endpoint.name,
                ),
                param="model",
            )
        cheap = (one for one in endpoint.words.test_models if one in served)
        return Route(endpoint.name, next(cheap, served[0]))
