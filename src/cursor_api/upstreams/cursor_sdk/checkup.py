"""What an operator wants to know of the official way before anything is asked by way of it."""

from __future__ import annotations

import asyncio
import importlib.metadata
import time
from collections.abc import AsyncIterator
from typing import Final

from msgspec.structs import replace

from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.domain.errors import Fault
from cursor_api.options.said import tell
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.upstreams.cursor_sdk.bridge import find_flaw_of_cage
from cursor_api.upstreams.cursor_sdk.opening import open_calls
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.program import find_program

PACKAGE: Final = "cursor-sdk"
CAGE_ADVICE: Final = tell(
    "Cursor's servers could make the bridge read and write files and run programs of this user: run"
    " the gateway as a user of its own, or in a container."
)
# A start takes half a second; on a loaded machine many times that.
START_S_MAX: Final = 60.0


async def diagnose(options: SdkOptions, parts: UpstreamParts) -> AsyncIterator[Check]:
    """The program, the cage, and whether a bridge starts; see `domain.diagnosis.Diagnosing`."""
    if options.bridge_url is None:
        try:
            await asyncio.to_thread(find_program, options.bridge_bin)
        except Fault as fault:
            yield Check("", Verdict.PROBLEM, fault.said)
            return
        yield Check(
            "",
            Verdict.OK,
            tell("the bridge's program is there{version}", version=_version(options)),
        )
        flaw = find_flaw_of_cage(options)
        if flaw:
            yield Check(
                "",
                Verdict.WARNING,
                tell("the bridge runs without a cage: {reason}", reason=flaw),
                CAGE_ADVICE,
            )
        else:
            yield Check("", Verdict.OK, tell("the bridge is kept from every file but its own"))
    yield await _check_start(options, parts)


def _version(options: SdkOptions) -> str:
    """The package's, which is not imported."""
    if options.bridge_bin is not None:
        return ""
    try:
        return f" ({PACKAGE} {importlib.metadata.version(PACKAGE)})"
    except importlib.metadata.PackageNotFoundError:
        return ""


async def _check_start(options: SdkOptions, parts: UpstreamParts) -> Check:
    started = time.monotonic()
    try:
        async with (
            open_calls(replace(options, is_started_early=False), parts) as calls,
            asyncio.timeout(START_S_MAX),
        ):
            await calls.get_address()
    except Fault as fault:
        return Check("", Verdict.PROBLEM, fault.said)
    except TimeoutError:
        words = tell("the bridge did not answer within {limit_s} s", limit_s=f"{START_S_MAX:.0f}")
        return Check("", Verdict.PROBLEM, words)
    return Check(
        "",
        Verdict.OK,
        tell("a bridge answers after {took_s} s", took_s=f"{time.monotonic() - started:.1f}"),
    )
