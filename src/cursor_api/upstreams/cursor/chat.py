"""The StreamChat call of Cursor's editor, spoken with a session token.

Headers and request line are the earlier program's (cursor-api 0.1.1). Nobody here has tested them
against Cursor's own servers; they are written in `StreamChatCalls._headers_of`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from msgspec import Struct

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault, FaultKind, not_unicode
from cursor_api.domain.features import Feature
from cursor_api.domain.random_bytes import random_bytes
from cursor_api.options.said import tell
from cursor_api.ports.process import Clock, Steps
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import Body, HttpAnswer, HttpClient
from cursor_api.transport.deltas import DeltaAnswer
from cursor_api.transport.keys import reveal_key, unsendable
from cursor_api.transport.options import check_base_url, is_header_value
from cursor_api.transport.quoting import media_type_of
from cursor_api.transport.refusals import FaultContext
from cursor_api.transport.timeouts import remember_timeouts
from cursor_api.upstreams.cursor.answer import AnswerDecoder
from cursor_api.upstreams.cursor.faults import fault_context, fault_of_answer
from cursor_api.upstreams.cursor.messages import encode_chat_request, new_ids, to_conversation
from cursor_api.upstreams.cursor.models import list_models
from cursor_api.upstreams.cursor.options import ChecksumTime, CursorOptions
from cursor_api.upstreams.cursor.passthrough import device_checksum
from cursor_api.wire.checksum import STEP_S, refresh_checksum
from cursor_api.wire.connect import envelope_head
from cursor_api.wire.protobuf import ProtobufError

PATH: Final = "/aiserver.v1.AiService/StreamChat"
CONTENT_TYPE: Final = "application/connect+proto"
HTTP_OK: Final = 200
# A larger request leaves in pieces of about this size.
PIECE_BYTES: Final = 256 * 1024
# A pool of this size is large; beyond it headers are made anew, which costs 15 us.
KNOWN_FIELDS_MAX = 4096
# What differs from request to request, and how it stands in what is kept of a credential.
_IDS: Final = b"x-request-id: %b\r\nx-amzn-trace-id: Root=%b\r\n"
_NO_IDS: Final = b"x-request-id: \r\nx-amzn-trace-id: \r\n"


class _Fields(Struct, frozen=True):
    """The headers of a credential's requests until the checksum's time goes on a step, encoded.

    The ids of a request stand between them.
    """

    step: int
    before: bytes
    after: bytes


class ChatTools(NamedTuple):
    """What the call is made with. Large requests take their turn in `steps` with other large work.

    `mask` takes secrets out of what the upstream said.
    """

    steps: Steps
    mask: Callable[[str], str] = str
    random_bytes: Callable[[int], bytes] = random_bytes


class StreamChatCalls:
    """Makes the HTTP requests of StreamChat calls, and the decoders of their answers."""

    def __init__(
        self,
        http: HttpClient,
        options: CursorOptions,
        clock: Clock,
        tools: ChatTools,
    ) -> None:
        self._http = http
        self._options = options
        self._clock = clock
        self._steps, self._mask, self._random_bytes = tools
        self.url = check_base_url(options.base_url) + PATH
        self._timeouts_for = remember_timeouts(options.timeouts)
        # A large frame takes several times its inflated size while it is read: one at a time, and
        # in one thread, as the C library keeps memory for each.
        self._large_frames = ThreadPoolExecutor(1, "large-frames")
        self._known_fields: dict[Credential, _Fields] = {}

    def __repr__(self) -> str:
        return f"StreamChatCalls({self.url})"

    async def prepare(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> HttpAnswer:
        """The HTTP request, not yet sent. Raises Fault."""
        try:
            request_id, body = await self._steps.run(self._encode(request, route.model))
        except ProtobufError as error:
            raise not_unicode() from error
        fields = self._fields(credential, request_id)
        timeouts = self._timeouts_for(route.model)
        return self._http.open_post(self.url, fields, body, timeouts)

    def _encode(
        self, request: ChatRequest, model: str
    ) -> Generator[None, None, tuple[bytes, Body]]:
        """The request's id and body, a large one in pieces."""
        conversation = yield from to_conversation(request.messages, self._options.instructions)
        ids = new_ids(len(conversation.turns), self._random_bytes)
        pieces = yield from encode_chat_request(conversation, model, ids)
        size = sum(map(len, pieces))
        pieces.insert(0, envelope_head(size))
        if size <= PIECE_BYTES:
            return ids.request_id, b"".join(pieces)
        yield
        return ids.request_id, (yield from _bundle(pieces))

    def decoder(self, answer: HttpAnswer, context: FaultContext) -> AnswerDecoder:
        """What reads the body of a good answer."""
        encoding = answer.headers.get("connect-content-encoding", "gzip")
        return AnswerDecoder(self._options.limits, context, accepts_gzip=encoding == "gzip")

    async def decode_large(self, decoder: AnswerDecoder, data: bytes) -> Sequence[Delta]:
        """`decoder.feed` where it takes its time, in turn with the others.

        Mostly it is the echo of a large prompt; inflating it on the loop would hold the loop.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._large_frames, decoder.feed, data)

    def context(self, credential: Credential) -> FaultContext:
        """What reading a fault needs."""
        return fault_context(credential.secret, self._clock.now, self._mask)

    def _fields(self, credential: Credential, request_id: bytes) -> bytes:
        """The header of one request."""
        step = int(self._clock.now()) // STEP_S
        known = self._known_fields.get(credential)
        if known is None or known.step != step:
            encoded = self._http.encode_fields(self._headers_of(credential))
            before, _, after = encoded.partition(_NO_IDS)
            known = _Fields(step, before, after)
            if len(self._known_fields) >= KNOWN_FIELDS_MAX:
                self._known_fields.clear()
            self._known_fields[credential] = known
        return known.before + _IDS % (request_id, request_id) + known.after

    def _headers_of(self, credential: Credential) -> dict[str, str]:
        """What all requests of a credential share until the checksum's time goes on a step."""
        options = self._options
        subject = f"The credential {credential.alias!r}"
        secret = reveal_key(credential.secret, subject)
        # A token that stands in the settings has no row in the token list.
        checksum = credential.binding or device_checksum(secret)
        if not is_header_value(checksum):
            raise unsendable(subject)
        if options.checksum_time is ChecksumTime.NOW:
            checksum = refresh_checksum(checksum, self._clock.now())
        return {
            "Content-Type": CONTENT_TYPE,
            "Authorization": f"Bearer {secret}",
            "connect-protocol-version": "1",
            # What connect-es states. Only gzip was ever seen in answers, and only gzip is read.
            "connect-accept-encoding": "gzip,br",
            "user-agent": "connect-es/1.4.0",
            "x-request-id": "",
            "x-amzn-trace-id": "",
            "x-cursor-checksum": checksum,
            "x-cursor-client-version": options.client_version,
            "x-cursor-timezone": options.timezone,
            "x-ghost-mode": "true" if options.is_private else "false",
        }


class CursorChat:
    """ports.Upstream over StreamChat."""

    def __init__(
        self,
        http: HttpClient,
        options: CursorOptions,
        clock: Clock,
        tools: ChatTools | None = None,
    ) -> None:
        self._calls = StreamChatCalls(http, options, clock, tools or ChatTools(StepRunner()))
        self._models = list_models(options.more_models)

    def __repr__(self) -> str:
        return f"CursorChat({self._calls.url})"

    async def list_models(self) -> Sequence[Model]:
        """A fixed list: this wire has no call for it."""
        return self._models

    def open(self, request: ChatRequest, route: Route, credential: Credential) -> CursorAnswer:
        """See ports.Upstream."""
        return CursorAnswer(self._calls, request, route, credential)

    def find_lacks(self, _model: str) -> frozenset[Feature]:
        """See ports.Upstream. Its models are not told apart."""
        return frozenset()


class CursorAnswer(DeltaAnswer):
    """One question and its answer's deltas."""

    __slots__ = ("_calls", "_credential", "_decoder", "_request", "_route")

    def __init__(
        self, calls: StreamChatCalls, request: ChatRequest, route: Route, credential: Credential
    ) -> None:
        super().__init__()
        self._calls = calls
        self._request = request
        self._route = route
        self._credential = credential

    async def _prepare(self) -> HttpAnswer:
        http = await self._calls.prepare(self._request, self._route, self._credential)
        # A request can be megabytes, and is sent: this may last for hours without it.
        del self._request
        return http

    async def _accept(self) -> None:
        answer, context = self._http, self._calls.context(self._credential)
        if answer.status != HTTP_OK:
            body = await answer.read_error_body()
            raise fault_of_answer(answer.status, answer.headers, body, context)
        # Mostly it is spelled just so.
        media_type = answer.headers.get("content-type")
        if media_type != CONTENT_TYPE:
            media_type = media_type_of(answer.headers)
        if media_type != CONTENT_TYPE:
            raise Fault(
                FaultKind.PROTOCOL_ERROR,
                tell(
                    "The upstream answered with {media_type} where {wanted} was asked for."
                    " Is CURSOR_BASE_URL right?",
                    media_type=media_type or tell("a body of no stated type"),
                    wanted=CONTENT_TYPE,
                ),
            )
        self._decoder = self._calls.decoder(answer, context)

    async def __anext__(self) -> Sequence[Delta]:
        decoder = self._decoder
        if decoder.is_finished:
            raise StopAsyncIteration
        decoder.check()
        deltas: Sequence[Delta] = ()
        while not deltas:
            data = await self._http.read()
            if decoder.completes_large(len(data)):
                deltas = await self._calls.decode_large(decoder, data)
            else:
                deltas = decoder.feed(data)
        self._watch(deltas)
        return deltas


def _bundle(pieces: Sequence[bytes]) -> Generator[None, None, list[bytes]]:
    """Small pieces together, large ones as they are."""
    bundles: list[bytes] = []
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        if small and size + len(piece) > PIECE_BYTES:
            bundles.append(b"".join(small))
            small, size = [], 0
            yield
        small.append(piece)
        size += len(piece)
    bundles.append(b"".join(small))
    return bundles
