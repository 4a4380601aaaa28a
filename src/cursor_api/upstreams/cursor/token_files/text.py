"""The text of `.token` and `.token-list`, read strictly and without I/O.

Rules of this file:
- Bytes go in; credentials with their line numbers, and problems, come out. Nothing is repaired.
- A problem says what is wrong in which line and never shows the line: it holds a secret.
- A line that repeats another one is told, and keeps nobody out: the earlier program took them.
- A line is what stands before an LF, one CR before it included. Blank lines and lines that begin
  with `#` mean nothing and may stand anywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.errors import LineProblem, StoreError
from cursor_api.domain.problems import Notice, NoticeCode, Problem, ProblemCode
from cursor_api.domain.value import repr_without
from cursor_api.options.said import tell
from cursor_api.upstreams.cursor.forms import (
    BLANKS,
    is_checksum,
    name_of,
    read_token,
    unquote,
    unwrap,
    why_no_token,
)

# A CR inside a file is an old Mac's line end, which is told.
_EDGES: Final = BLANKS.replace("\r", "")
UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")

# An alias is read by people and travels in a header; a longer one is a token in the wrong place.
ALIAS_CHARS_MAX: Final = 128

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
# `user_…` in front of a token is the browser cookie's account id, not a name that a user chose.
ACCOUNT: Final = "user_"

NOT_A_CHECKSUM: Final = Problem(
    ProblemCode.BAD_BINDING,
    "the checksum is not of the known form: 8 characters and 64 hexadecimal digits,"
    " mostly followed by `/` and 64 more; leave it out for a new one",
)
_COMMA: Final = Problem(
    ProblemCode.COMMA,
    "a comma: a line here is `token` or `alias::token`; a token with its checksum belongs into the"
    " token list",
)
_NO_CHECKSUM: Final = Problem(
    ProblemCode.NO_BINDING, "no checksum: a line here is `token,checksum`"
)
_TWO_COMMAS: Final = Problem(
    ProblemCode.TWO_COMMAS, "more than one comma: a line here is `token,checksum`"
)
_SWAPPED: Final = Problem(
    ProblemCode.SWAPPED, "the token stands where the alias belongs: write `alias::token`"
)
_UTF16: Final = Problem(
    ProblemCode.UTF16,
    "the file is UTF-16 (PowerShell and Notepad may write it): save it as UTF-8",
)
_NOT_UTF8: Final = Problem(ProblemCode.NOT_UTF8, "not UTF-8 text")


class TextLimits(Struct, frozen=True):
    """How much a token file may hold; more is a mistake or an attack, and refused."""

    # Room for 10,000 credentials of 600 bytes twice over; all of it is held in memory at a load.
    file_bytes_max: int = 16 * 1024 * 1024
    # A session token has some 400 bytes; servers refuse headers of more than 8 or 16 KiB.
    line_bytes_max: int = 16 * 1024
    # A file of 16 MiB of line ends would otherwise cost a gigabyte of objects.
    lines_max: int = 200_000
    # Nobody reads more than this; a binary file has a problem in each line.
    problems_max: int = 100


class Entry(Struct, frozen=True):
    """A line that holds a credential. `line` counts from 1.

    `is_named` tells an alias that the user chose, and no line before has, from one that came with
    a browser's cookie. `is_encoded`: it is a cookie with its separator encoded. `checksum` is ""
    in a `.token` file, which has none.
    """

    line: int
    alias: str | None
    is_named: bool
    bearer: str
    checksum: str = ""
    is_encoded: bool = False

    __repr__ = repr_without("bearer", "checksum")


class Repeat(Struct, frozen=True):
    """A line of `file` with the token of another one, or with the alias of an earlier one.

    The first is not used; `is_used`: the second is, and its token goes by a name of its own.
    """

    file: str
    entry: Entry
    problem: Problem

    @property
    def is_used(self) -> bool:
        """Whether its token is."""
        return self.problem.code is ProblemCode.ALIAS_AGAIN


class Parsed(Struct, frozen=True):
    """What a file holds. `entries` are the usable lines even where there are problems.

    `problem_count` goes on counting where `problems` stops.
    """

    entries: tuple[Entry, ...]
    problems: tuple[LineProblem, ...]
    problem_count: int
    repeats: tuple[Repeat, ...] = ()


class _Problems:
    """Collects problems up to a limit."""

    def __init__(self, file: str, limits: TextLimits) -> None:
        self._file = file
        self._max = limits.problems_max
        self.found: list[LineProblem] = []
        self.count = 0

    def add(self, line: int, problem: Problem) -> None:
        self.count += 1
        if len(self.found) < self._max:
            self.found.append(LineProblem.of(self._file, line, problem))


class _Entries:
    """Collects the lines that can be used, and tells apart what repeats one of them."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._of_bearers: dict[str, Entry] = {}
        self._lines_of_aliases: dict[str, int] = {}
        self._repeats: list[Repeat] = []

    def add(self, entry: Entry) -> Problem | None:
        """What keeps it out; None when it is there, or is told as a repeat."""
        earlier = self._of_bearers.get(entry.bearer)
        if earlier is not None:
            return self._add_again(earlier, entry)
        if entry.is_named and entry.alias is not None:
            line = self._lines_of_aliases.setdefault(entry.alias, entry.line)
            if line != entry.line:
                entry = replace(entry, is_named=False)
                text = f"the alias of line {line} again"
                self._tell(entry, Problem(ProblemCode.ALIAS_AGAIN, text, str(line)))
        self._of_bearers[entry.bearer] = entry
        return None

    def _add_again(self, earlier: Entry, entry: Entry) -> Problem | None:
        is_same = earlier.checksum == entry.checksum
        if not is_same and earlier.is_encoded == entry.is_encoded:
            return _token_again(earlier.line, is_same=False)
        if not is_same and earlier.is_encoded:
            # The earlier program took an encoded cookie whole for a token, which nobody accepts,
            # and listed it with a device of its own: it is no device of this token.
            self._of_bearers[entry.bearer] = entry
            earlier, entry = entry, earlier
        self._tell(entry, _token_again(earlier.line, is_same=is_same))
        return None

    def _tell(self, entry: Entry, problem: Problem) -> None:
        self._repeats.append(Repeat(self._file, entry, problem))

    def close(self, problems: _Problems) -> Parsed:
        """All that was found."""
        entries, repeats = tuple(self._of_bearers.values()), tuple(self._repeats)
        return Parsed(entries, tuple(problems.found), problems.count, repeats)


def parse_tokens(data: bytes, file: str, limits: TextLimits) -> Parsed:
    """Read `.token`: `token` or `alias::token` a line, in each spelling `read_token` knows.

    `file` is the name that problems carry. Raises nothing.
    """
    problems, entries = _Problems(file, limits), _Entries(file)
    for line, text in _text_lines(data, limits, problems):
        if "," in unwrap(text):
            problems.add(line, _COMMA)
            continue
        entry, problem = _read_token(line, text)
        problem = problem or entries.add(entry)
        if problem:
            problems.add(line, problem)
    return entries.close(problems)


def parse_token_list(data: bytes, file: str, limits: TextLimits) -> Parsed:
    """Read `.token-list`: `token,checksum` a line, the token in any spelling.

    `file` is the name that problems carry. Raises nothing.
    """
    problems, entries = _Problems(file, limits), _Entries(file)
    for line, text in _text_lines(data, limits, problems):
        entry, problem = _read_listed(line, text)
        problem = problem or entries.add(entry)
        if problem:
            problems.add(line, problem)
    return entries.close(problems)


def require_text(data: bytes, file: str) -> str:
    """The file as text, nothing left out. Raises StoreError that names the first bad line."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = LineProblem.of(file, line, _not_utf8(data))
        raise StoreError(tell("{path} is not UTF-8 text.", path=file), [problem]) from None


def too_large(file: str, size_bytes: int, limits: TextLimits) -> Notice:
    """The words for a file above the limit."""
    limit = limits.file_bytes_max
    text = f"{file} has {size_bytes} bytes, more than the {limit} allowed; is it the right file?"
    values = {"path": file, "size": str(size_bytes), "limit": str(limit)}
    return Notice(NoticeCode.TOO_LARGE, text, values)


def fingerprint_of(bearer: str) -> str:
    """A name for a token that tells nothing of it: 64 hex digits."""
    return hashlib.sha256(bearer.encode()).hexdigest()


def _text_lines(data: bytes, limits: TextLimits, problems: _Problems) -> Iterator[tuple[int, str]]:
    """The lines that say something, stripped, with their numbers; what cannot be one is told."""
    if data.startswith(_UTF16_BOMS):
        problems.add(1, _not_utf8(data))
        return
    if data.count(b"\n") > limits.lines_max:
        many = f"more than the {limits.lines_max} lines allowed"
        problem = Problem(ProblemCode.MANY_LINES, many, str(limits.lines_max))
        problems.add(limits.lines_max + 1, problem)
        return
    for line, raw in enumerate(data.removeprefix(UTF8_BOM).split(b"\n"), start=1):
        if len(raw) > limits.line_bytes_max:
            allowed = limits.line_bytes_max
            long = f"{len(raw)} bytes, more than the {allowed} a line may have"
            problems.add(line, Problem(ProblemCode.LONG_LINE, long, str(allowed)))
            continue
        try:
            text = raw.removesuffix(b"\r").decode().strip(_EDGES)
        except UnicodeDecodeError:
            problems.add(line, _not_utf8(raw))
            continue
        control = _CONTROL.search(text)
        if control:
            problems.add(line, _control(name_of(control[0])))
        elif text and not text.startswith("#"):
            yield line, text


def _read_token(line: int, text: str) -> tuple[Entry, Problem | None]:
    """One `token` or `alias::token`, and what is wrong with it."""
    alias, bearer = read_token(text)
    is_named = alias is not None and not alias.lower().startswith(ACCOUNT)
    problem = why_no_token(bearer) or (why_no_alias(alias) if alias else None)
    return Entry(line, alias, is_named, bearer), problem


def _read_listed(line: int, text: str) -> tuple[Entry, Problem | None]:
    """One `token,checksum`, and what is wrong with it."""
    token, comma, checksum = unquote(text).partition(",")
    entry, problem = _read_token(line, token)
    checksum = unquote(checksum)
    if not comma:
        problem = _NO_CHECKSUM
    elif "," in checksum:
        problem = _TWO_COMMAS
    elif not problem and not is_checksum(checksum):
        problem = NOT_A_CHECKSUM
    is_encoded = entry.alias is not None and "::" not in token
    return replace(entry, checksum=checksum, is_encoded=is_encoded), problem


def why_no_alias(alias: str) -> Problem | None:
    """What keeps a text from being an alias; None when nothing does. Never shows it."""
    if len(alias) > ALIAS_CHARS_MAX:
        text = f"an alias of {len(alias)} characters; {ALIAS_CHARS_MAX} are allowed"
        return Problem(ProblemCode.LONG_ALIAS, text, str(ALIAS_CHARS_MAX))
    if _JWT.fullmatch(alias):
        return _SWAPPED
    if not alias.isprintable():
        wrong = name_of(next(char for char in alias if not char.isprintable()))
        text = f"an invisible character in the alias ({wrong})"
        return Problem(ProblemCode.INVISIBLE, text, wrong)
    return None


def _token_again(line: int, *, is_same: bool) -> Problem:
    text = f"the token of line {line} again"
    if is_same:
        return Problem(ProblemCode.AGAIN, text, str(line))
    text += ", with another checksum: keep the line that names its device"
    return Problem(ProblemCode.AGAIN_OTHERWISE, text, str(line))


def _control(name: str) -> Problem:
    return Problem(ProblemCode.CONTROL, f"a control character ({name}): is this a text file?", name)


def _not_utf8(data: bytes) -> Problem:
    return _UTF16 if data.startswith(_UTF16_BOMS) else _NOT_UTF8
