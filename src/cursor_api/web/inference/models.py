"""`GET /v1/models` and `GET /v1/models/{id}`."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.catalog import Model
from cursor_api.ports.dialect import Dialect
from cursor_api.service.access.quota import check_model
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.relay import Relay
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.answers import JSON_HEADER
from cursor_api.web.http.dialects import Dialects
from cursor_api.web.http.operation import Key, Operation, Parameter


class Models:
    """`GET /v1/models` and `GET /v1/models/{id}`; open to all, as in the earlier program.

    A wrong key is refused all the same: clients ask for the models to find out whether their key
    is right. Each client reads them in its own dialect.
    """

    def __init__(
        self,
        catalog: Catalog,
        dialects: Sequence[Dialect],
        authenticator: Authenticator,
        relay: Relay,
    ) -> None:
        self._catalog = catalog
        self._relay = relay
        self._dialects = Dialects(dialects)
        self._described = dialects[0].description
        # No cache may give one client's list to another.
        names = [name for one in dialects for name in one.description.own_headers]
        self._headers = [JSON_HEADER, *((b"vary", name) for name in names)]
        self._authenticator = authenticator
        # By client API the last list for all, and how it is written: five thousand models take
        # 25 ms, and anybody may ask on and on.
        self._written: dict[str, tuple[Sequence[Model], bytes]] = {}

    async def list(self, request: Request) -> Response:
        """All models that can be asked: an endpoint without a credential shows none of its own.

        A key with a list of models sees what is on it.
        """
        caller = await self._authenticator.refuse_wrong(request.scope)
        key = caller.key if caller is not None else None
        dialect = self._dialects.find_client(request.scope["headers"])
        models: Sequence[Model] = self._catalog.models
        if not self._authenticator.is_passthrough:
            models = self._relay.find_served(models)
        if key is not None and key.models:
            return self._answer(dialect.models([one for one in models if key.allows(one.id)]))
        listed, body = self._written.get(dialect.name, ((), b""))
        if not body or listed != models:
            body = dialect.models(models)
            self._written[dialect.name] = models, body
        return self._answer(body)

    async def get(self, request: Request) -> Response:
        """One model; an unknown one is a 404 that names the nearest to who has a key."""
        caller = await self._authenticator.refuse_wrong(request.scope)
        name: str = request.path_params["model_id"]
        if caller is not None and caller.key is not None:
            check_model(caller.key, name)
        model = self._catalog.get_model(name, tells_near=caller is not None)
        dialect = self._dialects.find_client(request.scope["headers"])
        return self._answer(dialect.model(model))

    def _answer(self, body: bytes) -> Response:
        response = Response(body)
        response.raw_headers += self._headers
        return response

    def operations(self) -> Sequence[Operation]:
        """Both, as rows."""
        described = self._described
        name = {"type": "string", "minLength": 1}
        return (
            Operation(
                method="GET",
                path="/v1/models",
                handler=self.list,
                key=Key.OPTIONAL,
                is_for_pages=True,
                summary="All models",
                good={200: described.models},
                bad=(401,),
            ),
            Operation(
                method="GET",
                path="/v1/models/{id}",
                route="/v1/models/{model_id:path}",
                handler=self.get,
                key=Key.OPTIONAL,
                is_for_pages=True,
                summary="One model",
                parameters=(Parameter("id", "path", name, "gpt-4o-mini"),),
                good={200: described.model},
                bad=(401, 403, 404),
            ),
        )
