"""What a message asks the simulated bridge to do: `/sim …` on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cursor_api.simulator.cursor_sdk.options import BridgeFaults

_DIRECTIVE = re.compile(r"^/sim (.+)$", re.MULTILINE)
Change = dict[str, object]

ROWS: Final[tuple[tuple[str, str, Callable[[re.Match[str]], Change]], ...]] = (
    (r"ok", "a healthy run", lambda _: {}),
    (r"error (.+)", "a run that fails with this text", lambda found: {"run_error": found[1]}),
    (
        r"late error (.+)",
        "the same after three pieces of text",
        lambda found: {"run_error": found[1], "text_count": 3},
    ),
    (r"reset", "the stream is reset in the middle", lambda _: {"is_reset": True, "text_count": 2}),
    (r"cut", "it ends without a result", lambda _: {"is_cut": True, "text_count": 2}),
    (r"silence", "nothing but keep-alives", lambda _: {"is_silent": True}),
    (r"repeat", "the beginning is said twice", lambda _: {"is_repeated": True}),
    (r"unknown", "items of unknown types", lambda _: {"has_unknown_items": True}),
    (r"unknown tool", "a tool that nobody gave", lambda _: {"has_unknown_tool": True}),
    (r"ignore", "no call, though one is demanded", lambda _: {"is_demand_ignored": True}),
    (r"repeat call", "a call, made again", lambda _: {"is_call_repeated": True}),
    (r"arguments (\d+)", "so many bytes more", lambda found: {"argument_bytes": int(found[1])}),
    (r"cancelled", "ends as cancelled", lambda _: {"is_cancelled": True, "text_count": 1}),
    (r"rate (\d+)", "text frames a second", lambda found: {"tokens_per_s": float(found[1])}),
)


def obey(text: str, faults: BridgeFaults) -> BridgeFaults:
    """The faults as the text's directives change them; one that is unknown changes nothing."""
    for directive in _DIRECTIVE.findall(text):
        for pattern, _, change in ROWS:
            found = re.fullmatch(pattern, directive.strip())
            if found:
                # The table's own keys are fields; a test asks every row.
                faults = replace(faults, **change(found))  # type: ignore[arg-type]
                break
    return faults
