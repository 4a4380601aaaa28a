"""Testing a credential now: one real, minimal request, and what its outcome means.

A person asks for it, so it goes out whatever state the credential is in. A success is proof, and
ends every cooldown and quarantine; a failure is learnt like that of any request.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import Finished, ReasoningDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.pool.slot import Outcome, Slot
from cursor_api.service.credentials.report import CredentialReport, report
from cursor_api.service.inference.search import Collaborators

# Cheap, and in every plan; the first that the upstream serves is asked.
MODELS = ("gpt-4o-mini", "cursor-small", "claude-3.5-haiku")
PROMPT = "Reply with the single word OK."
# The answer is read no further: one word was asked for.
TEXT_LENGTH_MAX = 200
# A person waits for it; a credential that needs longer fails at real work too.
TIMEOUT_S = 45.0
RUNNING_COUNT_MAX = 4

_RENEW = (
    "Sign in to Cursor again, copy the new token and renew the credential with it: it keeps its"
    " name and its device."
)
_NETWORK = (
    "This says nothing about the credential. Look whether this machine reaches Cursor, whether a"
    " proxy is needed (CURSOR_PROXY), and test again."
)
_CURSORS = "This says nothing about the credential: Cursor has a problem. Test again in a minute."

ADVICE: dict[FaultKind, str] = {
    FaultKind.CREDENTIAL_REJECTED: _RENEW,
    FaultKind.CREDENTIAL_FORBIDDEN: (
        "The account may not use this model. Test with another model, or look at its plan."
    ),
    FaultKind.CREDENTIAL_BLOCKED: (
        "Cursor suspects the account: too many computers, or unusual activity. Use it from one"
        " place for a while and keep its checksum; then test again."
    ),
    FaultKind.RATE_LIMITED: (
        "Nothing to do: it is tried again by itself when the wait is over. More credentials, or a"
        " lower weight, make it rarer."
    ),
    FaultKind.QUOTA_EXHAUSTED: (
        "The account's quota is used up. It is tried again by itself; until it is renewed, other"
        " credentials have to serve."
    ),
    FaultKind.CLIENT_OUTDATED: (
        "This says nothing about the credential: Cursor wants a newer client version. Set"
        " CURSOR_CLIENT_VERSION to that of the current editor."
    ),
    FaultKind.UNREACHABLE: _NETWORK,
    FaultKind.UPSTREAM_TIMEOUT: _NETWORK,
    FaultKind.UPSTREAM_ERROR: _CURSORS,
    FaultKind.UPSTREAM_OVERLOADED: _CURSORS,
    FaultKind.PROTOCOL_ERROR: (
        "This says nothing about the credential: the answer was not of the known form. Is"
        " CURSOR_BASE_URL right, and no other program in between?"
    ),
    FaultKind.INCOMPLETE: _CURSORS,
    FaultKind.UPSTREAM_UNAVAILABLE: _CURSORS,
    FaultKind.CREDENTIAL_SILENT: (
        "Nothing to do: it is tried again by itself. If it stays silent while others are answered,"
        " sign in to Cursor and look at the account."
    ),
}
# For every other kind, by whom it blames.
ADVICE_BY_SCOPE: dict[Scope, str] = {
    Scope.REQUEST: "Cursor did not take the request itself. Test with another model.",
    Scope.CREDENTIAL: _RENEW,
    Scope.ENDPOINT: _CURSORS,
    Scope.GATEWAY: "This is the gateway's own failure; its log says more.",
}
WORKS = "It works."


@dataclass(frozen=True, slots=True)
class TrialFault:
    """What went wrong. `kind` is one of `FaultKind`."""

    kind: str
    message: str
    retry_after_s: float | None


@dataclass(frozen=True, slots=True)
class Trial:
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


@dataclass(slots=True)
class _Answer:
    text: str = ""
    latency_ms: float | None = None


class Trials:
    """Tests credentials, a few at a time."""

    def __init__(self, collaborators: Collaborators) -> None:
        self._with = collaborators
        self._running_count = 0

    def __repr__(self) -> str:
        return f"Trials(running={self._running_count})"

    async def run(self, alias: str, model: str | None = None) -> Trial:
        """Ask the upstream with this credential.

        Raises Fault: NOT_FOUND, MODEL_NOT_FOUND, OVERLOADED when too many tests run already.
        """
        model = model or self._cheapest()
        self._with.catalog.resolve(model)
        slot = self._with.pool.get_slot(alias)
        if self._running_count >= RUNNING_COUNT_MAX:
            raise Fault(
                FaultKind.OVERLOADED,
                f"{RUNNING_COUNT_MAX} tests run already; try again when one has ended.",
                retry_after_s=2,
            )
        self._running_count += 1
        try:
            return await self._run(slot, model)
        finally:
            self._running_count -= 1

    async def _run(self, slot: Slot, model: str) -> Trial:
        clock, pool = self._with.clock, self._with.pool
        started = clock.monotonic()
        lease = pool.lease_for_test(slot.credential.alias, model)
        answer, fault = _Answer(), None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._ask(lease.credential, model, answer, started)
        except TimeoutError:
            fault = Fault(
                FaultKind.UPSTREAM_TIMEOUT, f"There was no whole answer within {TIMEOUT_S:.0f} s."
            )
        except Fault as error:
            fault = error
        else:
            lease.settle(Outcome(is_success=True))
            # It may have been removed meanwhile.
            with suppress(Fault):
                pool.clear(slot.credential.alias)
        finally:
            lease.settle(Outcome(is_success=False, fault=fault))
        return Trial(
            is_ok=fault is None,
            model=model,
            latency_ms=answer.latency_ms,
            duration_ms=(clock.monotonic() - started) * 1000,
            word_count=len(answer.text.split()),
            text=answer.text,
            fault=TrialFault(fault.kind.value, fault.message, fault.retry_after_s)
            if fault
            else None,
            advice=advise(fault),
            credential=report(slot, clock.now()),
        )

    async def _ask(
        self, credential: Credential, model: str, answer: _Answer, started: float
    ) -> None:
        """Read until the end, or until it is clear that it answers."""
        route = self._with.catalog.resolve(model)
        chat = ChatRequest(model, (Message(Role.USER, (Text(PROMPT),)),), is_stream=True)
        upstream = self._with.endpoints.upstreams[route.upstream]
        async with upstream.open(chat, route, credential) as batches:
            async for batch in batches:
                words = [d.text for d in batch if isinstance(d, TextDelta | ReasoningDelta)]
                if words and answer.latency_ms is None:
                    answer.latency_ms = (self._with.clock.monotonic() - started) * 1000
                said = "".join(delta.text for delta in batch if isinstance(delta, TextDelta))
                answer.text = (answer.text + said)[:TEXT_LENGTH_MAX]
                if isinstance(batch[-1], Finished) or len(answer.text) == TEXT_LENGTH_MAX:
                    break
        if not answer.text:
            raise Fault(FaultKind.INCOMPLETE, "The upstream answered without a word of text.")

    def _cheapest(self) -> str:
        served = [model.id for model in self._with.catalog.models]
        return next((model for model in MODELS if model in served), served[0] if served else "")


def advise(fault: Fault | None) -> str:
    """What to do next."""
    if fault is None:
        return WORKS
    return ADVICE.get(fault.kind) or ADVICE_BY_SCOPE[fault.scope]
