"""Token files whose tokens are sealed: what a line says, and what stands in the file for it.

Rules of this file:
- Only the token of a line is sealed, so that the rest stays readable and every line keeps its
  number: `alias::sealed:KEY:TEXT`, and in the token list `sealed:KEY:TEXT,checksum`.
- A file with a line that cannot be opened is not read at all, and so never replaced by less.
- A line that is not sealed yet is taken as it is; `close` seals it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct, field

from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.domain.value import repr_without
from cursor_api.files.sealing import ID_DIGITS, KEY, SEALED_CHARS_MIN, Sealer, UnsealError
from cursor_api.upstreams.cursor.forms import BLANKS
from cursor_api.upstreams.cursor.token_files.lines import (
    NAMED_MAX,
    name_lines,
    replace_lines,
    split_lines,
)
from cursor_api.upstreams.cursor.token_files.text import Entry

# What it is bound to; a token may stand in either file, and in any line of it.
CONTEXT: Final = "token file"
# What is behind the last `::` of a line is its token; what is before it may have any name.
_PLACE: Final = re.compile(rf"""(?:^|(?<=::)|(?<=[\s"'`“‘{BLANKS}]))(?P<sealed>sealed:[^\s"',]*)""")
# What is left of one that was cut short, or otherwise damaged: nobody may take it for a token, and
# seal it in the place of what could be mended. A JWT, which may have a name before it, has dots.
_HEX: Final = f"[0-9a-f]{{{ID_DIGITS}}}"
_REST: Final = rf"[A-Za-z0-9_-]{{{SEALED_CHARS_MIN},}}(?![A-Za-z0-9._-])"
_TRACE: Final = re.compile(rf"(?P<sealed>(?i:sealed):|{_HEX}:{_REST})")
# Whether there is one, looked for by its colon: most lines have none, and a whole file is read as
# fast as ever.
_TRACE_IN_BYTES: Final = re.compile(rf":(?:(?<=(?i:sealed):)|(?<={_HEX}:){_REST})".encode())


class Opened(Struct, frozen=True):
    """The text of a file with its tokens in the clear.

    `sealed`: what stands in the file for a token, where it was sealed with the key of today;
    `is_sealed`: so are all that are in it.
    """

    data: bytes = b""
    sealed: Mapping[str, str] = field(default_factory=dict)
    is_sealed: bool = False

    __repr__ = repr_without("data", "sealed")


def open_lines(data: bytes, path: str, sealer: Sealer | None) -> Opened:
    """Raises StoreError, which names the lines that cannot be opened."""
    if not _TRACE_IN_BYTES.search(data):
        return Opened(data)
    texts: dict[int, str] = {}
    known: dict[str, str] = {}
    wrong: dict[str | None, list[int]] = {}
    for number, line, found in _find_sealed(data):
        if sealer is None:
            wrong.setdefault("", []).append(number)
            continue
        try:
            token = sealer.open_text(found["sealed"], CONTEXT)
        except UnsealError as error:
            wrong.setdefault(error.key_id, []).append(number)
            continue
        if found["sealed"].startswith(f"sealed:{sealer.key_id}:"):
            known[token] = found["sealed"]
        texts[number] = line[: found.start("sealed")] + token + line[found.end("sealed") :]
    if wrong:
        raise StoreError(_explain(path, wrong))
    count = sum(1 for line in data.split(b"\n") if not _says_nothing(line))
    return Opened(replace_lines(data, texts), known, len(known) == count)


def close_lines(opened: Opened, entries: tuple[Entry, ...], sealer: Sealer) -> bytes:
    """The file with the token of each entry sealed; what is sealed already stays as it is."""
    lines = split_lines(opened.data)
    known, texts = dict(opened.sealed), {}
    for entry in entries:
        line = lines[entry.line - 1].decode().removeprefix("\ufeff").rstrip("\r\n")
        if entry.bearer not in known:
            known[entry.bearer] = sealer.seal_text(entry.bearer, CONTEXT)
        texts[entry.line] = _put(line, entry, known[entry.bearer])
    return replace_lines(opened.data, texts)


def _find_sealed(data: bytes) -> Iterator[tuple[int, str, re.Match[str]]]:
    for number, raw in enumerate(split_lines(data), start=1):
        if _TRACE_IN_BYTES.search(raw) and not _says_nothing(raw):
            line = raw.decode(errors="replace").removeprefix("\ufeff").rstrip("\r\n")
            found = _find_place(line) or _TRACE.search(line, _start_of_token(line))
            if found is not None:
                yield number, line, found


def _find_place(line: str) -> re.Match[str] | None:
    return _PLACE.search(line, _start_of_token(line))


def _start_of_token(line: str) -> int:
    name, separator, _ = line.rpartition("::")
    return len(name) + len(separator)


def _says_nothing(line: bytes) -> bool:
    text = line.lstrip(b"\xef\xbb\xbf \t\r\n")
    return not text or text.startswith(b"#")


def _put(line: str, entry: Entry, sealed: str) -> str:
    """The line with the sealed text where its token is, in whatever spelling that stands there."""
    before, comma, after = line.partition(",") if entry.checksum else (line, "", "")
    start = before.rfind(entry.bearer)
    if start >= 0:
        put = before[:start] + sealed + before[start + len(entry.bearer) :]
        found = _find_place(put)
        if found is not None and found.start("sealed") == start:
            return put + comma + after
    alias = f"{entry.alias}::" if entry.alias else ""
    return f"{alias}{sealed}{comma}{after}"


def _explain(path: str, wrong: Mapping[str | None, list[int]]) -> Notice:
    key_id, numbers = next(iter(wrong.items()))
    named = ", ".join(map(str, numbers[:NAMED_MAX]))
    lines = name_lines(numbers)
    values = {"path": path, "lines": named, "key": key_id or ""}
    if key_id is None:
        text = (
            f"{path}: what is sealed in {lines} was altered; put back what stood there, or delete"
            " it and add the token again. The file stays as it is."
        )
        return Notice(NoticeCode.SEALED_ALTERED, text, values)
    if not key_id:
        text = f"{path}: {lines} can only be read with the key that sealed them; set {KEY}."
        return Notice(NoticeCode.SEALED_NO_KEY, text, values)
    text = (
        f"{path}: {lines} can only be read with the key {key_id}, which {KEY} does not have; put it"
        " there, behind the new one if there is one. The file stays as it is."
    )
    return Notice(NoticeCode.SEALED_OTHER_KEY, text, values)
