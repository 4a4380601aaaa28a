"""The gateway's metrics: counted once, from requests that have ended, by the definition of all.

Rules of this file:
- What is counted of a request is what `counts_of` says: a test holds both together for every sort
  of record. It is not called here, as it would be a third of the cost.
- No label takes a caller's own text: a model is one of the catalogue, or `other`. Names of keys and
  credentials are labels only where the operator wants them, and not more than NAMES_MAX of each.
- A label's child is looked up once and kept: that is the larger part of what counting costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from cursor_api.domain.deltas import ESTIMATED, Usage
from cursor_api.domain.errors import SCOPES, FaultKind
from cursor_api.domain.periods import NANO_PER_DOLLAR
from cursor_api.domain.record import SUCCESS, RequestRecord, Status
from cursor_api.ports.records import RecordsState
from cursor_api.service.readiness import CredentialCounts, UpstreamStanding
from cursor_api.telemetry.counting import Count, Counts, Spread, Spreads

PREFIX: Final = "cursor_api"
OTHER: Final = "other"
# More names than these are no chart.
MODELS_MAX: Final = 500
NAMES_MAX: Final = 200

REQUEST_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
FIRST_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)

OUTCOMES: Final = {
    Status.SUCCESS: "answered",
    Status.FAILED: "failed",
    Status.REFUSED: "refused",
    Status.CANCELLED: "cancelled",
}


class GatewayStanding(NamedTuple):
    """How things stand. `limits` are refusals by the setting whose limit was reached."""

    under_way_count: int
    waiting_count: int
    credentials: CredentialCounts
    upstreams: Mapping[str, UpstreamStanding]
    records: RecordsState
    limits: Mapping[str, int]
    # Whether what nodes share can be reached; None where nothing is shared.
    is_shared_up: bool | None = None


class Instruments:
    """All counters and histograms; `families` in the order in which they are shown."""

    def __init__(self) -> None:
        self.families: list[Counts | Spreads] = []
        count, spread = self._counter, self._histogram
        self.requests = count(
            "requests", "Requests that have ended.", "dialect", "model", "outcome"
        )
        self.request_seconds = spread(
            "request_seconds", "From a request to the end of its answer.", REQUEST_BUCKETS
        ).labels()
        self.first_token_seconds = spread(
            "first_token_seconds",
            "From a request to the first text of its answer.",
            FIRST_BUCKETS,
            "model",
        )
        self.tokens = count(
            "tokens",
            "Tokens of requests that have ended. Kinds with estimated were counted here, not by the"
            " upstream; cached is part of the input, reasoning of the output.",
            "model",
            "kind",
        )
        self.cost = count("cost_dollars", "What requests with a known price have cost.", "model")
        self.unpriced = count(
            "unpriced_requests", "Requests that used tokens without a price."
        ).labels()
        self.faults = count("faults", "Faults that requests ended with.", "kind", "scope")
        self.attempts = count(
            "attempts", "Tries at an upstream: answered, or the fault.", "route", "result"
        )
        self.refusals = count(
            "refusals", "What was refused before it was a request; a wrong key is one.", "fault"
        )
        self.caller_requests = count(
            "caller_requests", "Requests that have ended, by key.", "caller", "outcome"
        )
        self.caller_tokens = count("caller_tokens", "Tokens, by key.", "caller", "kind")
        self.credential_requests = count(
            "credential_requests",
            "Requests that have ended, by credential.",
            "credential",
            "outcome",
        )
        self.loop_lag = spread(
            "loop_lag_seconds", "How late a timer of the event loop was.", LAG_BUCKETS
        ).labels()

    def _counter(self, name: str, about: str, *labels: str) -> Counts:
        made = Counts(f"{PREFIX}_{name}", about, labels)
        self.families.append(made)
        return made

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], *labels: str
    ) -> Spreads:
        made = Spreads(f"{PREFIX}_{name}", about, labels, buckets)
        self.families.append(made)
        return made


class _Tokens(NamedTuple):
    """A counter for each kind; the names are the labels."""

    input: Count
    output: Count
    cached: Count
    reasoning: Count
    input_estimated: Count
    output_estimated: Count


class _OfModel(Struct, frozen=True):
    """What counts for every request of one model in one dialect."""

    outcomes: dict[Status, Count]
    first_token: Spread
    tokens: _Tokens
    cost: Count


class RequestMetrics:
    """Counts requests as they end.

    `is_listed` says whether a model's name is one of the catalogue. With `by_caller` keys and
    credentials are told apart; it may change at any time.
    """

    def __init__(self, instruments: Instruments, is_listed: Callable[[str], bool]) -> None:
        self._on = instruments
        self._is_listed = is_listed
        self.by_caller = False
        self._models: dict[tuple[str, str], _OfModel] = {}
        self._known: set[str] = set()
        self._faults: dict[FaultKind, Count] = {}
        self._attempts: dict[tuple[str, FaultKind | None], Count] = {}
        self._callers: set[str] = set()
        self._caller_tokens: dict[str, _Tokens] = {}
        self._credentials: set[str] = set()

    def __repr__(self) -> str:
        return f"RequestMetrics({len(self._known)} models)"

    def count(self, record: RequestRecord) -> None:
        """One that has ended."""
        model = self._label(record)
        of_model = self._models.get((record.dialect, model)) or self._add(record.dialect, model)
        of_model.outcomes[record.status].inc()
        if record.first_delta_ms is not None:
            of_model.first_token.observe(record.first_delta_ms / 1000)
        if record.status is SUCCESS and record.duration_ms is not None:
            self._on.request_seconds.observe(record.duration_ms / 1000)
        usage = record.usage
        if usage is not None:
            _count_tokens(usage, of_model.tokens)
            if record.cost_nano is None and usage.total_count:
                self._on.unpriced.inc()
        if record.cost_nano:
            of_model.cost.inc(record.cost_nano / NANO_PER_DOLLAR)
        if record.error_kind is not None:
            self._fault(record.error_kind).inc()
        for attempt in record.attempts:
            self._attempt(attempt.endpoint, attempt.fault).inc()
        if self.by_caller:
            self._count_names(record)

    def _label(self, record: RequestRecord) -> str:
        for name in (record.model, record.model_served):
            if name in self._known:
                return name
            if self._is_listed(name) and len(self._known) < MODELS_MAX:
                self._known.add(name)
                return name
        return OTHER

    def _add(self, dialect: str, model: str) -> _OfModel:
        on = self._on
        made = self._models[dialect, model] = _OfModel(
            {status: on.requests.labels(dialect, model, word) for status, word in OUTCOMES.items()},
            on.first_token_seconds.labels(model),
            _Tokens(*(on.tokens.labels(model, kind) for kind in _Tokens._fields)),
            on.cost.labels(model),
        )
        return made

    def _fault(self, kind: FaultKind) -> Count:
        child = self._faults.get(kind)
        if child is None:
            child = self._faults[kind] = self._on.faults.labels(kind.value, SCOPES[kind].value)
        return child

    def _attempt(self, endpoint: str, fault: FaultKind | None) -> Count:
        child = self._attempts.get((endpoint, fault))
        if child is None:
            result = fault.value if fault else "answered"
            child = self._attempts[endpoint, fault] = self._on.attempts.labels(endpoint, result)
        return child

    def _count_names(self, record: RequestRecord) -> None:
        outcome = OUTCOMES[record.status]
        caller = _bounded(record.caller, self._callers)
        self._on.caller_requests.labels(caller, outcome).inc()
        if record.usage is not None:
            of_caller = self._caller_tokens.get(caller)
            if of_caller is None:
                of_caller = self._caller_tokens[caller] = _Tokens(
                    *(self._on.caller_tokens.labels(caller, kind) for kind in _Tokens._fields)
                )
            _count_tokens(record.usage, of_caller)
        if record.credential_alias:
            credential = _bounded(record.credential_alias, self._credentials)
            self._on.credential_requests.labels(credential, outcome).inc()


def _count_tokens(usage: Usage, tokens: _Tokens) -> None:
    # A counter does not go back, and raises; an upstream's figure is an upstream's figure.
    if usage.source is ESTIMATED:
        tokens.input_estimated.inc(max(usage.input_count, 0))
        tokens.output_estimated.inc(max(usage.output_count, 0))
    else:
        tokens.input.inc(max(usage.input_count, 0))
        tokens.output.inc(max(usage.output_count, 0))
    if usage.cache_read_count > 0:
        tokens.cached.inc(usage.cache_read_count)
    if usage.reasoning_count > 0:
        tokens.reasoning.inc(usage.reasoning_count)


def _bounded(name: str, known: set[str]) -> str:
    if name in known:
        return name
    if len(known) >= NAMES_MAX:
        return OTHER
    known.add(name)
    return name
