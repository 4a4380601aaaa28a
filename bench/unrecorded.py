"""`python -m bench.unrecorded serve`: the gateway, but nothing is recorded of a request."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from msgspec import structs

from cursor_api.bootstrap import Stores, file_stores
from cursor_api.cli import main
from cursor_api.cli.serving import serve
from cursor_api.domain.record import RequestRecord
from cursor_api.installed import Settings


class NoLog:
    """Implements `RequestLog`, and forgets."""

    def record(self, record: RequestRecord) -> None:
        """Nothing is kept."""

    async def recent(self, _count: int) -> Sequence[RequestRecord]:
        """There are none."""
        return ()


def unrecorded(settings: Settings) -> Stores:
    """Everything else is where it always is."""
    return structs.replace(file_stores(settings), records=None, request_log=NoLog())


if __name__ == "__main__":
    serve.file_stores = unrecorded  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[1:]))
