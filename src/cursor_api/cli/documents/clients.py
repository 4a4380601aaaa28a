"""The set-up of each client in docs/clients.md and its Chinese twin, from the table of clients.

It stands between two marks; the rest of both pages is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cursor_api.clients.client import Client, Place, exports_of, fill
from cursor_api.clients.table import CLIENTS
from cursor_api.options.said import Words

FILES: Final = {"en": "clients.md", "zh": "clients.zh-CN.md"}
BEGIN: Final = "<!-- Written from src/cursor_api/clients; do not edit below. -->"
END: Final = "<!-- Written by hand again. -->"
# What a reader replaces; the demo serves these models.
PLACE: Final = Place(
    "http://127.0.0.1:3000",
    "the-value-of-AUTH_TOKEN",
    "claude-3-5-sonnet-200k",
    "claude-3-haiku-200k",
)
_SPEAKS: Final = Words("Speaks `{}`.", "使用 `{}`。")
_RUN: Final = Words("In one step: `cursor-api run {}`", "一步启动：`cursor-api run {}`")
_FILE: Final = Words("{}:", "{}：")


def render_clients(language: str) -> str:
    """What stands between the marks, in one of the languages of `FILES`."""
    return "\n".join(line for client in CLIENTS.values() for line in _lines(client, language))


def put_clients(page: str, language: str) -> str:
    """The page with this in its place; raises ValueError for one without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the clients")
    return f"{before}{BEGIN}\n\n{render_clients(language)}\n{END}{after}"


def write_clients(folder: Path) -> None:
    """In both pages."""
    for language, name in FILES.items():
        path = folder / name
        page = put_clients(path.read_text(encoding="utf-8"), language)
        path.write_text(page, encoding="utf-8", newline="\n")


def _lines(client: Client, language: str) -> Iterator[str]:
    yield f"### {client.title}"
    yield ""
    yield _SPEAKS.of(language).format(client.api.value)
    yield ""
    for step in client.steps:
        yield f"- {fill(step.of(language), '', PLACE)}"
    if client.steps:
        yield ""
    exports = exports_of(client, PLACE)
    if exports:
        yield from _block("sh", "\n".join(exports))
    if client.file is not None:
        yield _FILE.of(language).format(client.file.where.of(language))
        yield ""
        file = client.file
        yield from _block(file.language, fill(file.template, file.language, PLACE))
    for snippet in client.snippets:
        yield from _block(snippet.language, fill(snippet.template, snippet.language, PLACE))
    if client.program:
        yield _RUN.of(language).format(client.name)
        yield ""


def _block(language: str, text: str) -> Iterator[str]:
    yield f"```{language}"
    yield text.rstrip("\n")
    yield "```"
    yield ""
