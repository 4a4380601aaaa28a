"""Where the bridge runs tools: `SdkCustomToolCallbackService`, on the loopback."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

import msgspec

from cursor_api.domain.credential import Secret
from cursor_api.transport.loopback import BodyTooLargeError, Call, LoopbackServer, Reply
from cursor_api.upstreams.cursor_sdk.calls import BridgeAddress
from cursor_api.upstreams.cursor_sdk.tool_calls import ToolAnswer, refuse

PATH: Final = "/sdk.v1.SdkCustomToolCallbackService/CallCustomTool"
# Arguments are what a model writes: a large file has some hundred KiB.
BODY_BYTES_MAX: Final = 8 << 20
# What still waits at the end is answered before: nobody is to be waited for.
CLOSE_S: Final = 0.1
NOT_LET_IN: Final = ToolAnswer(401, b'{"code":"unauthenticated","message":"Unauthorized"}')
TOO_LARGE: Final = refuse("The tool's arguments are too large.", "resource_exhausted")
UNREADABLE: Final = refuse("The call cannot be read.", "invalid_argument")


class CustomToolCall(msgspec.Struct, rename="camel"):
    """CallCustomTool's request. `args` is a JSON object, as it came."""

    tool_name: str
    agent_id: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


_CALL: Final = msgspec.json.Decoder(CustomToolCall)


class ToolServer:
    """Listens from `listen` on, until it is left; nobody without a bridge has a socket more.

    `run` gives what a call is answered, however long it takes.
    """

    def __init__(self, run: Callable[[CustomToolCall], Awaitable[ToolAnswer]]) -> None:
        self._run = run
        self._token = Secret(secrets.token_urlsafe(32))
        self._server: LoopbackServer | None = None

    def __repr__(self) -> str:
        return f"ToolServer({self._server or 'closed'})"

    async def listen(self) -> BridgeAddress:
        """What the bridge is told. One call at a time, as bridges are greeted."""
        if self._server is None:
            server = LoopbackServer(self._serve, BODY_BYTES_MAX)
            await server.start()
            self._server = server
        return BridgeAddress(f"http://127.0.0.1:{self._server.port}", self._token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.close(CLOSE_S)

    async def _serve(self, call: Call) -> Reply:
        if call.path != PATH:
            return Reply(404)
        answer = await self._answer(call)
        return Reply(answer.status, answer.body)

    async def _answer(self, request: Call) -> ToolAnswer:
        shown = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(shown, f"Bearer {self._token.reveal()}".encode()):
            return NOT_LET_IN
        try:
            call = _CALL.decode(await request.read())
        except BodyTooLargeError:
            return TOO_LARGE
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return UNREADABLE
        if not bytes(call.args).lstrip().startswith(b"{"):
            return UNREADABLE
        return await self._run(call)
