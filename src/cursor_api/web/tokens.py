"""`GET /checksum`: a new device for a new token, made of random ids."""

from __future__ import annotations

import os

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cursor_api.ports import Clock
from cursor_api.wire.checksum import new_checksum


class Checksums:
    """Answers `GET /checksum`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def new(self, _request: Request) -> Response:
        """A checksum nobody has had before; write it behind a token in the token list."""
        return JSONResponse({"checksum": new_checksum(os.urandom, self._clock.now())})
