"""`GET /v1/models` and `GET /v1/models/{id}`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.dialects.openai_chat.models import render_model, render_models
from cursor_api.service.inference.catalog import Catalog


class Models:
    """`GET /v1/models` and `GET /v1/models/{id}`; open to all, as in the reference."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def list(self, _request: Request) -> Response:
        """All models."""
        return Response(render_models(self._catalog.models), media_type="application/json")

    async def get(self, request: Request) -> Response:
        """One model; an unknown one is a 404 that names the nearest."""
        model = self._catalog.get_model(request.path_params["model_id"])
        return Response(render_model(model), media_type="application/json")
