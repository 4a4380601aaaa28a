"""Faults of whole answers, each in the dialect of its address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from cursor_api.domain.errors import Fault, LineProblem
from cursor_api.ports.configuration import ShownFinding
from cursor_api.ports.dialect import Dialect, RenderedFault
from cursor_api.web.http.answers import Header
from cursor_api.web.http.dialects import Dialects, id_headers


class Beside(NamedTuple):
    """What stands beside an error: lines of a file, or findings about settings."""

    problems: tuple[LineProblem, ...] = ()
    findings: tuple[ShownFinding, ...] = ()


NOTHING: Final = Beside()


class FoundFault(Fault):
    """One that has findings about settings beside it."""

    findings: tuple[ShownFinding, ...] = ()


class DialectErrors:
    """Renders faults; `dialects` has at least one, `prefix` is "" or "/something"."""

    def __init__(self, dialects: Sequence[Dialect], prefix: str) -> None:
        self._dialects = Dialects(dialects, prefix)

    def render(
        self,
        path: str,
        fault: Fault,
        beside: Beside = NOTHING,
        headers: Iterable[Header] = (),
    ) -> RenderedFault:
        """The answer to a request with these headers."""
        rendered = self._dialects.find(path, headers).fault(fault)
        return rendered._replace(body=add_beside(rendered.body, beside))

    def id_headers(self, path: str, headers: Iterable[Header], request_id: str) -> list[Header]:
        """Those that tell the answer's id."""
        return id_headers(self._dialects.find(path, headers), request_id)


def add_beside(body: bytes, beside: Beside) -> bytes:
    """A rendered error with what it is about beside it, for programs."""
    given = {name: value for name, value in beside._asdict().items() if value}
    return msgspec.json.encode({**msgspec.json.decode(body), **given}) if given else body
