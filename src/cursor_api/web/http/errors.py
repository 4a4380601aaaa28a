"""Faults of whole answers: whose they are, and in which dialect they are written.

An address below one of a dialect's own is that dialect's, whether anything answers there or not.
Every other one answers in the first dialect.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cursor_api.domain.errors import Fault, LineProblem
from cursor_api.ports import Dialect, RenderedFault


class DialectErrors:
    """Renders faults; `dialects` has at least one, `prefix` is "" or "/something"."""

    def __init__(self, dialects: Sequence[Dialect], prefix: str) -> None:
        self._first = dialects[0]
        self._by_path = [(prefix + path, dialect) for dialect in dialects for path in dialect.paths]

    def get_dialect(self, path: str) -> Dialect:
        """The one whose errors an address answers."""
        for own, dialect in self._by_path:
            if path == own or path.startswith(f"{own}/"):
                return dialect
        return self._first

    def render(
        self, path: str, fault: Fault, problems: tuple[LineProblem, ...] = ()
    ) -> RenderedFault:
        """The answer at an address; `problems` are the lines of a file that it is about."""
        rendered = self.get_dialect(path).fault(fault)
        return rendered._replace(body=add_problems(rendered.body, problems))


def add_problems(body: bytes, problems: tuple[LineProblem, ...]) -> bytes:
    """A rendered error with the lines it is about beside it, for programs."""
    if not problems:
        return body
    return msgspec.json.encode({**msgspec.json.decode(body), "problems": problems})
