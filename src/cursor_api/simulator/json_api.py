"""What simulators of JSON APIs share: requests read and kept, orders obeyed, faults met."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol

import msgspec

from cursor_api.simulator.directives import DirectiveLanguage
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.kind import PlannedAnswer
from cursor_api.simulator.model.asks import Ask, Reply
from cursor_api.simulator.model.forms import with_worded_form
from cursor_api.simulator.model.replies import reply_to
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.plain import JSON_MEDIA_TYPE, plain_answer
from cursor_api.simulator.playing import Fate, Script, play
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.scenario import filler_pieces
from cursor_api.simulator.scripts import Orders, Scripts
from cursor_api.simulator.steps import Head, Step

Json = dict[str, Any]

EVENTS_MEDIA_TYPE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """What a simulated API serves. No models, no keys: every name and every key is good.

    `context_tokens` is how long a prompt may be, `owner` who the models belong to.
    """

    models: tuple[str, ...] = ()
    owner: str = "simulated"
    keys: frozenset[str] = frozenset()
    context_tokens: int = 200_000


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of ours
    """The request is answered with an error status.

    `kind` is the vendor's word for the type of error; `code` and `param` are where it has them.
    """

    def __init__(
        self, status: int, kind: str, message: str, *, code: str | None = None, param: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.code = code
        self.param = param or None


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What is kept of a request. `ordinal` counts from 0; `refusal` is why it was refused."""

    ordinal: int
    raw: RawRequest
    credential: str = field(repr=False)
    body: Json
    refusal: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        return self.raw.headers


class Api(Protocol):
    """A vendor's API: how it is called and how it answers."""

    @property
    def language(self) -> DirectiveLanguage:
        """The directives that it can play."""
        ...

    @property
    def paths(self) -> frozenset[str]:
        """Its addresses without parameters in them."""
        ...

    def read_credential(self, raw: RawRequest, /) -> str:
        """The key that a request brings, "" where it brings none."""
        ...

    def check(self, raw: RawRequest, credential: str, /) -> None:
        """Raise Refusal for what is wrong with the headers."""
        ...

    def is_chat(self, raw: RawRequest, /) -> bool:
        """Whether a request is for a chat."""
        ...

    def find_question(self, body: Json, /) -> str:
        """What the user said last; "" where a chat's body is not as it should be."""
        ...

    def chat(self, request: ApiRequest, orders: Orders, fate: Fate, /) -> Script:
        """The answer to a chat; raises Refusal."""
        ...

    def answer(self, request: ApiRequest, /) -> Json:
        """The answer to anything but a chat; raises Refusal."""
        ...

    def refusal_of(self, status: int, message: str, /) -> Refusal:
        """An error of which only the status is known, with the vendor's word for it."""
        ...

    def encode_refusal(self, refusal: Refusal, /) -> bytes:
        """The body of an error."""
        ...

    def headers(self, ordinal: int, /) -> tuple[tuple[str, str], ...]:
        """What every answer carries."""
        ...


class JsonApiResponder:
    """Decides every answer of one API. Implements `simulator.kind.Responder`.

    Only chats meet faults: what a client looks up around them is answered.
    """

    def __init__(self, api: Api, options: SimulatorOptions) -> None:
        self._api = api
        self._options = options
        self._ordinal = 0
        self.paths = api.paths
        self.scripts = Scripts(options, api.language)
        self.requests: deque[ApiRequest] = deque(maxlen=options.requests_kept_max)

    def __repr__(self) -> str:
        return f"<JsonApiResponder {self._api!r} saw {self._ordinal} requests>"

    def respond(self, raw: RawRequest) -> PlannedAnswer:
        """The answer to a request, which is recorded."""
        ordinal = self._ordinal
        self._ordinal += 1
        body, unread = self._read(raw)
        request = ApiRequest(ordinal, raw, self._api.read_credential(raw), body)
        orders = Orders(Faults(), self._options.scenario, "")
        is_chat = self._api.is_chat(raw)
        if is_chat:
            question = self._api.find_question(body)
            orders = self.scripts.orders_for(request.credential, question)
        fate = Fate.of(ordinal, orders.faults)
        steps = fate.early_steps(self._encode_status)
        refusal = None
        if steps is None:
            try:
                self._api.check(raw, request.credential)
                _check_script(orders)
                if unread is not None:
                    raise unread
                steps = play(self._script(request, orders, fate), fate)
            except Refusal as caught:
                refusal = caught
                steps = self._refusal_steps(ordinal, refusal)
        said = refusal.message if refusal else ""
        self.requests.append(replace(request, refusal=said))
        return PlannedAnswer(ordinal, fate.mishaps, steps)

    def _script(self, request: ApiRequest, orders: Orders, fate: Fate) -> Script:
        if self._api.is_chat(request.raw):
            return self._api.chat(request, orders, fate)
        body = msgspec.json.encode(self._api.answer(request))
        return Script.whole(json_head(self._api, request.ordinal), body)

    def _encode_status(self, status: int, message: str) -> bytes:
        return self._api.encode_refusal(self._api.refusal_of(status, message))

    def _refusal_steps(self, ordinal: int, refusal: Refusal) -> Iterator[Step]:
        body = self._api.encode_refusal(refusal)
        fields = (("content-type", JSON_MEDIA_TYPE), *self._api.headers(ordinal))
        return iter(plain_answer(refusal.status, body, *fields))

    def _read(self, raw: RawRequest) -> tuple[Json, Refusal | None]:
        """The body of a request, and why it cannot be read."""
        if raw.is_oversized:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return {}, self._api.refusal_of(status, "Request exceeds the maximum size")
        try:
            body = msgspec.json.decode(raw.body) if raw.body else {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {}, self._api.refusal_of(
                HTTPStatus.BAD_REQUEST, f"We could not parse the JSON body of your request: {error}"
            )
        if not isinstance(body, dict):
            return {}, self._api.refusal_of(HTTPStatus.BAD_REQUEST, "The body is no JSON object.")
        return body, None


def json_head(api: Api, ordinal: int) -> Head:
    """The head of a good answer in one piece."""
    return Head(HTTPStatus.OK, (("content-type", JSON_MEDIA_TYPE), *api.headers(ordinal)))


def event_head(api: Api, ordinal: int) -> Head:
    """The head of a stream of events."""
    fields = (("content-type", EVENTS_MEDIA_TYPE), ("cache-control", "no-cache"))
    return Head(HTTPStatus.OK, (*fields, *api.headers(ordinal)))


def reply_as_ordered(ask: Ask, orders: Orders, fate: Fate) -> Reply:
    """What the model says to a request whose first line may have been an order."""
    faults, scenario = fate.faults, orders.scenario
    if faults.answer_bytes:
        scenario = replace(scenario, text="".join(filler_pieces(faults.answer_bytes)))
    if faults.thinking is not None:
        ask = replace(ask, is_thinking=faults.thinking)
    ask = with_worded_form(ask.with_question(orders.question))
    return reply_to(ask, scenario, fate.chance)


def _check_script(orders: Orders) -> None:
    """A misspelt script must not pass for a good credential."""
    if orders.problem is not None:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "authentication_error", orders.problem)
