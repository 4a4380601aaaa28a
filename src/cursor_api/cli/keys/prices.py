"""The commands that look at prices and change them."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Final

from cursor_api.bootstrap.api_keys import KeyHouse
from cursor_api.cli.keys.actions import note, with_keys
from cursor_api.cli.keys.words import money, text_in_words
from cursor_api.cli.terminal.display import print_json, print_table
from cursor_api.cli.terminal.output import print_result
from cursor_api.domain.act import ActKind
from cursor_api.domain.price import Price
from cursor_api.web.management.key_shapes import PricesOut, show_price

COLUMNS: Final = ("MODEL", "FROM", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITTEN", "SOURCE")


def show_all(parsed: argparse.Namespace) -> int:
    """`price list`."""

    async def work(house: KeyHouse) -> int:
        prices = house.prices.all
        if parsed.json:
            print_json(PricesOut([show_price(price) for price in prices]))
        elif not prices:
            print_result("No price yet: what requests cost is unknown. See `cursor-api price -h`.")
        else:
            print_table(COLUMNS, [_row(price) for price in prices])
        return 0

    return with_keys(parsed, work)


def set_one(parsed: argparse.Namespace) -> int:
    """`price set`."""
    price = Price(
        pattern=parsed.model,
        valid_from=parsed.valid_from or dt.datetime.now(dt.UTC).date(),
        input_nano=parsed.input,
        output_nano=parsed.output,
        source=parsed.source,
        cache_read_nano=parsed.cache_read,
        cache_written_nano=parsed.cache_written,
    )

    async def work(house: KeyHouse) -> int:
        await house.prices.put(price)
        await note(house, ActKind.PRICE_SET, f"{price.pattern} {price.valid_from}")
        print_result(
            f"A million tokens of {price.pattern} cost {money(price.input_nano)} in and"
            f" {money(price.output_nano)} out from {price.valid_from} on."
        )
        return 0

    return with_keys(parsed, work)


def remove(parsed: argparse.Namespace) -> int:
    """`price remove`."""

    async def work(house: KeyHouse) -> int:
        await house.prices.delete(parsed.model, parsed.valid_from)
        await note(house, ActKind.PRICE_REMOVED, f"{parsed.model} {parsed.valid_from}")
        print_result(
            f"The price of {text_in_words(parsed.model)} from {parsed.valid_from} is gone."
        )
        return 0

    return with_keys(parsed, work)


def _row(price: Price) -> tuple[str, ...]:
    return (
        price.pattern,
        price.valid_from.isoformat(),
        money(price.input_nano),
        money(price.output_nano),
        _optional(price.cache_read_nano),
        _optional(price.cache_written_nano),
        text_in_words(price.source),
    )


def _optional(nano: int | None) -> str:
    return "as input" if nano is None else money(nano)
