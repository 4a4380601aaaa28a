"""`GET /v1/models` and `GET /v1/models/{id}`."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.ports import Dialect
from cursor_api.service.inference.catalog import Catalog
from cursor_api.web.http.operation import Key, Operation, Parameter

JSON_MEDIA_TYPE = "application/json"


class Models:
    """`GET /v1/models` and `GET /v1/models/{id}`; open to all, as in the reference."""

    def __init__(self, catalog: Catalog, dialect: Dialect) -> None:
        self._catalog = catalog
        self._dialect = dialect

    async def list(self, _request: Request) -> Response:
        """All models."""
        body = self._dialect.models(self._catalog.models)
        return Response(body, media_type=JSON_MEDIA_TYPE)

    async def get(self, request: Request) -> Response:
        """One model; an unknown one is a 404 that names the nearest."""
        model = self._catalog.get_model(request.path_params["model_id"])
        return Response(self._dialect.model(model), media_type=JSON_MEDIA_TYPE)

    def operations(self) -> Sequence[Operation]:
        """Both, as rows."""
        described = self._dialect.description
        name = {"type": "string", "minLength": 1}
        return (
            Operation(
                method="GET",
                path="/v1/models",
                handler=self.list,
                key=Key.NONE,
                is_for_pages=True,
                summary="All models",
                good={200: described.models},
            ),
            Operation(
                method="GET",
                path="/v1/models/{id}",
                route="/v1/models/{model_id:path}",
                handler=self.get,
                key=Key.NONE,
                is_for_pages=True,
                summary="One model",
                parameters=(Parameter("id", "path", name, "gpt-4o-mini"),),
                good={200: described.model},
                bad=(404,),
            ),
        )
