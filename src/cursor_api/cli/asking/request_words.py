"""One request in a line, or in full, for whoever reads it in a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import told_advice, told_by_code
from cursor_api.settings.report import cut, display_width

# The columns before the last one, which takes what is left.
COLUMNS: Final = (
    ("TIME", 14),
    ("STATUS", 9),
    ("FIRST", 7),
    ("TOTAL", 7),
    ("CALLER", 12),
    ("CREDENTIAL", 14),
    ("MODEL", 24),
)
LAST: Final = "FAULT"
_S_MS: Final = 1000
_WORDS: Final = {"success": "answered"}


class Usage(msgspec.Struct):
    """Tokens; `source` is who counted them."""

    input: int
    output: int
    source: str


class Attempt(msgspec.Struct):
    """One try at one credential."""

    credential: str
    fault: str | None
    duration_ms: float


class Request(msgspec.Struct):
    """What is shown of a request; the gateway tells more."""

    id: str
    started_at: datetime
    status: str
    caller: str
    model: str
    client: str = ""
    dialect: str = ""
    route: str = ""
    credential: str = ""
    fault: str | None = None
    error: str | None = None
    advice: str | None = None
    finish: str | None = None
    first_ms: float | None = None
    total_ms: float | None = None
    usage: Usage | None = None
    attempts: list[Attempt] = msgspec.field(default_factory=list)


def head() -> str:
    """The names of the columns."""
    return _join([say(name) for name, _ in COLUMNS], say(LAST))


def line(request: Request) -> str:
    """The request in columns: whole where nobody looks on, else as wide as the terminal."""
    cells = [
        f"{request.started_at.astimezone():%m-%d %H:%M:%S}",
        say(_WORDS.get(request.status, request.status)),
        _seconds(request.first_ms),
        _seconds(request.total_ms),
        request.caller or "-",
        request.credential or "-",
        request.model or "-",
    ]
    return _join([plain(cell) for cell in cells], _cause(request.fault))


def describe(request: Request) -> Iterator[str]:
    """All that is known, a fact a line."""
    facts = {
        say("id"): request.id,
        say("began"): f"{request.started_at.astimezone():%Y-%m-%d %H:%M:%S}",
        say("status"): say(_WORDS.get(request.status, request.status)),
        say("caller"): request.caller,
        say("client"): request.client,
        say("api"): request.dialect,
        say("model"): request.model,
        say("route"): request.route,
        say("credential"): request.credential,
        say("first text"): _seconds(request.first_ms),
        say("in all"): _seconds(request.total_ms),
        say("tokens"): _tokens(request.usage),
        say("finish"): request.finish or "",
        say("fault"): _cause(request.fault),
        say("error"): request.error or "",
        say("advice"): told_advice(request.fault or "", request.advice or "", request.model),
    }
    width = max(map(display_width, facts))
    for name, fact in facts.items():
        if fact:
            yield f"{_fit(name, width, is_cut=False)}  {plain(fact)}"
    for number, attempt in enumerate(request.attempts, start=1):
        name = _fit(say("attempt {number}", number=number), width, is_cut=False)
        end = plain(f"{attempt.credential}: {_cause(attempt.fault) or say('answered')}")
        took = _seconds(attempt.duration_ms)
        yield f"{name}  {say('{end} after {took}', end=end, took=took)}"


def _cause(fault: str | None) -> str:
    """By its name, which is what `--json` and the documentation call it; in Chinese in words."""
    return plain(told_by_code("cause", fault)) if fault else ""


def _seconds(duration_ms: float | None) -> str:
    return "-" if duration_ms is None else f"{duration_ms / _S_MS:.2f} s"


def _tokens(usage: Usage | None) -> str:
    if usage is None:
        return ""
    return say(
        "{given} in, {got} out ({source})", given=usage.input, got=usage.output, source=usage.source
    )


def _join(cells: list[str], last: str) -> str:
    is_terminal = sys.stdout.isatty()
    padded = [
        _fit(cell, width, is_cut=is_terminal)
        for cell, (_, width) in zip(cells, COLUMNS, strict=True)
    ]
    text = "  ".join([*padded, last]).rstrip()
    if not is_terminal:
        return text
    return cut(text, shutil.get_terminal_size().columns)


def _fit(cell: str, width: int, *, is_cut: bool) -> str:
    shown = cut(cell, width) if is_cut else cell
    return shown + " " * (width - display_width(shown))
