"""Calls of the bridge's services (`sdk.v1`): JSON over the Connect protocol, on this machine.

Rules of this file:
- A call is made once. What is asked again is decided where attempts are counted; the bridge itself
  asks Cursor again as it sees fit.
- Whatever fails is a Fault, and no message of one holds the bridge's token or a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from cursor_api import __version__
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, not_unicode
from cursor_api.transport.client import HttpAnswer, HttpClient, HttpOptions, Timeouts
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.cursor_sdk.faults import NO_SECRET, fault_context, fault_of_answer
from cursor_api.wire.connect import envelope_head

PACKAGE: Final = "sdk.v1"
CREATE_AGENT: Final = "SdkAgentService/CreateAgent"
CLOSE_AGENT: Final = "SdkAgentService/CloseAgent"
DELETE_AGENT: Final = "SdkAgentService/DeleteAgent"
CANCEL_RUN: Final = "SdkAgentService/CancelRun"
SEND: Final = "SdkAgentService/Send"
LIST_MODELS: Final = "SdkCursorService/ListModels"
PING: Final = "SdkBridgeControlService/Ping"
GET_VERSION: Final = "SdkBridgeControlService/GetVersion"
SET_TOOL_CALLBACK: Final = "SdkBridgeControlService/SetToolCallback"

UNARY: Final = "application/json"
STREAM: Final = "application/connect+json"
HTTP_OK: Final = 200
# The slowest unary call asks Cursor's servers for the catalogue, and takes a third of a second.
CALL_TIMEOUTS: Final = Timeouts(first_token_s=30, idle_s=30)
# The bridge closes idle connections after 5 s; a request on one that is being closed would fail.
KEEPALIVE_S: Final = 3.0
# The largest is the list of models, of some hundred KiB.
ANSWER_BYTES_MAX: Final = 8 << 20


class BridgeAddress(Struct, frozen=True):
    """Where a bridge listens, and what it wants to hear. Another process has another one.

    `workspace` is where its agents work, "" where the bridge knows best.
    """

    url: str
    token: Secret
    workspace: str = ""


class Bridge(Protocol):
    """A bridge that may have to be started first."""

    async def get_address(self) -> BridgeAddress:
        """Where it listens now; raises Fault when it cannot be had."""
        ...


def bridge_http_options(connections_max: int) -> HttpOptions:
    """How a bridge is reached: on this machine, so through no proxy."""
    return HttpOptions(proxy=None, connections_max=connections_max, keepalive_s=KEEPALIVE_S)


class SdkCalls:
    """The bridge's services. `mask` hides what others than the credential keep secret."""

    def __init__(
        self,
        http: HttpClient,
        bridge: Bridge,
        now: Callable[[], float],
        mask: Callable[[str], str] = str,
    ) -> None:
        self._http = http
        self._bridge = bridge
        self._now = now
        self._mask = mask

    def __repr__(self) -> str:
        return f"SdkCalls({self._bridge!r})"

    async def get_address(self) -> BridgeAddress:
        """See Bridge."""
        return await self._bridge.get_address()

    def context(self, secret: Secret) -> FaultContext:
        """What reading a fault needs."""
        return fault_context(secret, self._now, self._mask)

    async def call(
        self,
        method: str,
        message: Mapping[str, object],
        secret: Secret = NO_SECRET,
        *,
        address: BridgeAddress | None = None,
    ) -> dict[str, Any]:
        """The answer of a unary method, such as `SdkAgentService/CreateAgent`; raises Fault.

        `secret` is the key that the message holds. `address` None: wherever the bridge is now.
        """
        where = address or await self.get_address()
        return await call_bridge(self._http, where, method, message, context=self.context(secret))

    def open_send(
        self, message: Mapping[str, object], timeouts: Timeouts, address: BridgeAddress
    ) -> HttpAnswer:
        """The stream of `Send`, not yet asked for, of the bridge that has the agent."""
        payload = encode_message(message)
        return self._http.open_post(
            _url(address, SEND),
            _headers(address, STREAM),
            (envelope_head(len(payload)), payload),
            timeouts,
        )


async def call_bridge(
    http: HttpClient,
    address: BridgeAddress,
    method: str,
    message: Mapping[str, object],
    *,
    context: FaultContext,
) -> dict[str, Any]:
    """The answer of a unary method of the bridge at an address; raises Fault."""
    url, headers = _url(address, method), _headers(address, UNARY)
    async with http.open_post(url, headers, encode_message(message), CALL_TIMEOUTS) as answer:
        if answer.status != HTTP_OK:
            raise await refusal(answer, context)
        return decode_message(await _read_whole(answer))


async def refusal(answer: HttpAnswer, context: FaultContext) -> Fault:
    """The fault of an answer with any status but 200."""
    body = await answer.read_error_body()
    return fault_of_answer(answer.status, answer.headers, body, context)


def encode_message(message: Mapping[str, object]) -> bytes:
    """A message as JSON; raises Fault for text that is not Unicode."""
    with as_fault_of_text():
        return msgspec.json.encode(message)


@contextmanager
def as_fault_of_text() -> Iterator[None]:
    """Raise the Fault of a text that is not Unicode in place of Python's own error."""
    try:
        yield
    except UnicodeEncodeError:
        raise not_unicode() from None


def decode_message(body: bytes) -> dict[str, Any]:
    """A message from JSON; raises Fault(PROTOCOL_ERROR) for what is none."""
    try:
        message: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            "The Cursor SDK bridge answered with something else than JSON.",
        )
    return message


async def _read_whole(answer: HttpAnswer) -> bytes:
    body = await answer.read_whole(ANSWER_BYTES_MAX)
    if body is None:
        raise Fault(
            FaultKind.PROTOCOL_ERROR, "The Cursor SDK bridge answered with more than can be read."
        )
    answer.mark_finished()
    return body


def _url(address: BridgeAddress, method: str) -> str:
    return f"{address.url}/{PACKAGE}.{method}"


def _headers(address: BridgeAddress, media_type: str) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Connect-Protocol-Version": "1",
        "Accept-Encoding": "identity",
        "User-Agent": f"cursor-api/{__version__}",
        "Authorization": f"Bearer {address.token.reveal()}",
    }
