"""`/api/keys`: API keys made, listed, changed, rotated and revoked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.domain.api_key import ApiKey
from cursor_api.ports.process import Clock
from cursor_api.service.access.keys import ApiKeys
from cursor_api.service.access.quota import Quota
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import Acts, Operation, Parameter, of_one
from cursor_api.web.management.key_shapes import (
    KeyIn,
    KeyOut,
    KeyPatch,
    KeysOut,
    NewKeyOut,
    RotationIn,
    changed_terms,
    show_key,
    terms_of_new,
)

KEYS_PATH: Final = "/api/keys"

_CREATE = msgspec.json.Decoder(KeyIn)
_PATCH = msgspec.json.Decoder(KeyPatch)
_ROTATE = msgspec.json.Decoder(RotationIn)

_KEY_ID = Parameter("key_id", "path", {"type": "string", "minLength": 1}, "alice")
_of_one = partial(of_one, KEYS_PATH, _KEY_ID)


class KeyRoutes:
    """Answers `/api/keys` and the addresses below it. A secret is in two answers and in no other.

    What goes wrong in the store is app.py's to tell.
    """

    def __init__(self, keys: ApiKeys, quota: Quota, clock: Clock) -> None:
        self._keys = keys
        self._quota = quota
        self._clock = clock

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        return (
            Operation(
                method="GET",
                path=KEYS_PATH,
                handler=self.list,
                summary="All API keys, without their secrets",
                good={200: KeysOut},
                bad=(401, 403),
            ),
            Operation(
                method="POST",
                path=KEYS_PATH,
                handler=self.create,
                summary="Make an API key; its secret is in this answer and never again",
                body=KeyIn,
                good={201: NewKeyOut},
                acts=Acts(ActKind.KEY_CREATED, lambda _request, answer: answer["key"]["id"]),
                bad=(400, 401, 403, 409, 413, 500),
            ),
            *self._operations_of_one(),
        )

    def _operations_of_one(self) -> Sequence[Operation]:
        return (
            _of_one(
                "GET",
                self.get,
                summary="One API key, with what is left of its limits",
                good={200: KeyOut},
                bad=(401, 403, 404, 503),
            ),
            _of_one(
                "PATCH",
                self.change,
                summary="Change its name, its limits and what it may do",
                acts=Acts(ActKind.KEY_CHANGED, _find_id),
                body=KeyPatch,
                good={200: KeyOut},
                bad=(400, 401, 403, 404, 409, 412, 413, 500),
            ),
            _of_one(
                "DELETE",
                self.delete,
                summary="Forget an API key that is revoked or has expired",
                acts=Acts(ActKind.KEY_DELETED, _find_id),
                good={200: KeyOut},
                bad=(401, 403, 404, 409, 500),
            ),
            _of_one(
                "POST",
                self.rotate,
                "/rotate",
                summary="Give it another secret, which is in this answer and never again",
                acts=Acts(ActKind.KEY_ROTATED, _find_id),
                body=RotationIn,
                is_body_required=False,
                good={200: NewKeyOut},
                bad=(400, 401, 403, 404, 409, 413, 500),
            ),
            _of_one(
                "POST",
                self.revoke,
                "/revoke",
                summary="Let no request of it in any more, for ever",
                acts=Acts(ActKind.KEY_REVOKED, _find_id),
                good={200: KeyOut},
                bad=(401, 403, 404, 409, 500),
            ),
        )

    async def list(self, _request: Request) -> Response:
        """All of them, with what is left of those that were used.

        Whoever has just changed one elsewhere looks here; where the store is away, what was read
        last is shown.
        """
        await self._keys.catch_up()
        now = self._clock.now()
        shown = [show_key(key, now, await self._quota.peek(key)) for key in self._keys.all]
        return reply(KeysOut(shown))

    async def create(self, request: Request) -> Response:
        """A new one."""
        given = await read_json(request, _CREATE)
        new = await self._keys.create(terms_of_new(given), given.id)
        return reply(NewKeyOut(self._show(new.key), new.secret.reveal()), 201)

    async def get(self, request: Request) -> Response:
        """One of them."""
        await self._keys.catch_up()
        key = await self._keys.get(_id(request))
        standing = await self._quota.stand(key)
        return reply(show_key(key, self._clock.now(), standing))

    async def change(self, request: Request) -> Response:
        """Other terms, from the next request on."""
        given = await read_json(request, _PATCH)
        key = await self._keys.get(_id(request), given.version or 1)
        terms = changed_terms(key.terms, given)
        # What was read here is what is changed, whoever comes in between.
        changed = await self._keys.change(key.id, terms, given.version or key.version)
        return reply(self._show(changed))

    async def rotate(self, request: Request) -> Response:
        """Another secret."""
        given = await read_json(request, _ROTATE)
        new = await self._keys.rotate(_id(request), given.keep_old_s)
        return reply(NewKeyOut(self._show(new.key), new.secret.reveal()))

    async def revoke(self, request: Request) -> Response:
        """The end of it."""
        return reply(self._show(await self._keys.revoke(_id(request))))

    async def delete(self, request: Request) -> Response:
        """Forget one; the answer says what it was."""
        key = await self._keys.get(_id(request))
        await self._keys.delete(key.id)
        return reply(self._show(key))

    def _show(self, key: ApiKey) -> KeyOut:
        return show_key(key, self._clock.now(), None)


def _find_id(request: Request, _answer: object) -> str:
    return _id(request)


def _id(request: Request) -> str:
    key_id: str = request.path_params["key_id"]
    return key_id
