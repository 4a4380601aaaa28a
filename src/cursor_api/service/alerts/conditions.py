"""Which alerts hold now, by a look at credentials, upstreams, records and what is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cursor_api.domain.alert import Alert, AlertKind
from cursor_api.domain.expiry import expires_soon
from cursor_api.ports.process import Clock
from cursor_api.ports.records import RecordsState
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.report import CredentialReport, State, report
from cursor_api.service.readiness import Readiness

_NOBODY = {
    "no_credentials": "There is no credential: no request can be answered.",
    "none_ready": "No credential can serve: no request can be answered.",
    "no_models": "No upstream has told which models it serves: no request can be answered.",
    "no_upstreams": "There is no upstream to ask: no request can be answered.",
    "upstream_open": "No upstream is asked: no request can be answered.",
}


class Conditions:
    """Looks, and remembers only how many records were lost when it looked last.

    `get_readiness` gives what looks under the settings of now, `find_others` what else is
    to be told: of budgets, and of what nodes share.
    """

    def __init__(
        self,
        get_readiness: Callable[[], Readiness],
        pools: CredentialPools,
        records_state: Callable[[], RecordsState],
        clock: Clock,
        find_others: Callable[[], Iterable[Alert]],
    ) -> None:
        self._get_readiness = get_readiness
        self._pools = pools
        self._records_state = records_state
        self._clock = clock
        self._find_others = find_others
        self._dropped_count = records_state().dropped_count

    def find(self) -> Iterator[Alert]:
        """All that hold now."""
        yield from self._of_credentials()
        yield from self._of_upstreams()
        yield from self._of_records()
        yield from self._find_others()

    def _of_credentials(self) -> Iterator[Alert]:
        now, words = self._clock.now(), self._get_readiness().words
        for slot in self._pools.slots:
            # Few of them, and a whole report of ten thousand would hold the loop for 40 ms.
            if slot.find_quarantine(now) is None and not expires_soon(slot.expires_at, now):
                continue
            known = words.get(slot.credential.endpoint)
            if known is None:
                continue
            alert = _of_credential(report(slot, known, now))
            if alert is not None:
                yield alert

    def _of_upstreams(self) -> Iterator[Alert]:
        readiness = self._get_readiness()
        hindrance = readiness.find_hindrance()
        if hindrance is not None:
            yield Alert(AlertKind.NOBODY_LEFT, "", _NOBODY[hindrance.code])
        for reason in readiness.reasons():
            if reason.code == "upstream_open" and reason.upstream is not None:
                fault = f", last with {reason.fault}" if reason.fault else ""
                text = f"{reason.upstream} failed so often that it is not asked now{fault}."
                yield Alert(AlertKind.UPSTREAM_OPEN, reason.upstream, text)

    def _of_records(self) -> Iterator[Alert]:
        state = self._records_state()
        if not state.is_writing:
            text = f"Records cannot be written; {state.waiting_count} wait. Requests go on."
            yield Alert(AlertKind.RECORDS_NOT_WRITTEN, "", text)
        lost_count = state.dropped_count - self._dropped_count
        self._dropped_count = state.dropped_count
        if lost_count > 0:
            text = f"{lost_count} records of requests were given up. Usage counts too little."
            yield Alert(AlertKind.RECORDS_DROPPED, "", text)


def find_shared(*, is_up: bool | None) -> Iterator[Alert]:
    """Whether what nodes share can be reached; None where nothing is shared."""
    if is_up is False:
        text = "Redis is away. LIMITS_WHEN_DOWN says what becomes of API keys with limits."
        yield Alert(AlertKind.SHARED_STATE_AWAY, "", text)


def _of_credential(one: CredentialReport) -> Alert | None:
    if one.state is State.DISABLED:
        return None
    if one.state is State.QUARANTINED:
        text = f"The credential {one.alias} is out of service until you act: {one.reason}"
        return Alert(AlertKind.CREDENTIAL_QUARANTINED, one.alias, text)
    if one.state is State.EXPIRED:
        text = f"The credential {one.alias} has expired; renew it."
        return Alert(AlertKind.CREDENTIAL_EXPIRED, one.alias, text)
    if one.expiry_warning and one.expires_at is not None:
        text = f"The credential {one.alias} expires at {one.expires_at:%Y-%m-%d %H:%M} UTC."
        return Alert(AlertKind.CREDENTIAL_EXPIRES, one.alias, text)
    return None
