"""Faults of whole answers, each in the dialect of its address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cursor_api.domain.errors import Fault, LineProblem
from cursor_api.ports.dialect import Dialect, RenderedFault
from cursor_api.web.http.answers import Header
from cursor_api.web.http.dialects import Dialects, id_headers


class DialectErrors:
    """Renders faults; `dialects` has at least one, `prefix` is "" or "/something"."""

    def __init__(self, dialects: Sequence[Dialect], prefix: str) -> None:
        self._dialects = Dialects(dialects, prefix)

    def render(
        self,
        path: str,
        fault: Fault,
        problems: tuple[LineProblem, ...] = (),
        headers: Iterable[Header] = (),
    ) -> RenderedFault:
        """The answer to a request with these headers; `problems` are lines of a file."""
        rendered = self._dialects.find(path, headers).fault(fault)
        return rendered._replace(body=add_problems(rendered.body, problems))

    def id_headers(self, path: str, headers: Iterable[Header], request_id: str) -> list[Header]:
        """Those that tell the answer's id."""
        return id_headers(self._dialects.find(path, headers), request_id)


def add_problems(body: bytes, problems: tuple[LineProblem, ...]) -> bytes:
    """A rendered error with the lines it is about beside it, for programs."""
    if not problems:
        return body
    return msgspec.json.encode({**msgspec.json.decode(body), "problems": problems})
