"""The command that shows what became of requests, and goes on showing it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from cursor_api.cli.asking.request_words import Request, describe, head, line
from cursor_api.cli.gateway.call import Call, CallError, GatewayAddress, fetch_as
from cursor_api.cli.gateway.place import find_gateway
from cursor_api.cli.terminal.display import now_utc, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result

PATH: Final = "/api/requests"
COUNT_MAX: Final = 500
# Between two looks of `-f`, and how many requests one of them sees: newer ones come first.
POLL_S: Final = 1.0
FOLLOW_COUNT: Final = 200
# Those that were shown are known for as long as they may come again.
SEEN_MAX: Final = 2000
_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FILTERS: Final = ("model", "caller", "credential", "text")
# As the lines here call it, and as the gateway does; `--json` shows the latter.
_STATUSES: Final = {
    "answered": "success",
    **{name: name for name in ("success", "failed", "refused", "cancelled")},
}


class _Page(msgspec.Struct):
    """Newest first. `rows` are as they came, for whoever wants JSON."""

    requests: list[msgspec.Raw]


def show_logs(parsed: argparse.Namespace) -> int:
    """`logs`."""
    try:
        gateway = find_gateway(parsed, is_operator=True)
        if parsed.id is not None:
            return _show_one(gateway, parsed)
        _show_all(gateway, parsed)
    except msgspec.MsgspecError:
        print_error(say("error: what answers there is a gateway of another version."))
        return 1
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    return 0


def _show_one(gateway: GatewayAddress, parsed: argparse.Namespace) -> int:
    found = fetch_as(gateway, Call("GET", f"{PATH}/{quote(parsed.id, safe='')}"), msgspec.Raw)
    if parsed.json:
        print_json(msgspec.json.decode(found))
        return 0
    for row in describe(msgspec.json.decode(found, type=Request)):
        print_result(row)
    return 0


def _show_all(gateway: GatewayAddress, parsed: argparse.Namespace) -> None:
    filters = _read_filters(parsed)
    seen = _Seen()
    page = _fetch(gateway, {**filters, "count": parsed.count})
    if not parsed.json and (page or parsed.follow):
        print_result(head())
    _print(seen.new_of(page), parsed)
    if not page and not parsed.follow:
        print_error(say("No finished request matches. For running ones: cursor-api status"))
    while parsed.follow:
        time.sleep(POLL_S)
        _print(seen.new_of(_fetch(gateway, {**filters, "count": FOLLOW_COUNT})), parsed)


def _read_filters(parsed: argparse.Namespace) -> dict[str, Any]:
    """As the address takes them; raises ValueError with words for its user."""
    if not 1 <= parsed.count <= COUNT_MAX:
        raise ValueError(say("-n takes a number from 1 to {most}", most=COUNT_MAX))
    filters = {name: getattr(parsed, name) for name in _FILTERS}
    if parsed.status is not None:
        filters["status"] = _read_status(parsed.status)
    if parsed.since is not None:
        filters["since"] = _read_since(parsed.since)
    return {name: value for name, value in filters.items() if value is not None}


def _read_status(text: str) -> str:
    if text not in _STATUSES:
        raise ValueError(say("--status takes answered, failed, refused or cancelled"))
    return _STATUSES[text]


def _read_since(text: str) -> str:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return (now_utc() - timedelta(seconds=int(ago[1]) * _UNITS_S[ago[2]])).isoformat()
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        words = say("--since takes 30m, 2h, 7d, or a time such as 2026-01-31T14:00")
        raise ValueError(words) from None


def _fetch(gateway: GatewayAddress, query: Mapping[str, Any]) -> list[msgspec.Raw]:
    """Newest first; raises CallError."""
    return fetch_as(gateway, Call("GET", f"{PATH}?{urlencode(query)}"), _Page).requests


class _Seen:
    """What was shown already. A request is listed when it has ended, in the order of beginnings."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def new_of(self, page: Sequence[msgspec.Raw]) -> Iterator[tuple[Request, msgspec.Raw]]:
        """Those that were not, oldest first."""
        for row in reversed(page):
            request = msgspec.json.decode(row, type=Request)
            if request.id not in self._ids:
                self._ids[request.id] = None
                yield request, row
        while len(self._ids) > SEEN_MAX:
            self._ids.popitem(last=False)


def _print(found: Iterable[tuple[Request, msgspec.Raw]], parsed: argparse.Namespace) -> None:
    for request, row in found:
        print_result(bytes(row).decode() if parsed.json else line(request))
    sys.stdout.flush()
