"""`/api/audit`: what operators did, the last act first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind, ActQuery, KeptAct
from cursor_api.service.audit import Audit
from cursor_api.service.credentials.report import Instant, instant
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation, Parameter
from cursor_api.web.http.query import Query

AUDIT_PATH: Final = "/api/audit"
ACTS_DEFAULT: Final = 100
ACTS_MAX: Final = 500
NUMBER_MAX: Final = 999_999_999
NAMES: Final = ("since", "until", "actor", "kind", "before", "count")


class ActOut(Struct):
    """One act. `actor` is the caller as records call it, or `command-line`."""

    number: int
    at: Instant
    actor: str
    kind: str
    subject: str


class ActsOut(Struct):
    """Acts, the last one first; `continue_from` is the `before` of the next page."""

    acts: Sequence[ActOut]
    continue_from: int | None


class AuditRoutes:
    """Answers `/api/audit`."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def operations(self) -> Sequence[Operation]:
        """The one row."""
        text = {"type": "string"}
        count = {"type": "integer", "minimum": 1, "maximum": ACTS_MAX, "default": ACTS_DEFAULT}
        return (
            Operation(
                method="GET",
                path=AUDIT_PATH,
                handler=self.list,
                summary="What operators did, the last act first, by page",
                parameters=(
                    Parameter("since", "query", text),
                    Parameter("until", "query", text),
                    Parameter("actor", "query", text),
                    Parameter("kind", "query", {"enum": [kind.value for kind in ActKind]}),
                    Parameter(
                        "before",
                        "query",
                        {"type": "integer", "minimum": 1, "maximum": NUMBER_MAX},
                    ),
                    Parameter("count", "query", count),
                ),
                good={200: ActsOut},
                bad=(400, 401, 403, 500, 503),
            ),
        )

    async def list(self, request: Request) -> Response:
        """One page."""
        query = Query(request, NAMES)
        page = await self._audit.page(
            ActQuery(
                acts_max=query.number("count", ACTS_DEFAULT, (1, ACTS_MAX)),
                before=query.number("before", 0, (1, NUMBER_MAX)) or None,
                since=query.instant("since"),
                until=query.instant("until"),
                actor=query.text("actor"),
                kind=query.member("kind", ActKind),
            )
        )
        return reply(ActsOut([show_act(one) for one in page.acts], page.continue_from))


def show_act(kept: KeptAct) -> ActOut:
    """As it is answered."""
    act = kept.act
    return ActOut(kept.number, instant(act.at), act.actor, act.kind, act.subject)
