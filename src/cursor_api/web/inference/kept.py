"""Addresses of answers that are kept: to read one again, to forget it, to see what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.domain.kept import KeptPage
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.operation import Handler, Key, Operation, Parameter
from cursor_api.web.inference.threads import ReadsAnswers

JSON_MEDIA_TYPE = "application/json"
ITEMS_MAX = 100
ORDERS = {"asc": True, "desc": False}


@runtime_checkable
class KeepingDialect(ReadsAnswers, Protocol):
    """A client API whose answers are kept, and can be asked for below its first address."""

    @property
    def paths(self) -> Sequence[str]:
        """The addresses of its POST requests."""
        ...

    @property
    def kept_types(self) -> tuple[type[Any], type[Any], type[Any]]:
        """An answer, what remains of a deleted one, and a list of items; types of msgspec's."""
        ...

    @property
    def unserved(self) -> Mapping[str, str]:
        """Addresses for a POST below an answer, or in the place of one, and why they do nothing."""
        ...

    def deleted(self, id_: str) -> bytes:
        """The body that says that an answer is gone."""
        ...

    def items(self, items: bytes, page: KeptPage) -> bytes:
        """The body that lists the items of an input."""
        ...


class KeptPages:
    """The addresses below the first of a client API, each answer for who asked for it."""

    def __init__(
        self, dialect: KeepingDialect, kept: KeptAnswers, authenticator: Authenticator
    ) -> None:
        self._path = dialect.paths[0]
        self._dialect = dialect
        self._kept = kept
        self._authenticator = authenticator

    async def get(self, request: Request) -> Response:
        """An answer, as it was when it was whole."""
        caller = await self._authenticator.authenticate(request.scope)
        if request.query_params.get("stream", "false") != "false":
            raise invalid_request(
                "A kept answer is given in one piece: leave 'stream' out.",
                code="unsupported_value",
                param="stream",
            )
        answer = self._kept.get(request.path_params["answer_id"], caller)
        return Response(answer.body, media_type=JSON_MEDIA_TYPE)

    async def delete(self, request: Request) -> Response:
        """Forget an answer."""
        caller = await self._authenticator.authenticate(request.scope)
        id_ = request.path_params["answer_id"]
        self._kept.delete(id_, caller)
        return Response(self._dialect.deleted(id_), media_type=JSON_MEDIA_TYPE)

    async def items(self, request: Request) -> Response:
        """What was asked, without what came before it."""
        caller = await self._authenticator.authenticate(request.scope)
        page = _read_page(request)
        answer = self._kept.get(request.path_params["answer_id"], caller)
        return Response(self._dialect.items(answer.items, page), media_type=JSON_MEDIA_TYPE)

    def _refuse(self, explanation: str) -> Handler:
        async def refuse(request: Request) -> Response:
            await self._authenticator.authenticate(request.scope)
            raise Fault(FaultKind.INVALID_REQUEST, explanation)

        return refuse

    def _refusals(self) -> list[Operation]:
        """They have no entry in the document."""
        base = self._path
        return [
            Operation(
                method="POST",
                path=path,
                handler=self._refuse(explanation),
                key=Key.LEFT_TO_HANDLER,
                is_for_pages=True,
            )
            for name, explanation in self._dialect.unserved.items()
            for path in (f"{base}/{name}", f"{base}/{{answer_id}}/{name}")
        ]

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        answer, deleted, items = self._dialect.kept_types
        id_ = Parameter("id", "path", {"type": "string", "minLength": 1}, "resp_0123")
        whole, route = f"{self._path}/{{id}}", f"{self._path}/{{answer_id}}"
        return (
            *self._refusals(),
            Operation(
                method="GET",
                path=whole,
                route=route,
                handler=self.get,
                key=Key.LEFT_TO_HANDLER,
                summary="An answer that is kept",
                parameters=(id_,),
                good={200: answer},
                bad=(400, 401, 404),
            ),
            Operation(
                method="DELETE",
                path=whole,
                route=route,
                handler=self.delete,
                key=Key.LEFT_TO_HANDLER,
                summary="Forget an answer",
                parameters=(id_,),
                good={200: deleted},
                bad=(401, 404),
            ),
            Operation(
                method="GET",
                path=f"{whole}/input_items",
                route=f"{route}/input_items",
                handler=self.items,
                key=Key.LEFT_TO_HANDLER,
                summary="What was asked for an answer",
                parameters=(
                    id_,
                    Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 100}),
                    Parameter("order", "query", {"type": "string", "enum": ["asc", "desc"]}),
                    Parameter("after", "query", {"type": "string"}),
                ),
                good={200: items},
                bad=(400, 401, 404),
            ),
        )


def kept_operations(
    dialects: Iterable[object], kept: KeptAnswers, authenticator: Authenticator
) -> list[Operation]:
    """The rows of all client APIs that keep answers."""
    return [
        row
        for dialect in dialects
        if isinstance(dialect, KeepingDialect)
        for row in KeptPages(dialect, kept, authenticator).operations()
    ]


def _read_page(request: Request) -> KeptPage:
    asked = request.query_params
    limit, order = asked.get("limit", "20"), asked.get("order", "desc")
    if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:9]) <= ITEMS_MAX:
        raise invalid_request(
            f"'limit' is a number from 1 to {ITEMS_MAX}.", code="invalid_value", param="limit"
        )
    if order not in ORDERS:
        raise invalid_request("'order' is asc or desc.", code="invalid_value", param="order")
    return KeptPage(int(limit), ORDERS[order], asked.get("after"))
