"""From whole requests to the steps of their answers; holds the simulator's only lasting state."""

from __future__ import annotations

from collections import deque

from cursor_api.simulator.cursor.answer import Answerer
from cursor_api.simulator.cursor.checks import (
    PATH,
    check_headers,
    check_model,
    check_route,
    decode_body,
)
from cursor_api.simulator.cursor.directives import LANGUAGE
from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.cursor.received import ReceivedRequest, accepts_gzip
from cursor_api.simulator.cursor.refusals import UNAUTHORIZED, Refusal
from cursor_api.simulator.kind import PlannedAnswer
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.scripts import Orders, Scripts


class CursorResponder:
    """Decides every answer. Implements `simulator.kind.Responder`."""

    paths = frozenset({PATH})

    def __init__(self, options: SimulatorOptions, gate: Gate | None = None) -> None:
        self._options = options
        self._gate = gate or Gate()
        self._ordinal = 0
        self.scripts = Scripts(options, LANGUAGE)
        self.requests: deque[ReceivedRequest] = deque(maxlen=options.requests_kept_max)

    def __repr__(self) -> str:
        seen, scripts = self._ordinal, len(self.scripts)
        return f"<CursorResponder saw {seen} requests, scripts {scripts} credentials>"

    def respond(self, raw: RawRequest) -> PlannedAnswer:
        """The answer to a request, which is recorded."""
        ordinal = self._ordinal
        self._ordinal += 1
        plain = check_route(raw)
        if plain is not None:
            said = f"{raw.method} {raw.target} {raw.headers.get('content-type', '')} is no call"
            self._record(ordinal, raw, ChatAsk(), said)
            return PlannedAnswer(ordinal, frozenset(), iter(plain))
        ask, unread = self._read(raw)
        orders = self.scripts.orders_for(raw.credential, ask.question)
        answerer = Answerer.for_request(
            ordinal, orders.faults, orders.scenario, accepts_gzip=accepts_gzip(raw.headers)
        )
        steps = answerer.early_steps()
        refusal = None
        if steps is None:
            refusal = (
                self._check(raw) or _unknown_script(orders) or unread or self._check_model(ask)
            )
            if refusal is None:
                steps = answerer.steps(ask, orders.question)
            else:
                steps = answerer.refusal_steps(refusal.end_frame())
        self._record(ordinal, raw, ask, refusal.message if refusal else "")
        return PlannedAnswer(ordinal, answerer.mishaps, steps)

    def _read(self, raw: RawRequest) -> tuple[ChatAsk, Refusal | None]:
        """What the body says; or an empty one, and why."""
        try:
            return decode_body(raw, self._options.request_bytes_max), None
        except Refusal as refusal:
            return ChatAsk(), refusal

    def _check(self, raw: RawRequest) -> Refusal | None:
        try:
            check_headers(raw, self._gate, self._options.now_s())
        except Refusal as refusal:
            return refusal
        return None

    def _check_model(self, ask: ChatAsk) -> Refusal | None:
        try:
            check_model(ask, self._gate)
        except Refusal as refusal:
            return refusal
        return None

    def _record(self, ordinal: int, raw: RawRequest, ask: ChatAsk, refusal: str) -> None:
        received = ReceivedRequest(
            ordinal, raw.method, raw.target, raw.headers, raw.credential, ask, refusal
        )
        self.requests.append(received)


def _unknown_script(orders: Orders) -> Refusal | None:
    """A misspelt script must not pass for a good credential."""
    if orders.problem is None:
        return None
    return Refusal.numbered(UNAUTHORIZED, orders.problem)
