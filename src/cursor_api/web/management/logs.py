"""`GET /logs`: the last requests, in the earlier program's shape and without its leaks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cursor_api.domain.errors import StoreError
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.domain.record_query import RecordQuery
from cursor_api.ports.process import Clock
from cursor_api.ports.records import Records
from cursor_api.ports.stores import RequestLog
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.hosts import Hosts
from cursor_api.web.http.operation import Key, Operation

# The earlier program keeps and shows this many.
SHOWN_COUNT_MAX = 100

# The earlier program knows three states; who left early did not get what they asked for.
STATUS_WORDS = {
    Status.PENDING: "pending",
    Status.SUCCESS: "success",
    Status.FAILED: "failed",
    Status.REFUSED: "failed",
    Status.CANCELLED: "failed",
}
CLIENT_LEFT = "the client left before the end"


class LogParts(NamedTuple):
    """What the log is made of; `under_way` gives the requests that have not ended.

    `find_shared` gives the records of all workers, where there are several.
    """

    request_log: RequestLog
    under_way: Callable[[], Sequence[RequestRecord]]
    authenticator: Authenticator
    clock: Clock
    find_shared: Callable[[], Records | None] = lambda: None


class Logs:
    """Answers `GET /logs`, with details to the operator.

    It is masked to those who ask under a name of `public_to`; None: nobody else.
    """

    def __init__(
        self,
        parts: LogParts,
        public_to: Hosts | None,
    ) -> None:
        self._request_log, self._under_way, self._authenticator, self._clock = parts[:4]
        self._find_shared = parts.find_shared
        self._public_to = public_to

    def operations(self) -> Sequence[Operation]:
        """Whether reading asks for a key is decided here; anything else asks for one."""
        read = Operation(method="GET", path="/logs", handler=self.list, key=Key.LEFT_TO_HANDLER)
        # As later versions of the earlier program had it, with a key in any case.
        return (read, Operation(method="POST", path="/logs", handler=self.list))

    async def list(self, request: Request) -> Response:
        """Newest last. Raises Fault where it is not public and the key not the operator's.

        A chat-only key, or a pass-through caller's token, opens no details: they are of others.
        """
        if self._public_to is not None and self._public_to.admit(request.scope):
            caller = await self._authenticator.find(request.scope, is_own_taken=False)
            has_key = caller is not None and caller.is_admin
        else:
            await self._authenticator.require_admin(request.scope)
            has_key = True
        records = await self._recent()
        return JSONResponse(
            {
                "total": len(records),
                "logs": [detailed(record) if has_key else masked(record) for record in records],
                "timestamp": _iso(self._clock.now()),
                "status": "success",
            }
        )

    async def _recent(self) -> Sequence[RequestRecord]:
        """In the order in which they began, those that are under way among them."""
        ended = await self._ended()
        records = sorted([*ended, *self._under_way()], key=lambda record: record.id)
        return records[-SHOWN_COUNT_MAX:]

    async def _ended(self) -> Sequence[RequestRecord]:
        shared = self._find_shared()
        if shared is not None:
            # While the records cannot be read, this worker's own are better than none.
            with contextlib.suppress(StoreError):
                return (await shared.page(RecordQuery(rows_max=SHOWN_COUNT_MAX))).records
        return await self._request_log.recent(SHOWN_COUNT_MAX)


def masked(record: RequestRecord) -> dict[str, object]:
    """A record for anyone: no error text, no alias, no whole secret, no caller's own words."""
    return {
        "timestamp": _iso(record.started_at),
        "model": "" if record.has_foreign_model else record.model,
        "checksum": record.binding_masked,
        "auth_token": record.credential_masked,
        "stream": record.is_stream,
        "status": STATUS_WORDS[record.status],
        "error": None,
        "error_kind": record.error_kind.value if record.error_kind else None,
    }


def detailed(record: RequestRecord) -> dict[str, object]:
    """A record for the operator."""
    usage = record.usage
    return masked(record) | {
        "model": record.model,
        "error": CLIENT_LEFT if record.status is Status.CANCELLED else record.error,
        "id": record.id,
        "alias": record.credential_alias,
        "caller": record.caller,
        "outcome": record.status.value,
        "dialect": record.dialect,
        "client": record.client,
        "route": f"{record.endpoint}/{record.model_served}" if record.endpoint else "",
        "finish": record.finish.value if record.finish else None,
        "first_delta_ms": record.first_delta_ms,
        "duration_ms": record.duration_ms,
        "usage": None
        if usage is None
        else {
            "prompt_tokens": usage.input_count,
            "completion_tokens": usage.output_count,
            "total_tokens": usage.total_count,
            "usage_source": usage.source.value,
        },
        "attempts": [
            {
                "alias": attempt.credential_alias,
                "timestamp": _iso(attempt.started_at),
                "fault": attempt.fault.value if attempt.fault else None,
                "duration_ms": attempt.duration_ms,
            }
            for attempt in record.attempts
        ],
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
