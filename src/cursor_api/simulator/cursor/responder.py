"""From whole requests to the steps of their answers; holds the simulator's only lasting state."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cursor_api.simulator.cursor.answer import Answerer
from cursor_api.simulator.cursor.checks import check_headers, check_model, check_route, decode_body
from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.cursor.received import RawRequest, ReceivedRequest
from cursor_api.simulator.cursor.refusals import UNAUTHORIZED, Refusal
from cursor_api.simulator.directives import (
    HELP,
    DirectiveError,
    apply_directives,
    split_message,
    token_faults,
)
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.simulator.steps import Step


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request is answered, not yet played. `mishaps` are those that chance chose."""

    ordinal: int
    mishaps: frozenset[Mishap]
    steps: Iterator[Step]


@dataclass(frozen=True, slots=True)
class _Orders:
    """What the credential and the message ask the simulator to do."""

    faults: Faults
    scenario: Scenario
    question: str
    problem: Refusal | None = None


class Responder:
    """Decides every answer.

    Faults come from the credential's script or else the simulator's own; the credential's text
    (`sim-…`) changes those, and the message's first line (`/sim …`) changes those again.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._ordinal = 0
        self._scripts = {token: _row(faults) for token, faults in options.scripts.items()}
        self.faults = options.faults
        self.requests: deque[ReceivedRequest] = deque(maxlen=options.requests_kept_max)

    def __repr__(self) -> str:
        return f"<Responder saw {self._ordinal} requests, scripts {len(self._scripts)} credentials>"

    def script(self, token: str, *faults: Faults) -> None:
        """From now on, one of `faults` for each request of this credential; the last one stays."""
        self._scripts[token] = deque(faults)

    def respond(self, raw: RawRequest) -> Answer:
        """The answer to a request, which is recorded."""
        ordinal = self._ordinal
        self._ordinal += 1
        plain = check_route(raw)
        if plain is not None:
            said = f"{raw.method} {raw.target} {raw.headers.get('content-type', '')} is no call"
            self._record(ordinal, raw, ChatAsk(), said)
            return Answer(ordinal, frozenset(), iter(plain))
        ask, unread = self._read(raw)
        orders = self._take_orders(raw.credential, ask.question)
        answerer = Answerer.for_request(
            ordinal, orders.faults, orders.scenario, accepts_gzip=raw.accepts_gzip
        )
        steps = answerer.early_steps()
        refusal = None
        if steps is None:
            refusal = self._check(raw) or orders.problem or unread or self._check_model(ask)
            if refusal is None:
                steps = answerer.steps(ask, orders.question)
            else:
                steps = answerer.refusal_steps(refusal.end_frame())
        self._record(ordinal, raw, ask, refusal.message if refusal else "")
        return Answer(ordinal, answerer.mishaps, steps)

    def _read(self, raw: RawRequest) -> tuple[ChatAsk, Refusal | None]:
        """What the body says; or an empty one, and why."""
        try:
            return decode_body(raw, self._options.request_bytes_max), None
        except Refusal as refusal:
            return ChatAsk(), refusal

    def _take_orders(self, token: str, question: str) -> _Orders:
        row = self._scripts.get(token)
        faults = self.faults
        if row:
            faults = row.popleft() if len(row) > 1 else row[0]
        scenario = self._options.scenario
        if self._options.choose is not None:
            faults, scenario = self._options.choose(token, question)
        problem = None
        try:
            faults = token_faults(token, faults)
        except DirectiveError as error:
            problem = Refusal.numbered(UNAUTHORIZED, str(error))
        directive, rest = split_message(question)
        if directive is None:
            return _Orders(faults, scenario, question, problem)
        faults, scenario = _obey(directive, faults, scenario)
        return _Orders(faults, scenario, rest, problem)

    def _check(self, raw: RawRequest) -> Refusal | None:
        try:
            check_headers(raw, self._options.gate, self._options.now_s())
        except Refusal as refusal:
            return refusal
        return None

    def _check_model(self, ask: ChatAsk) -> Refusal | None:
        try:
            check_model(ask, self._options.gate)
        except Refusal as refusal:
            return refusal
        return None

    def _record(self, ordinal: int, raw: RawRequest, ask: ChatAsk, refusal: str) -> None:
        received = ReceivedRequest(
            ordinal, raw.method, raw.target, raw.headers, raw.credential, ask, refusal
        )
        self.requests.append(received)


def _row(faults: Faults | tuple[Faults, ...]) -> deque[Faults]:
    return deque((faults,) if isinstance(faults, Faults) else faults)


def _obey(directive: str, faults: Faults, scenario: Scenario) -> tuple[Faults, Scenario]:
    """What a message's directive makes of them; what it cannot mean is explained in the answer."""
    if directive in {"", "help"}:
        return faults, replace(scenario, text=f"```text\n{HELP}\n```\n")
    try:
        return apply_directives(directive, faults), scenario
    except DirectiveError as error:
        return faults, replace(scenario, text=f"Sorry: {error}.\n\n```text\n{HELP}\n```\n")
