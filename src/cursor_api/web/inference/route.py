"""Chat completions and models: parse, admit, relay, render.

The chat route is a plain ASGI callable: it is the hot path, and a framework's response classes
cost more than the rest of the work together (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from cursor_api.dialects.openai_chat.answer import AnswerFolder, ChunkRenderer
from cursor_api.dialects.openai_chat.faults import render_fault
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.record import Attempt
from cursor_api.options.kinds import size
from cursor_api.options.setting import GIB, KIB, setting
from cursor_api.ports import AnswerHead
from cursor_api.service.access.admission import Admission, Place
from cursor_api.service.inference.relay import Exchange, Relay
from cursor_api.service.steps import StepRunner
from cursor_api.web.access.auth import OPERATOR, Authenticator
from cursor_api.web.access.lockout import delay_if_locked_out
from cursor_api.web.http import body as http_body
from cursor_api.web.http.answers import JSON_TYPE, Header, send_whole
from cursor_api.web.http.body import ClientGoneError, Receive, Send, read_body
from cursor_api.web.inference.attempts import attempts_header
from cursor_api.web.inference.streaming import STREAM_HEADERS, StreamOptions, Watch, stream
from cursor_api.wire.limits import RequestLimits

log = structlog.get_logger(__name__)

REQUEST_ID_BYTES = 12
# Of refusals there may be thousands a second; whoever refuses tells their number.
TOLD_ELSEWHERE = frozenset({FaultKind.OVERLOADED, FaultKind.CONCURRENCY_EXCEEDED})
FAILED = "The gateway failed at this request; its log says more under the request id."
PINNED_HEADER = b"x-credential"
CONVERSATION_HEADER = b"x-conversation-id"
# Only equality of it matters; a longer one is as good as its beginning.
CONVERSATION_LENGTH_MAX = 200


def new_request_id() -> str:
    """24 hex digits; the answer's id and x-request-id are made of it."""
    return os.urandom(REQUEST_ID_BYTES).hex()


def fault_headers(headers: tuple[tuple[str, str], ...], request_id: str) -> list[Header]:
    """A dialect's error headers, and the request's id, as ASGI wants them."""
    return [
        (b"x-request-id", request_id.encode()),
        *((name.encode(), value.encode()) for name, value in headers),
    ]


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """Limits of the inference routes."""

    body_bytes_max: int = setting(
        "GATEWAY_BODY_BYTES_MAX",
        size(KIB, GIB, "10MiB"),
        "10MiB",
        "Largest request body, counted after decompression. Coding agents send up to 80 KB"
        " for a plain hello and some MiB with images.",
    )
    parse: RequestLimits = field(default_factory=RequestLimits)
    stream: StreamOptions = field(default_factory=StreamOptions)


class ChatCompletions:
    """`POST /v1/chat/completions`."""

    def __init__(
        self,
        relay: Relay,
        admission: Admission,
        authenticator: Authenticator,
        options: InferenceOptions,
        turns: StepRunner,
    ) -> None:
        self._relay = relay
        self._admission = admission
        self._authenticator = authenticator
        self._options = options
        self._turns = turns

    async def __call__(self, scope: http_body.Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Everything that goes wrong ends here."""
        call = _Call(new_request_id(), send)
        try:
            await self._answer(call, await self._admit(call, scope, receive), receive)
        except Fault as fault:
            await call.tell(fault.let_go())
        except ClientGoneError:
            return
        except (Exception, SystemExit, KeyboardInterrupt):
            # The signals have handlers; an exit() in the path of one request ends no other.
            log.exception("request failed inside the gateway", request_id=call.id)
            await call.tell(Fault(FaultKind.INTERNAL, FAILED), is_logged=True)
        finally:
            call.leave()

    async def _admit(self, call: _Call, scope: http_body.Scope, receive: Receive) -> Exchange:
        """Authenticate, admit, read, parse, in this order.

        What is large ends up in the exchange alone, which lets go of it when the answer begins.
        """
        caller = self._authenticator.authenticate(scope)
        place = call.enter(caller, self._admission)
        limits = self._options
        body = await read_body(
            scope, receive, limits.body_bytes_max, hold=place.hold, turns=self._turns
        )
        parsed = await self._turns.run(parse_request(body, limits.parse))
        call.model = parsed.chat.model
        call.is_stream = parsed.chat.is_stream
        call.include_usage = parsed.style
        if call.is_stream:
            place.stream()
        exchange = self._relay.open(_incoming(call.id, parsed.chat, caller, scope["headers"]))
        call.attempts = exchange.attempts
        return exchange

    async def _answer(self, call: _Call, exchange: Exchange, receive: Receive) -> None:
        watch = Watch(receive, call.send, self._options.stream)
        try:
            async with exchange:
                call.begin()
                if call.is_stream:
                    await call.answer_stream(exchange, watch)
                else:
                    await call.answer_whole(exchange)
        except asyncio.CancelledError:
            if not watch.is_client_gone:
                raise
            # The watch cancelled this task because nobody listens any more; that is now done.
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            raise ClientGoneError from None
        finally:
            watch.stop()


class _Call:
    """One request's response: what was asked of it and what has been sent of it."""

    __slots__ = (
        "attempts",
        "id",
        "include_usage",
        "is_passthrough",
        "is_stream",
        "model",
        "place",
        "renderer",
        "send",
        "shows_alias",
    )

    model: str
    is_stream: bool
    include_usage: bool

    def __init__(self, request_id: str, send: Send) -> None:
        self.id = request_id
        self.send = send
        self.is_passthrough = False
        self.shows_alias = False
        self.place: Place | None = None
        self.attempts: Sequence[Attempt] = ()
        self.renderer: ChunkRenderer | None = None

    def enter(self, caller: Caller, admission: Admission) -> Place:
        """The caller is known; raises Fault when there is no place for this request."""
        self.is_passthrough = bool(caller.credentials)
        # The operator's names are for the operator; in pass-through they are the caller's own.
        self.shows_alias = self.is_passthrough or caller is OPERATOR
        self.place = admission.enter(caller)
        return self.place

    def begin(self) -> None:
        """The answer begins, and the request is no longer kept."""
        if self.place is not None:
            self.place.let_go()

    def leave(self) -> None:
        """The request is over, however it ended."""
        if self.place is not None:
            self.place.leave()

    def headers(self, *headers: Header) -> list[Header]:
        """These, with those that every answer has."""
        told = [*headers, (b"x-request-id", self.id.encode())]
        if self.attempts:
            told.append(attempts_header(self.attempts, shows_alias=self.shows_alias))
        return told

    async def answer_stream(self, exchange: Exchange, watch: Watch) -> None:
        renderer = ChunkRenderer(
            AnswerHead(self.id, self.model, int(time.time())), include_usage=self.include_usage
        )
        await self.send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": self.headers(*STREAM_HEADERS),
            }
        )
        self.renderer = renderer
        await stream(exchange, renderer, watch)

    async def answer_whole(self, exchange: Exchange) -> None:
        folder = AnswerFolder(AnswerHead(self.id, self.model, int(time.time())))
        async for batch in exchange:
            folder.feed(batch)
        await send_whole(self.send, 200, folder.body(), self.headers(JSON_TYPE))

    async def tell(self, fault: Fault, *, is_logged: bool = False) -> None:
        """Say what went wrong: as a status while nothing was sent, in the stream after that."""
        is_ours = fault.scope is not Scope.REQUEST and fault.kind not in TOLD_ELSEWHERE
        if is_ours and not is_logged:
            log.warning(
                "request failed",
                request_id=self.id,
                fault=fault.kind.value,
                upstream_code=fault.upstream_code,
                message=fault.message,
                # A bug that some edge has turned into a fault is a bug still.
                exc_info=fault if fault.kind is FaultKind.INTERNAL else None,
            )
        if self.renderer is not None:
            event = self.renderer.fault(fault, is_passthrough=self.is_passthrough)
            await self.send({"type": "http.response.body", "body": event})
            return
        await delay_if_locked_out(fault)
        rendered = render_fault(fault, is_passthrough=self.is_passthrough)
        headers = self.headers(
            *((name.encode(), value.encode()) for name, value in rendered.headers)
        )
        if fault.kind is FaultKind.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        await send_whole(self.send, rendered.status, rendered.body, headers)


def _incoming(
    request_id: str, chat: ChatRequest, caller: Caller, headers: Iterable[tuple[bytes, bytes]]
) -> Incoming:
    pinned = conversation = None
    for name, value in headers:
        if name == PINNED_HEADER:
            pinned = value.decode("latin-1")
        elif name == CONVERSATION_HEADER:
            conversation = value[:CONVERSATION_LENGTH_MAX].decode("latin-1")
    return Incoming(request_id, chat, caller, pinned, conversation)
