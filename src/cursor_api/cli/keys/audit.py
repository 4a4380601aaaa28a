"""The command that shows what operators did."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Final

from cursor_api.bootstrap.api_keys import KeyHouse
from cursor_api.cli.keys.actions import with_keys
from cursor_api.cli.terminal.display import plain, print_json, print_table
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_result
from cursor_api.cli.terminal.telling import told_by_code
from cursor_api.domain.act import ActKind, ActQuery, KeptAct
from cursor_api.web.management.audit import ActsOut, show_act

COUNT_MAX: Final = 10_000
COLUMNS: Final = ("AT", "WHO", "WHAT", "OF")


def show_all(parsed: argparse.Namespace) -> int:
    """`audit`."""

    async def work(house: KeyHouse) -> int:
        kind = ActKind(parsed.kind) if parsed.kind else None
        page = await house.audit.page(ActQuery(min(max(parsed.count, 1), COUNT_MAX), kind=kind))
        if parsed.json:
            print_json(ActsOut([show_act(one) for one in page.acts], page.continue_from))
        elif not page.acts:
            print_result(say("There are no such changes."))
        else:
            print_table(list(map(say, COLUMNS)), [_row(one) for one in page.acts])
        return 0

    return with_keys(parsed, work)


def _row(kept: KeptAct) -> tuple[str, ...]:
    at = datetime.fromtimestamp(kept.act.at, UTC).astimezone()
    return (
        f"{at:%Y-%m-%d %H:%M:%S}",
        plain(told_by_code("actor", kept.act.actor)),
        told_by_code("act", kept.act.kind),
        plain(kept.act.subject),
    )
