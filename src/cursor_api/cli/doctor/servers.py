"""Whether the servers that nodes share can be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.bootstrap import look_at_servers
from cursor_api.cli.terminal.telling import in_words, told_shortly
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.installed import Settings
from cursor_api.options.said import tell

SERVERS: Final = tell("servers")


async def check_servers(settings: Settings) -> Sequence[Check]:
    """The database and Redis, where they are set: each by a connection of its own."""
    checks = []
    async for one in look_at_servers(settings):
        if one.error is not None:
            advice = tell(
                "Look at the server, and at {name} with its user and password.", name=one.variable
            )
            checks.append(Check(SERVERS, Verdict.PROBLEM, told_shortly(one.error), advice))
        elif one.warning:
            checks.append(Check(SERVERS, Verdict.WARNING, in_words(one.warning)))
        else:
            checks.append(
                Check(
                    SERVERS,
                    Verdict.OK,
                    tell("{name}: {server} can be used", name=one.variable, server=one.name),
                )
            )
    return checks
