"""What people paste when they are asked for a token, brought to the spelling of a token file.

Rules of this file:
- Lines keep their numbers, so that a problem found later is found by the person as well.
- What is not recognised goes on as it is: the store refuses it, with its own words.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cursor_api.domain.credential import split_token

# The browser's cookie by name, in a Cookie header or in a row of the browser's table of cookies.
_NAMED_COOKIE = re.compile(r"WorkosCursorSessionToken[\s=:\"']+([^\s=:\"';,][^\s\"';,]*)")
_BEARER = re.compile(r"^(?:authorization\s*:\s*)?bearer\s+", re.IGNORECASE)
_QUOTES = ('""', "''", "``", "“”")
_ACCOUNT = "user_"
_JWT_BEGINS = "eyJ"
_JWT_DOT_COUNT = 2


class Spelling(enum.Enum):
    """How a token stood in what was pasted."""

    BARE = "bare"
    ALIAS = "alias"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class PastedLine:
    """A line that says something. `line` counts from 1.

    `alias` is the name in front of the token, or the account of a cookie; `is_named` tells the
    first from the second. `text` is the line as a token file spells it, its checksum left out.
    """

    line: int
    text: str = field(repr=False)
    alias: str | None
    is_named: bool
    bearer: str = field(repr=False)
    checksum: str | None = field(repr=False)
    spelling: Spelling

    @property
    def is_jwt(self) -> bool:
        """Whether it has the form of a session token."""
        return self.bearer.startswith(_JWT_BEGINS) and self.bearer.count(".") == _JWT_DOT_COUNT


def read_paste(text: str) -> Iterator[PastedLine]:
    """The lines that say something: neither blank nor a comment."""
    for line, raw in enumerate(text.split("\n"), start=1):
        stripped = raw.strip("\ufeff \t\r\u00a0")
        if stripped and not stripped.startswith("#"):
            yield _read_line(line, stripped)


def as_token_file(lines: Sequence[PastedLine]) -> str:
    """The lines as the text of a token file, each at its own number."""
    texts = {line.line: line.text for line in lines}
    return "\n".join(texts.get(number, "") for number in range(1, max(texts, default=0) + 1))


def _read_line(line: int, text: str) -> PastedLine:
    cookie = _NAMED_COOKIE.search(text)
    checksum = None
    if cookie:
        text = cookie[1]
    else:
        text = _unwrap(_BEARER.sub("", _unwrap(text), count=1))
        token, comma, after = text.partition(",")
        if comma:
            text, checksum = token.rstrip(), after.strip()
    alias, bearer = split_token(text)
    alias, bearer = (alias or "").strip() or None, bearer.strip()
    is_named = alias is not None and not alias.lower().startswith(_ACCOUNT)
    spelling = Spelling.ALIAS if is_named else Spelling.COOKIE if alias else Spelling.BARE
    return PastedLine(line, text, alias, is_named, bearer, checksum, spelling)


def _unwrap(text: str) -> str:
    """Without what stands around a token in code and in tables: quotes, a last comma."""
    text = text.rstrip(",; \t")
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text
