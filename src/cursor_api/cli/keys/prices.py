"""The commands that look at prices and change them."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Final

from cursor_api.bootstrap.api_keys import KeyHouse
from cursor_api.cli.keys.actions import note, with_keys
from cursor_api.cli.keys.words import money, text_in_words
from cursor_api.cli.terminal.display import print_json, print_table
from cursor_api.cli.terminal.language import say
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
            print_result(
                say(
                    "There are no prices, so the cost of requests is unknown. See `cursor-api price"
                    " -h`."
                )
            )
        else:
            print_table(list(map(say, COLUMNS)), [_row(price) for price in prices])
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
            say(
                "A million tokens of {model} cost {input} in and {output} out from {day} on.",
                model=price.pattern,
                input=money(price.input_nano),
                output=money(price.output_nano),
                day=price.valid_from,
            )
        )
        return 0

    return with_keys(parsed, work)


def remove(parsed: argparse.Namespace) -> int:
    """`price remove`."""

    async def work(house: KeyHouse) -> int:
        await house.prices.delete(parsed.model, parsed.valid_from)
        await note(house, ActKind.PRICE_REMOVED, f"{parsed.model} {parsed.valid_from}")
        print_result(
            say(
                "Removed the price of {model} from {day}.",
                model=text_in_words(parsed.model),
                day=parsed.valid_from,
            )
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
    return say("as input") if nano is None else money(nano)
