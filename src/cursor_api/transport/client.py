"""The one HTTP client of all upstreams: its connections, and answers to read from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, Self

from cursor_api.domain.credential import Secret
from cursor_api.transport.answer import HttpAnswer
from cursor_api.transport.connections import Connections
from cursor_api.transport.dialing import Names
from cursor_api.transport.line import Body
from cursor_api.transport.options import HttpOptions, Timeouts
from cursor_api.transport.sending import encode_fields

__all__ = ["Body", "HttpAnswer", "HttpClient", "HttpOptions", "Timeouts"]

DEFAULT_TIMEOUTS: Final = Timeouts()


class HttpClient:
    """Opens answers; an async context manager, outside of which there are no connections.

    `headers` go with every request that does not write one of the same name itself; `names` says
    what names of hosts mean.
    """

    def __init__(
        self,
        options: HttpOptions,
        headers: Iterable[tuple[str, Secret]] = (),
        names: Names | None = None,
    ) -> None:
        self.options = options
        self._headers = tuple(headers)
        self._connections = Connections(options, names)

    def __repr__(self) -> str:
        return f"HttpClient(open={self.open_count} of {self.options.connections_max})"

    @property
    def open_count(self) -> int:
        """Answers being waited for or read."""
        return self._connections.open_count

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.__aexit__(kind, error, traceback)

    def open_post(
        self,
        url: str,
        headers: Mapping[str, str] | bytes,
        body: Body,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> HttpAnswer:
        """An answer not yet asked for; `async with` asks.

        `headers` are sent as they are; bytes are what `encode_fields` has given. Raises
        Fault(INTERNAL) for what no header may have; entering and reading raise Fault and nothing
        else.
        """
        fields = headers if isinstance(headers, bytes) else self.encode_fields(headers)
        return HttpAnswer(self._connections, url, fields, body, timeouts)

    def open_get(
        self, url: str, headers: Mapping[str, str], timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> HttpAnswer:
        """The same for a GET."""
        return HttpAnswer(self._connections, url, self.encode_fields(headers), None, timeouts)

    def encode_fields(self, headers: Mapping[str, str]) -> bytes:
        """These headers and the client's own, for who sends the same ones many times over.

        Raises Fault(INTERNAL) for what no header may have.
        """
        if not self._headers:
            return encode_fields(headers)
        written = {name.lower() for name in headers}
        own = {name: value.reveal() for name, value in self._headers if name.lower() not in written}
        return encode_fields({**headers, **own})
