"""A chat request, free of any client API's spelling and of any upstream's wire."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, NamedTuple

from cursor_api.domain.caller import Caller
from cursor_api.domain.content import CacheMark, Document, Image, LinkedImage, Message
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.domain.value import Value, replace


class Tool(NamedTuple):
    """Something the model may call. `schema` is that of its arguments, as JSON.

    It is b"" for a tool that takes any text.
    """

    name: str
    description: str
    schema: bytes
    is_strict: bool = False
    cache: CacheMark | None = None


class Choice(enum.Enum):
    """Whether the model calls tools: as it likes, never, at least one, or the one that is named."""

    AUTO = "auto"
    NONE = "none"
    ANY = "any"
    NAMED = "named"


class ToolChoice(Value, frozen=True):
    """`name` is set with NAMED only; `is_parallel`: several calls in one answer are welcome."""

    kind: Choice
    name: str = ""
    is_parallel: bool = True


class OutputForm(Value, frozen=True):
    """JSON of any shape, or of this schema (which is JSON itself)."""

    schema: bytes | None = None
    name: str = ""
    description: str = ""
    is_strict: bool = False


class Sampling(NamedTuple):
    """How the model chooses its words; None where the upstream's own value is good."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    output_count_max: int | None = None
    stop: tuple[str, ...] = ()


class Effort(enum.Enum):
    """How much a model shall think, from not at all to all it can."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class Reasoning(NamedTuple):
    """`budget_count` is the most tokens that may be spent on thinking."""

    effort: Effort | None = None
    budget_count: int | None = None


class Parameters(NamedTuple):
    """What a request asks besides its messages.

    `output` is None where text is wanted. `verbosity` is a word for how long to answer, `user` whom
    the caller asks for, and `prompt_cache_key` what requests share that begin alike.
    `answers_count` is how many answers are wanted.
    """

    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    output: OutputForm | None = None
    sampling: Sampling = Sampling()
    reasoning: Reasoning | None = None
    user: str | None = None
    prompt_cache_key: str | None = None
    verbosity: str | None = None
    answers_count: int = 1


NO_PARAMETERS = Parameters()


class Native(Value, frozen=True):
    """The request as it came. Only an upstream of the same dialect may read it.

    `wants_usage`: what only counts tokens is shown to the caller, where that is a matter of choice.
    `headers` are those of the caller's that such an upstream may see.
    """

    dialect: str
    body: bytes
    wants_usage: bool = True
    headers: tuple[tuple[str, str], ...] = ()


class Origin(Value, frozen=True):
    """What a dialect says of a request besides what it asks the model.

    `features` are what it asks for that not every upstream has. `conversation` is the caller's own
    name for what the requests of one conversation share, None where it gives none.
    """

    native: Native | None = None
    features: tuple[RequestedFeature, ...] = ()
    conversation: str | None = None

    def native_in(self, dialect: str) -> Native | None:
        """The request as it came, where it came in this dialect; None otherwise."""
        native = self.native
        return native if native is not None and native.dialect == dialect else None


NO_ORIGIN = Origin()


# What parts of messages ask for.
CONTENT_FEATURES: Final = {
    Feature.IMAGES: frozenset({Image, LinkedImage}),
    Feature.IMAGE_LINKS: frozenset({LinkedImage}),
    Feature.EARLIER_DOCUMENTS: frozenset({Document}),
}


class ChatRequest:
    """What a caller wants answered. `messages` is never empty.

    `parameters` may be given as a function that reads them: twenty tools take as long to read as
    all messages, and few upstreams want to know; one of the same dialect passes them on unread.
    `caller` is the name of who asks, once that is known: some upstreams keep things for callers.
    """

    __slots__ = ("_parameters", "caller", "is_stream", "messages", "model", "origin")

    def __init__(
        self,
        model: str,
        messages: tuple[Message, ...],
        *,
        is_stream: bool = False,
        parameters: Parameters | Callable[[], Parameters] = NO_PARAMETERS,
        origin: Origin = NO_ORIGIN,
    ) -> None:
        self.model = model
        self.messages = messages
        self.is_stream = is_stream
        self.origin = origin
        self.caller = ""
        self._parameters = parameters

    @property
    def parameters(self) -> Parameters:
        """Tools, sampling and the like."""
        if not isinstance(self._parameters, Parameters):
            self._parameters = self._parameters()
        return self._parameters

    def go_on_from(self, earlier: tuple[Message, ...], head_count: int, param: str) -> ChatRequest:
        """The same request with these messages behind its first ones.

        `param` is what brought them: images among them ask for what they need once more.
        """
        kinds = {type(part) for message in earlier for part in message.all_parts()}
        asked = {one.feature for one in self.origin.features}
        more = [
            RequestedFeature(feature, param)
            for feature, wanted in CONTENT_FEATURES.items()
            if feature not in asked and kinds & wanted
        ]
        origin = replace(self.origin, features=(*self.origin.features, *more))
        messages = self.messages
        return self.with_messages(
            (*messages[:head_count], *earlier, *messages[head_count:]), origin
        )

    def with_messages(self, messages: tuple[Message, ...], origin: Origin) -> ChatRequest:
        """The same request with other messages."""
        changed = ChatRequest(
            self.model,
            messages,
            is_stream=self.is_stream,
            parameters=self._parameters,
            origin=origin,
        )
        changed.caller = self.caller
        return changed

    def __eq__(self, other: object) -> bool:
        """Whether both ask the same, however it was spelled: their origin does not count."""
        if not isinstance(other, ChatRequest):
            return NotImplemented
        return (
            self.model == other.model
            and self.messages == other.messages
            and self.is_stream is other.is_stream
            and self.parameters == other.parameters
        )

    __hash__ = None  # type: ignore[assignment]  # nobody keeps requests in a set

    def __repr__(self) -> str:
        return f"ChatRequest({self.model!r}, messages={len(self.messages)})"


class Incoming(Value, frozen=True):
    """A request with who asks and how it shall be served.

    `pinned_alias` names the only credential that may serve it, `pinned_route` the only endpoint or
    `endpoint/model`; `conversation` ties it to others that shall stay with one credential. They
    come from headers and may be absent. `dialect` is the client API that it came in, `client` the
    program that the user agent names, and `started_at` when it came, in unix seconds; None: now.
    """

    id: str
    chat: ChatRequest
    caller: Caller
    pinned_alias: str | None = None
    conversation: str | None = None
    pinned_route: str | None = None
    dialect: str = ""
    client: str = ""
    started_at: float | None = None
