"""`/api/prices`: what models cost, entered, listed and taken away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.service.prices import Prices
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import Acts, Operation, Parameter
from cursor_api.web.http.query import Query, wrong
from cursor_api.web.management.key_shapes import PriceShape, PricesOut, read_price, show_price

PRICES_PATH: Final = "/api/prices"

_PUT = msgspec.json.Decoder(PriceShape)


class PriceRoutes:
    """Answers `/api/prices`. A price is known by its model and its first day."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        return (
            Operation(
                method="GET",
                path=PRICES_PATH,
                handler=self.list,
                summary="All prices, in dollars for a million tokens",
                good={200: PricesOut},
                bad=(401, 403),
            ),
            Operation(
                method="PUT",
                path=PRICES_PATH,
                handler=self.put,
                summary="Enter a price, or correct the one of that model and day",
                acts=Acts(ActKind.PRICE_SET, lambda _request, answer: _name(answer)),
                body=PriceShape,
                good={200: PriceShape},
                bad=(400, 401, 403, 409, 413, 500),
            ),
            Operation(
                method="DELETE",
                path=PRICES_PATH,
                handler=self.delete,
                summary="Take a price away",
                acts=Acts(
                    ActKind.PRICE_REMOVED, lambda request, _answer: _name(request.query_params)
                ),
                parameters=(
                    Parameter("model", "query", {"type": "string"}),
                    Parameter("valid_from", "query", {"type": "string", "format": "date"}),
                ),
                good={200: PricesOut},
                bad=(400, 401, 403, 404, 500),
            ),
        )

    async def list(self, _request: Request) -> Response:
        """All of them."""
        return self._show()

    async def put(self, request: Request) -> Response:
        """It holds for what begins from now on; what is recorded keeps its cost."""
        price = read_price(await read_json(request, _PUT))
        await self._prices.put(price)
        return reply(show_price(price))

    async def delete(self, request: Request) -> Response:
        """One of them; the answer has the others."""
        query = Query(request, ("model", "valid_from"))
        model, day = query.text("model"), query.parse("valid_from", dt.date.fromisoformat)
        if model is None:
            raise wrong("model", "it is the name that the price has")
        if day is None:
            raise wrong("valid_from", "it is the first day of the price, such as 2026-01-31")
        await self._prices.delete(model, day)
        return self._show()

    def _show(self) -> Response:
        return reply(PricesOut([show_price(price) for price in self._prices.all]))


def _name(price: Mapping[str, Any]) -> str:
    """By which one is known in the audit."""
    return f"{price['model']} {price['valid_from']}"
