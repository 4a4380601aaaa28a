"""Whether the servers that nodes share can be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.bootstrap import look_at_servers
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.installed import Settings

SERVERS: Final = "servers"


async def check_servers(settings: Settings) -> Sequence[Check]:
    """The database and Redis, where they are set: each by a connection of its own."""
    checks = []
    async for one in look_at_servers(settings):
        if one.error is not None:
            advice = f"Look at the server, and at {one.variable} with its user and password."
            checks.append(Check(SERVERS, Verdict.PROBLEM, one.error.message, advice))
        elif one.warning:
            checks.append(Check(SERVERS, Verdict.WARNING, one.warning))
        else:
            checks.append(Check(SERVERS, Verdict.OK, f"{one.variable}: {one.name} can be used"))
    return checks
