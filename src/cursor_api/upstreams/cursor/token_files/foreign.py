"""Token files of other programs, taken into our own: which line becomes what.

Rules of this file:
- Nothing is dropped in silence: each line has its verdict, in words that hold no secret.
- What is here already stays as it is: a device that is stored is never replaced by another.
- A line that cannot be used keeps nobody else out. It stays where it was: sources are only read.
- A word of no known form is refused, other than in our own files: any file may be named by mistake.
- It decides and writes nothing.

Known are lines of `.token` (`token`, `alias::token`), of `.token-list` and `.tokens`
(`token,checksum`), those with a third column, which some releases had, and the JSON that
`export.py` reads, whose items count as lines.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from cursor_api.domain.credential import find_unusual
from cursor_api.domain.problems import Problem
from cursor_api.domain.value import repr_without
from cursor_api.options.said import tell
from cursor_api.upstreams.cursor.forms import (
    BLANKS,
    COOKIE_NAME,
    is_checksum,
    read_token,
    unquote,
    unwrap,
    why_no_token,
)
from cursor_api.upstreams.cursor.token_files.book import Book, free_alias
from cursor_api.upstreams.cursor.token_files.export import read_export
from cursor_api.upstreams.cursor.token_files.text import (
    NOT_A_CHECKSUM,
    UTF8_BOM,
    TextLimits,
    why_no_alias,
)

_ACCOUNT: Final = "user_"
# After the token: its checksum, and what some releases say of it.
COLUMNS_MAX: Final = 2
# What the third column says of one that does not serve there.
_OFF: Final = frozenset({"disabled", "false", "0", "expired", "invalid"})
_ON: Final = frozenset({"enabled", "true", "1", "active", "valid", ""})
_COMMENT: Final = tell("a comment")
_BINARY: Final = tell(
    "a binary file, such as tokens.bin, which only the program that wrote it can read: take the"
    " tokens out of it there (POST /tokens/get, saved as a file), and import that"
)


_UNUSUAL: Final = tell(
    "no token: an API key (crsr_…) is made in Cursor's dashboard under Integrations; a session"
    " token (a JWT: it begins with eyJ and has two dots) is what `cursor-api token show` finds, or"
    " the browser's cookie {cookie}",
    cookie=COOKIE_NAME,
)


class Verdict(enum.Enum):
    """What becomes of a line."""

    ADDED = "added"
    # The credential is here; its device was not.
    DEVICE = "device"
    KNOWN = "known"
    COMMENT = "comment"
    REFUSED = "refused"


_NO_TOKEN: Final = (Verdict.REFUSED, tell("an item without a token"))


class Outcome(Struct, frozen=True):
    """A line of a source, from 1, what becomes of it, and why; `alias` is its name here.

    A `problem` is one that a line of our own files could have, too; `detail` has its English.
    """

    file: str
    line: int
    verdict: Verdict
    detail: str = ""
    alias: str = ""
    problem: Problem | None = None


class Plan(Struct, frozen=True):
    """What to append to our files, and the verdict on each line."""

    tokens: tuple[str, ...]
    listed: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = ()

    __repr__ = repr_without("tokens", "listed")

    def count(self, verdict: Verdict) -> int:
        """How many lines it is the verdict on."""
        return sum(one.verdict is verdict for one in self.outcomes)


class _Line(Struct, frozen=True):
    file: str
    number: int
    alias: str | None
    bearer: str
    checksum: str
    note: str

    __repr__ = repr_without("bearer", "checksum")


def plan_import(book: Book, sources: Iterable[tuple[str, bytes]], limits: TextLimits) -> Plan:
    """What `sources`, named bytes in order, bring that is not here. Raises nothing."""
    planner = _Planner(book)
    outcomes: list[Outcome] = []
    for file, data in sources:
        outcomes.extend(_plan_file(planner, file, data, limits))
    return Plan(tuple(planner.tokens), tuple(planner.lines()), tuple(outcomes))


def _plan_file(planner: _Planner, file: str, data: bytes, limits: TextLimits) -> Iterator[Outcome]:
    if len(data) > limits.file_bytes_max or data.count(b"\n") > limits.lines_max:
        words = tell("more than any list of tokens has; divide the file")
        yield Outcome(file, 1, Verdict.REFUSED, words)
        return
    if b"\0" in data:
        yield Outcome(file, 1, Verdict.REFUSED, _BINARY)
        return
    exported = read_export(data)
    if exported is not None:
        for number, item in enumerate(exported, start=1):
            read = _read(file, number, item) if item else Outcome(file, number, *_NO_TOKEN)
            yield read if isinstance(read, Outcome) else planner.take(read)
        return
    for number, raw in enumerate(data.removeprefix(UTF8_BOM).split(b"\n"), start=1):
        try:
            text = raw.decode().strip(BLANKS)
        except UnicodeDecodeError:
            words = tell("not UTF-8 text; save the file as UTF-8")
            yield Outcome(file, number, Verdict.REFUSED, words)
            continue
        if text.startswith("#"):
            yield Outcome(file, number, Verdict.COMMENT, _COMMENT)
        elif len(raw) > limits.line_bytes_max:
            yield Outcome(file, number, Verdict.REFUSED, tell("longer than any token"))
        elif text:
            line = _read(file, number, text)
            yield line if isinstance(line, Outcome) else planner.take(line)


def _read(file: str, number: int, text: str) -> _Line | Outcome:
    """One line, or why it cannot be used."""
    token, *columns = (unquote(part) for part in unwrap(text).split(","))
    alias, bearer = read_token(token)
    checksum = columns[0] if columns else ""
    problem = why_no_token(bearer) or (why_no_alias(alias) if alias else None)
    if problem is None and checksum and not is_checksum(checksum):
        problem = NOT_A_CHECKSUM
    if problem is not None:
        return Outcome(file, number, Verdict.REFUSED, problem.text, problem=problem)
    if len(columns) > COLUMNS_MAX:
        return Outcome(file, number, Verdict.REFUSED, tell("more than three columns"))
    note = _note_on(columns[1].strip().lower()) if len(columns) == COLUMNS_MAX else ""
    return _Line(file, number, alias, bearer, checksum, note)


def _note_on(said: str) -> str:
    """What the third column means here."""
    if said in _OFF:
        return tell(
            "its third column says {said!r}: `cursor-api token test` shows if it serves", said=said
        )
    return "" if said in _ON else tell("its third column means nothing here and was left out")


class _Planner:
    """Remembers what is here by now."""

    def __init__(self, book: Book) -> None:
        self.tokens: list[str] = []
        self._forms = book.forms
        self._aliases = {one.secret.reveal(): one.alias for one in book.credentials}
        self._taken: set[str | None] = {*self._aliases.values()}
        for entry in book.tokens:
            if entry.bearer not in self._aliases:
                self._name(entry.bearer, entry.alias)
        self._checksums = {entry.bearer: entry.checksum for entry in book.listed}
        self._new: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """Those of the token list, once all sources were read."""
        return (f"{bearer},{checksum}" for bearer, checksum in self._new.items())

    def take(self, line: _Line) -> Outcome:
        """The verdict on a line that is written as one is."""
        if line.bearer not in self._aliases and find_unusual(line.bearer, self._forms):
            return Outcome(line.file, line.number, Verdict.REFUSED, _UNUSUAL)
        verdict, detail = self._place(line)
        alias = self._aliases[line.bearer]
        if alias != line.alias and line.alias and verdict is Verdict.ADDED:
            taken = tell("as {alias}, for its name is taken here", alias=alias)
            detail = _join(detail, taken)
        return Outcome(line.file, line.number, verdict, _join(detail, line.note), alias)

    def _place(self, line: _Line) -> tuple[Verdict, str]:
        known = line.bearer in self._aliases
        here = self._checksums.get(line.bearer) or self._new.get(line.bearer)
        if not known:
            alias = self._name(line.bearer, line.alias)
            # An account's number may stand on several lines; only chosen names are written.
            is_named = line.alias and not line.alias.lower().startswith(_ACCOUNT)
            spelled = alias if is_named else line.alias
            self.tokens.append(f"{spelled}::{line.bearer}" if spelled else line.bearer)
        if line.checksum and here is None and self._is_bound(line.bearer):
            self._new[line.bearer] = line.checksum
            return (Verdict.DEVICE, "") if known else (Verdict.ADDED, tell("with its device"))
        if not known:
            return Verdict.ADDED, ""
        if line.checksum and here and here != line.checksum:
            words = tell("with another device; the one that is stored here stays")
            return Verdict.KNOWN, words
        return Verdict.KNOWN, ""

    def _name(self, bearer: str, wanted: str | None) -> str:
        alias = free_alias(wanted, bearer, self._taken)
        self._aliases[bearer] = alias
        self._taken.add(alias)
        return alias

    def _is_bound(self, bearer: str) -> bool:
        return next(form for form in self._forms if form.is_form_of(bearer)).is_bound


def _join(one: str, other: str) -> str:
    return tell("{one}; {other}", one=one, other=other) if one and other else one or other
