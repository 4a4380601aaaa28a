"""The addresses of the client APIs: admit, parse, relay, render, in whatever dialect.

A route is a plain ASGI callable: it is the hot path, and a framework's response classes cost more
than the rest of the work together (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple, cast

from msgspec import Struct, field

from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.value import Value
from cursor_api.options.kinds import size
from cursor_api.options.setting import GIB, KIB, setting
from cursor_api.ports.dialect import AnswerFolder, AnswerHead, Dialect, StreamRenderer
from cursor_api.ports.process import Clock, Steps
from cursor_api.ports.records import RefusalCounter
from cursor_api.ports.siblings import Siblings
from cursor_api.service.access.admission import Admission, Place
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.service.inference.relay import Exchange, Relay
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.lockout import delay_if_locked_out
from cursor_api.web.http.answers import (
    JSON_HEADER,
    Header,
    encode_headers,
    new_request_id,
    send_whole,
)
from cursor_api.web.http.body import ClientGoneError, read_body
from cursor_api.web.http.dialects import id_headers
from cursor_api.web.http.elsewhere import Elsewhere
from cursor_api.web.inference.attempts import attempts_header
from cursor_api.web.inference.client import CLIENT_HEADER, CLIENT_LENGTH_MAX, read_client
from cursor_api.web.inference.kept import KeepingDialect
from cursor_api.web.inference.passed_headers import pass_headers
from cursor_api.web.inference.pinning import (
    PINNED_HEADER,
    ROUTE_HEADER,
    read_pinned_credential,
    read_pinned_route,
    route_header,
)
from cursor_api.web.inference.streaming import STREAM_HEADERS, KeepAliveOptions, Watch, stream
from cursor_api.web.inference.threads import KeepableAnswer, KeptThread, Threads
from cursor_api.web.server import serving as asgi
from cursor_api.web.server.request import SERVED
from cursor_api.web.server.serving import Receive, Send
from cursor_api.wire.limits import RequestLimits

log = logging.getLogger(__name__)

FAILED = "The gateway failed at this request; its log says more under the request id."
NO_UPGRADE = "No WebSocket is spoken here: send a POST."
IGNORED_HEADER = b"x-ignored-params"
CONVERSATION_HEADER = b"x-conversation-id"
# Only equality of it matters; a longer one is as good as its beginning.
CONVERSATION_LENGTH_MAX = 200
# Who is answered before the key has been looked at.
NOBODY = Caller("")


class InferenceOptions(Struct, frozen=True):
    """Limits of the inference routes."""

    body_bytes_max: int = setting(
        "GATEWAY_BODY_BYTES_MAX",
        size(KIB, GIB, "10MiB"),
        "10MiB",
        "Largest request body, after decompression. Coding agents send up to 80 KB for a plain"
        " hello, and some MiB with images.",
        earlier="REQUEST_BODY_LIMIT",
    )
    parse: RequestLimits = field(default_factory=RequestLimits)
    stream: KeepAliveOptions = field(default_factory=KeepAliveOptions)


class InferenceParts(NamedTuple):
    """What all inference routes work with."""

    relay: Relay
    admission: Admission
    authenticator: Authenticator
    steps: Steps
    kept: KeptAnswers
    clock: Clock
    refusals: RefusalCounter
    siblings: Callable[[], Siblings | None] = lambda: None


class InferenceRoute:
    """A `POST` of one dialect, such as /v1/chat/completions."""

    def __init__(self, dialect: Dialect, parts: InferenceParts, options: InferenceOptions) -> None:
        self._dialect = dialect
        self._relay, self._admission, self._authenticator, self._steps = parts[:4]
        self._now, self._refusals = parts.clock.now, parts.refusals
        self._elsewhere = Elsewhere(parts.siblings)
        self._options = options
        self._keep_alive = options.stream.with_clock()
        self._threads = None
        if isinstance(dialect, KeepingDialect):
            self._threads = Threads(parts.kept, dialect, parts.steps, options.parse)

    async def __call__(self, scope: asgi.Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Everything that goes wrong ends here."""
        now_ms = int(self._now() * 1000)
        response: _Response = _Response(self._dialect, new_request_id(now_ms), send)
        place = None
        try:
            caller = await self._authenticator.authenticate(scope)
            place = self._admission.enter(caller)
            call = _Call(caller, place, scope, receive, now_ms)
            answer = await self._open(call, response)
            if answer is not None:
                response = answer
                await self._answer(call, answer)
        except Fault as fault:
            self._count_if_refused(response, fault.kind)
            await response.fail(fault.without_traceback())
        except ClientGoneError:
            return
        except (Exception, SystemExit, KeyboardInterrupt):
            # The signals have handlers; an exit() in the path of one request ends no other.
            facts = {"request_id": response.id}
            log.exception("request failed inside the gateway", extra={"facts": facts})
            self._count_if_refused(response, FaultKind.INTERNAL)
            await response.fail(Fault(FaultKind.INTERNAL, FAILED), is_logged=True)
        finally:
            if place is not None:
                self._admission.leave(place)

    def _count_if_refused(self, response: _Response, fault: FaultKind) -> None:
        """What the relay has seen is recorded there."""
        if not response.is_relayed:
            self._refusals.count_refusal(fault)

    async def _open(self, call: _Call, refusal: _Response) -> _Answer | None:
        """Read, parse, and make ready to answer; None where another worker has answered.

        What is large ends up in the exchange alone, which lets go of it when the answer begins.
        """
        scope, place, admission = call.scope, call.place, self._admission
        if scope["method"] == "GET" and any(name == b"upgrade" for name, _ in scope["headers"]):
            raise Fault(FaultKind.METHOD_NOT_ALLOWED, NO_UPGRADE)
        body = await read_body(
            scope,
            call.receive,
            self._options.body_bytes_max,
            hold=lambda bytes_count: admission.add_body_bytes(place, bytes_count),
            steps=self._steps,
        )
        if await self._elsewhere.answer(body, scope, call.receive, refusal.send):
            return None
        parsed = await self._steps.run(self._dialect.parse(body, self._options.parse))
        threads = self._threads
        if threads is not None:
            parsed = await threads.resume(parsed, call.caller)
        chat = parsed.chat
        dropped = pass_headers(chat, scope["headers"], self._dialect.passed_headers)
        refusal.ignored = (*parsed.ignored, *dropped)
        if chat.is_stream:
            admission.begin_stream(place)
        exchange = self._relay.open(_incoming(refusal, call, chat))
        scope["headers"] = ()  # all read, and a stream can last for hours
        head = AnswerHead(refusal.id, chat.model, int(time.time()))
        answer: _Answer
        if chat.is_stream:
            renderer = self._dialect.renderer(parsed, head)
            answer = _StreamedAnswer(refusal, call.caller, exchange, renderer)
        else:
            folder = self._dialect.folder(parsed, head)
            answer = _WholeAnswer(refusal, call.caller, exchange, folder)
        if threads is not None:
            # What writes the answers of such a dialect is keepable.
            writer = cast("KeepableAnswer", answer.writer)
            answer.thread = threads.begin(parsed, call.caller, writer)
        return answer

    async def _answer(self, call: _Call, answer: _Answer) -> None:
        served = call.scope.get(SERVED)
        watch = Watch(call.receive, answer.send, self._keep_alive, answer.break_silence, served)
        try:
            async with answer.exchange:
                self._admission.release_body(call.place)
                await answer.write(watch)
                answer.is_over = True
                if answer.thread is not None:
                    # At once: who has read the end may go on from it.
                    answer.thread.end()
        except asyncio.CancelledError:
            if not watch.is_client_gone:
                raise
            # The watch cancelled this task because nobody listens any more; that is now done.
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            raise ClientGoneError from None
        finally:
            if answer.thread is not None:
                answer.thread.close()
            pinging = watch.stop()
            if pinging is not None:
                # Whether it has begun the answer decides how a failure is told.
                await asyncio.wait([pinging])


class _Call(Value, frozen=True):
    """One request that was let in."""

    caller: Caller
    place: Place
    scope: asgi.Scope
    receive: Receive
    now_ms: int


class _Response:
    """What a request is answered with: an error, as long as nothing has asked upstream for it.

    In pass-through a refused credential is the caller's own key. `ignored` is what of the request
    was left out.
    """

    __slots__ = ("_caller", "_exchange", "dialect", "id", "ignored", "is_over", "send", "thread")

    def __init__(
        self,
        dialect: Dialect,
        request_id: str,
        send: Send,
        caller: Caller = NOBODY,
        exchange: Exchange | None = None,
    ) -> None:
        self.dialect = dialect
        self.id = request_id
        self.send = send
        self._caller = caller
        self._exchange = exchange
        self.ignored: Sequence[str] = ()
        self.thread: KeptThread | None = None
        # Its client has all of it.
        self.is_over = False

    @property
    def is_relayed(self) -> bool:
        """Whether it answers a request that the relay has or had."""
        return self._exchange is not None and self._exchange.has_begun

    def headers(self, *headers: Header) -> list[Header]:
        """These, with those that every answer has."""
        all_headers = [*headers, *id_headers(self.dialect, self.id)]
        ignored, exchange = self.ignored, self._exchange
        if exchange is not None:
            if exchange.attempts:
                # The operator's names are for the operator; in pass-through they are the caller's.
                shows_alias = self._caller.is_admin or bool(self._caller.credentials)
                all_headers.append(attempts_header(exchange.attempts, shows_alias=shows_alias))
            if exchange.route is not None:
                all_headers.append(route_header(exchange.route))
            if exchange.ignored:
                ignored = (*ignored, *exchange.ignored)
            if exchange.standing is not None:
                all_headers += self.dialect.limit_headers(exchange.standing)
        if ignored:
            all_headers.append((IGNORED_HEADER, ", ".join(ignored).encode()))
        return all_headers

    async def fail(self, fault: Fault, *, is_logged: bool = False) -> None:
        """Answer with what went wrong; log it where it is ours and an upstream was asked."""
        # Other refusals may be thousands a second: their cause is logged where it begins.
        was_asked = self._exchange is not None and self._exchange.attempts
        # A bug that some edge has turned into a fault is a bug still.
        bug = fault if fault.kind is FaultKind.INTERNAL else None
        if not is_logged and (bug or (was_asked and fault.scope is not Scope.REQUEST)):
            facts = {
                "request_id": self.id,
                "fault": fault.kind.value,
                "upstream_code": fault.upstream_code,
                "message": fault.kept_message,
            }
            log.warning("request failed", extra={"facts": facts}, exc_info=bug)
        if not self.is_over:
            await self.send_fault(fault)

    async def send_fault(self, fault: Fault) -> None:
        """Send the error answer."""
        await delay_if_locked_out(fault)
        is_passthrough = bool(self._caller.credentials)
        rendered = self.dialect.fault(fault, is_passthrough=is_passthrough)
        headers, status = self.headers(*encode_headers(rendered.headers)), rendered.status
        if fault.kind is FaultKind.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
            # A client that would rather have a WebSocket goes on by HTTP after this status alone.
            status = HTTPStatus.UPGRADE_REQUIRED if fault.message == NO_UPGRADE else status
        await send_whole(self.send, status, rendered.body, headers)


class _StreamedAnswer(_Response):
    """An answer that is sent as it comes.

    It begins with its first text, so that what fails before that has a status of its own, which
    clients understand best; but proxies give up a silent answer, so that long silence begins it.
    """

    __slots__ = ("_has_begun", "exchange", "writer")

    def __init__(
        self, refusal: _Response, caller: Caller, exchange: Exchange, renderer: StreamRenderer
    ) -> None:
        super().__init__(refusal.dialect, refusal.id, refusal.send, caller, exchange)
        self.ignored = refusal.ignored
        self.exchange = exchange
        self.writer = renderer
        self._has_begun = False

    async def write(self, watch: Watch) -> None:
        """Send what the entered exchange gives; raises the Fault that breaks it."""
        if not self._has_begun:
            await self._begin(self.headers(*STREAM_HEADERS))
        await stream(self.exchange, self.writer, watch)

    async def break_silence(self) -> None:
        """Send a ping. What is tried for the answer cannot be told yet where that begins it."""
        if not self._has_begun:
            await self._begin([*STREAM_HEADERS, *id_headers(self.dialect, self.id)])
        body = self.dialect.ping
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _begin(self, headers: list[Header]) -> None:
        # At once: a ping and the first text may come together, and one of them begins it.
        self._has_begun = True
        try:
            await self.send({"type": "http.response.start", "status": 200, "headers": headers})
        except asyncio.CancelledError:
            self._has_begun = False
            raise

    async def send_fault(self, fault: Fault) -> None:
        """In the stream, once that has begun."""
        if not self._has_begun:
            await super().send_fault(fault)
            return
        is_passthrough = bool(self._caller.credentials)
        event = self.writer.fault(fault, is_passthrough=is_passthrough)
        await self.send({"type": "http.response.body", "body": event})


class _WholeAnswer(_Response):
    """An answer in one piece."""

    __slots__ = ("exchange", "writer")
    # Its status is told when it is known, and not before.
    break_silence = None

    def __init__(
        self, refusal: _Response, caller: Caller, exchange: Exchange, folder: AnswerFolder
    ) -> None:
        super().__init__(refusal.dialect, refusal.id, refusal.send, caller, exchange)
        self.ignored = refusal.ignored
        self.exchange = exchange
        self.writer = folder

    async def write(self, _watch: Watch) -> None:
        """Send what the entered exchange gives; raises the Fault that breaks it."""
        async for batch in self.exchange:
            self.writer.feed(batch)
        await send_whole(self.send, 200, self.writer.body(), self.headers(JSON_HEADER))


_Answer = _StreamedAnswer | _WholeAnswer


def _incoming(response: _Response, call: _Call, chat: ChatRequest) -> Incoming:
    caller = call.caller
    pinned, route, conversation, client = caller.pinned, None, None, ""
    for name, value in call.scope["headers"]:
        if name == CLIENT_HEADER:
            client = read_client(value[:CLIENT_LENGTH_MAX])
        elif name == PINNED_HEADER:
            pinned = read_pinned_credential(value, caller)
        elif name == ROUTE_HEADER:
            route = read_pinned_route(value, caller)
        elif name == CONVERSATION_HEADER:
            conversation = value[:CONVERSATION_LENGTH_MAX].decode("latin-1")
    dialect, began_at = response.dialect.name, call.now_ms / 1000
    return Incoming(
        response.id, chat, caller, pinned, conversation, route, dialect, client, began_at
    )
