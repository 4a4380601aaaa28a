"""Which client API an address, or who asks at it, belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cursor_api.ports.dialect import Dialect
from cursor_api.web.http.answers import Header


class Dialects:
    """The client APIs, at least one; `prefix` is "" or "/something"."""

    def __init__(self, dialects: Sequence[Dialect], prefix: str = "") -> None:
        self._first = dialects[0]
        self._by_path = [(prefix + path, dialect) for dialect in dialects for path in dialect.paths]
        self._by_header = {
            name: dialect for dialect in dialects for name in dialect.description.own_headers
        }

    def find(self, path: str, headers: Iterable[Header] = ()) -> Dialect:
        """The one whose errors an address answers.

        An address below one of a dialect's own is that dialect's, whether anything answers there
        or not. At every other one it is that of the client, or else the first.
        """
        for own, dialect in self._by_path:
            if path == own or path.startswith(f"{own}/"):
                return dialect
        return self.find_client(headers)

    def find_client(self, headers: Iterable[Header]) -> Dialect:
        """The one whose client sends these headers; the first where none is known by them."""
        for name, _ in headers:
            dialect = self._by_header.get(name)
            if dialect is not None:
                return dialect
        return self._first


def id_headers(dialect: Dialect, request_id: str) -> list[Header]:
    """The headers that tell an answer's id."""
    value = request_id.encode()
    return [(name, value) for name in dialect.description.id_headers]
