"""`/api/credentials`: the pool's credentials one by one, as the console and scripts manage them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import CredentialChange, Secret
from cursor_api.domain.credential_health import CONCURRENCY_MAX, PRIORITY_MAX, WEIGHT_MAX
from cursor_api.service.credentials.previews import Preview
from cursor_api.service.credentials.report import CredentialReport
from cursor_api.service.credentials.trial import Trial
from cursor_api.service.credentials.use_cases import (
    CredentialPage,
    Credentials,
    Keep,
    Order,
    PreferenceChange,
    Removal,
)
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import Acts, Operation, Parameter, of_one
from cursor_api.web.http.query import read_number, wrong

_T = TypeVar("_T")

CREDENTIALS_PATH = "/api/credentials"

PAGE_COUNT_DEFAULT = 1000
PAGE_COUNT_MAX = 10_000
OFFSET_MAX = 10_000_000

Priority = Annotated[int, Meta(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
Weight = Annotated[int, Meta(ge=1, le=WEIGHT_MAX)]
Limit = Annotated[int, Meta(ge=1, le=CONCURRENCY_MAX)]


class CredentialsIn(Struct, forbid_unknown_fields=True):
    """Tokens as they were pasted, one a line, in any spelling; `checksum` only with one token.

    With `dry_run` nothing is stored, and what was recognised in each line is told.
    """

    tokens: str
    checksum: str | None = None
    dry_run: bool = False


class CredentialPatch(Struct, forbid_unknown_fields=True):
    """What to change; what is absent stays.

    `alias` "" takes the name away. `token` renews the credential, in any spelling; its device
    stays unless `checksum` gives another one. `concurrency_max` null is no limit.
    """

    alias: str | UnsetType = UNSET
    token: str | UnsetType = UNSET
    checksum: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    weight: Weight | UnsetType = UNSET
    concurrency_max: Limit | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class TrialIn(Struct, forbid_unknown_fields=True):
    """Which model to ask; a cheap one by default."""

    model: str | None = None


class AddedOut(Struct):
    """The credentials that were added."""

    credentials: Sequence[CredentialReport]


_ADD = msgspec.json.Decoder(CredentialsIn)
_PATCH = msgspec.json.Decoder(CredentialPatch)
_TEST = msgspec.json.Decoder(TrialIn)

_ALIAS = Parameter("alias", "path", {"type": "string", "minLength": 1}, "work")
_of_one = partial(of_one, CREDENTIALS_PATH, _ALIAS)


class CredentialRoutes:
    """Answers `/api/credentials` and the addresses below it."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        page = (
            Parameter("order", "query", {"enum": [order.value for order in Order]}),
            Parameter("offset", "query", _integer(0, OFFSET_MAX, 0)),
            Parameter("limit", "query", _integer(1, PAGE_COUNT_MAX, PAGE_COUNT_DEFAULT)),
        )
        return (
            Operation(
                method="GET",
                path=CREDENTIALS_PATH,
                handler=self.list,
                summary="All credentials, masked, with how each stands",
                parameters=page,
                good={200: CredentialPage},
                bad=(400, 401, 403),
            ),
            Operation(
                method="POST",
                path=CREDENTIALS_PATH,
                handler=self.add,
                summary="Add one or many tokens in any spelling, or see what was recognised",
                acts=Acts(ActKind.CREDENTIAL_ADDED, _find_added),
                body=CredentialsIn,
                good={200: Preview, 201: AddedOut},
                bad=(400, 401, 403, 409, 413, 500, 503),
            ),
            *self._operations_of_one(),
        )

    def _operations_of_one(self) -> Sequence[Operation]:
        return (
            _of_one(
                "GET",
                self.get,
                summary="One credential",
                good={200: CredentialReport},
                bad=(401, 403, 404, 409, 500, 503),
            ),
            _of_one(
                "PATCH",
                self.change,
                summary="Rename, renew, prefer, limit, switch on or off",
                acts=Acts(ActKind.CREDENTIAL_CHANGED, _find_alias),
                body=CredentialPatch,
                good={200: CredentialReport},
                bad=(400, 401, 403, 404, 409, 413, 500, 503),
            ),
            _of_one(
                "DELETE",
                self.remove,
                summary="Take it out; the answer holds what brings it back",
                acts=Acts(ActKind.CREDENTIAL_REMOVED, _find_alias),
                good={200: Removal},
                bad=(401, 403, 404, 409, 500, 503),
            ),
            _of_one(
                "POST",
                self.test,
                "/test",
                summary="Ask its upstream with it, now",
                body=TrialIn,
                is_body_required=False,
                good={200: Trial},
                bad=(400, 401, 403, 404, 409, 413, 500, 503),
            ),
            _of_one(
                "POST",
                self.clear,
                "/clear",
                summary="End its cooldowns and its quarantine",
                acts=Acts(ActKind.CREDENTIAL_CHANGED, _find_alias),
                good={200: CredentialReport},
                bad=(401, 403, 404, 409, 500, 503),
            ),
        )

    async def list(self, request: Request) -> Response:
        """Some of all; `order`, `offset` and `limit` are query parameters."""
        order = _order(request)
        offset = _number(request, "offset", 0, (0, OFFSET_MAX))
        count_max = _number(request, "limit", PAGE_COUNT_DEFAULT, (1, PAGE_COUNT_MAX))
        await self._credentials.catch_up()
        return reply(await self._credentials.list(order, offset, count_max))

    async def add(self, request: Request) -> Response:
        """Add one or more, or show what adding them would do."""
        given = await read_json(request, _ADD)
        if given.dry_run:
            return reply(await self._credentials.preview(given.tokens, given.checksum))
        return reply(AddedOut(await self._credentials.add(given.tokens, given.checksum)), 201)

    async def get(self, request: Request) -> Response:
        """One of them."""
        return reply(self._credentials.get(await self._find(request)))

    async def change(self, request: Request) -> Response:
        """Change one; the answer is what it is now, under its new alias."""
        given = await read_json(request, _PATCH)
        token = _given(given.token)
        change = CredentialChange(
            alias=_given(given.alias),
            secret=Secret(token) if token is not None else None,
            binding=_given(given.checksum),
        )
        limit = given.concurrency_max
        preferences = PreferenceChange(
            priority=_given(given.priority),
            weight=_given(given.weight),
            concurrency_max=Keep.KEEP if isinstance(limit, UnsetType) else limit,
            is_enabled=_given(given.enabled),
        )
        return reply(await self._credentials.change(await self._find(request), change, preferences))

    async def remove(self, request: Request) -> Response:
        """Take one out; the answer holds what brings it back."""
        return reply(await self._credentials.remove(await self._find(request)))

    async def test(self, request: Request) -> Response:
        """Ask the upstream with it; that the test itself could be made is the status."""
        given = await read_json(request, _TEST)
        return reply(await self._credentials.test(await self._find(request), given.model))

    async def clear(self, request: Request) -> Response:
        """End its cooldowns and its quarantine."""
        return reply(self._credentials.clear(await self._find(request)))

    async def _find(self, request: Request) -> str:
        """The alias in the address; it may have been added elsewhere a moment ago."""
        alias: str = request.path_params["alias"]
        await self._credentials.look_for(alias)
        return alias


def _find_added(_request: Request, answer: Mapping[str, Any]) -> str | None:
    """The aliases of those that were added; None for a preview."""
    if "credentials" not in answer:
        return None
    return ", ".join(one["alias"] for one in answer["credentials"])


def _find_alias(request: Request, _answer: object) -> str:
    alias: str = request.path_params["alias"]
    return alias


def _integer(minimum: int, maximum: int, default: int) -> dict[str, object]:
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default}


def _given(value: _T | UnsetType) -> _T | None:
    return None if isinstance(value, UnsetType) else value


def _order(request: Request) -> Order:
    text = request.query_params.get("order", Order.FILE.value)
    try:
        return Order(text)
    except ValueError as error:
        words = " or ".join(order.value for order in Order)
        raise wrong("order", f"it is {words}") from error


def _number(request: Request, name: str, default: int, bounds: tuple[int, int]) -> int:
    text = request.query_params.get(name)
    return default if text is None else read_number(name, text, bounds)
