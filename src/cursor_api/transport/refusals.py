"""An upstream's refusal as a fault: how its message begins, and what of its own words is shown.

What a refusal means is each upstream's own table; how it is told is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import fill, tell
from cursor_api.transport.answer import ERROR_BODY_BYTES_MAX
from cursor_api.transport.faults import kind_of_status, parse_retry_after
from cursor_api.transport.quoting import describe_body, media_type_of, quote_said
from cursor_api.wire.surrogates import decode_piece

# How a message begins, before the upstream's own words, for endpoints asked with a key.
LEADS: Final[Mapping[FaultKind, str]] = {
    FaultKind.INVALID_REQUEST: tell("{name} refuses the request"),
    FaultKind.MODEL_NOT_FOUND: tell("{name} does not serve the model"),
    FaultKind.BODY_TOO_LARGE: tell("The request is too large for {name}"),
    FaultKind.CONTEXT_TOO_LONG: tell("The conversation is too long for the model"),
    FaultKind.CONTENT_REFUSED: tell("The content is refused"),
    FaultKind.CONFLICT: tell("{name} reports a conflict"),
    FaultKind.CREDENTIAL_REJECTED: tell("{name} does not accept the gateway's key"),
    FaultKind.CREDENTIAL_FORBIDDEN: tell("{name} does not allow the gateway's key to do that"),
    FaultKind.RATE_LIMITED: tell("{name} limits the rate of the gateway's key"),
    FaultKind.QUOTA_EXHAUSTED: tell("The credit of the gateway's key at {name} is used up"),
    FaultKind.UPSTREAM_TIMEOUT: tell("{name} ran out of time"),
    FaultKind.UPSTREAM_ERROR: tell("{name} failed"),
    FaultKind.UPSTREAM_OVERLOADED: tell("{name} is overloaded"),
    FaultKind.PROTOCOL_ERROR: tell(
        "{name} does not know the call (the operator can look whether base_url is right)"
    ),
}

# How servers say that a prompt is too long, in lower case. Agents shorten a conversation that is
# refused for its length, and give up where they are not told that it is.
TOO_LONG: Final = (
    "prompt is too long",
    "maximum context length",
    "maximum prompt length",  # xAI
    "exceeds the context window",
    "exceed context limit",
    "context_length_exceeded",
    "context window exceeds limit",  # MiniMax
    "available context size",  # llama.cpp
    "greater than the context length",  # LM Studio
    "exceeds the maximum number of tokens",  # Gemini
    "exceeded model token limit",  # Kimi
    "input is too long for",  # Bedrock
    "range of input length should be",  # Qwen
    "reduce the length of the messages",  # Groq
    "prompt exceeds max length",  # GLM
)

# How servers say that a plan or what was paid for is used up, in lower case. The status is that of
# a limited rate, or of something that is not allowed, and neither is meant.
USED_UP: Final = (
    "usage limit",  # MiniMax, GLM, Kimi, Codex, Anthropic's API
    "limit exhausted",  # GLM, of a week or a month
    "使用上限",  # GLM in Chinese, of five hours
    "insufficient balance",  # DeepSeek, GLM
    "余额不足",  # GLM in Chinese
    "key limit exceeded",  # OpenRouter, with status 403: what the key may spend
    "spending limit",  # Anthropic, xAI with status 403
    "used all available credits",  # xAI
)

# How servers say that they do not accept a key, in lower case, with a status that blames the
# request.
WRONG_KEY: Final = (
    "incorrect api key",  # xAI, with status 400
    "api key not valid",  # Gemini, with status 400
    "api key expired",  # Gemini
    "reported as leaked",  # Gemini, with status 403
)
# Words that take a key out of service count at the beginning alone: what stands behind may be what
# the caller wrote.
BEGINNING_CHARS: Final = 60

_BAD_REQUEST: Final = 400
WORDLESS: Final = tell("HTTP {status} with {body}")
# Firewalls refuse an address, or words of a request, and some pages ask to sign in.
PAGE_IN_FRONT: Final = tell(
    "HTTP {status} with {body}. That is no answer of an API, but of something in front of it: a"
    " firewall that refuses this gateway's address or the request, or a page to sign in"
)
PAGE: Final = "text/html"
_OF_KEYS: Final = frozenset({FaultKind.CREDENTIAL_REJECTED, FaultKind.CREDENTIAL_FORBIDDEN})

_NOT_FOUND: Final = 404
_NOT_ALLOWED: Final = 405


class FaultContext(Struct, frozen=True):
    """What telling a fault needs: the upstream's name, what to hide, and unix time in seconds.

    `mask` hides what others than this credential keep secret. `leads` has the beginning of the
    message for every kind that the upstream's tables know.
    """

    name: str
    secret: Secret
    now: Callable[[], float]
    mask: Callable[[str], str] = str
    leads: Mapping[FaultKind, str] = field(default_factory=lambda: LEADS)


class Refusal(Struct, frozen=True):
    """What an upstream said: what it means, its own words, and its own code, which must be known.

    `retry_after` is the header of that name; `retry_after_s` is a wait that was told otherwise.
    """

    kind: FaultKind
    said: str
    code: str
    param: str | None = None
    retry_after: str = ""
    retry_after_s: float | None = None


def read_error_json(body: str | bytes) -> Any:
    """An error's body as JSON; None for what is none.

    Of one that is longer than is read it is known that the server itself refuses, and no more: what
    checks requests by their fields repeats the whole conversation where it finds something wrong.
    """
    try:
        return decode_piece(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        if isinstance(body, str) or len(body) < ERROR_BODY_BYTES_MAX:
            return None
        return {"error": {}} if body.startswith((b"{", b"[{")) else None


def find_words(words: Mapping[str, FaultKind], said: str) -> FaultKind | None:
    """What an error's message means by the words in it, which are in lower case."""
    told = said.lower()
    beginning = told[:BEGINNING_CHARS]
    for text, kind in words.items():
        if text in (beginning if kind is FaultKind.CREDENTIAL_REJECTED else told):
            return kind
    return None


def tell_refusal(refusal: Refusal, context: FaultContext) -> Fault:
    """The fault, with what the upstream said on one clean line without secrets."""
    said = quote_said(refusal.said, context.secret, context.mask)
    fault = _fault(refusal, said, context)
    fault.quoted = said
    return fault


def tell_status(
    kind: FaultKind, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """The fault of an answer without a word of the upstream's own. Header names are lower case."""
    retry_after = headers.get("retry-after", "")
    words = WORDLESS
    if kind in _OF_KEYS and media_type_of(headers) == PAGE:
        # An API says so in JSON. If it is the key after all, another one shows that.
        kind, words = FaultKind.UPSTREAM_ERROR, PAGE_IN_FRONT
    refusal = Refusal(kind, "", f"http_{status}", retry_after=retry_after)
    said = fill(words, status=status, body=describe_body(headers, body))
    return _fault(refusal, said, context)


def tell_wordless(
    kind: FaultKind, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """The same where an API is asked with a key; `kind` is what the status means.

    Anybody on the way to the API may say so. In JSON it is an API that finds a request bad, though
    in words that nobody here knows.
    """
    if status == _BAD_REQUEST and isinstance(read_error_json(body), dict):
        kind = FaultKind.INVALID_REQUEST
    return tell_status(kind, status, headers, body, context)


def kind_of_key_status(status: int) -> FaultKind:
    """What a status means where an API is asked with a key, and there is no client version.

    A status that says the address is wrong is the operator's to mend, never the caller's fault.
    """
    kind = kind_of_status(status)
    if kind is FaultKind.CLIENT_OUTDATED or status in {_NOT_FOUND, _NOT_ALLOWED}:
        return FaultKind.PROTOCOL_ERROR
    return kind


def _fault(refusal: Refusal, said: str, context: FaultContext) -> Fault:
    lead = fill(context.leads[refusal.kind], name=context.name)
    wait_s = refusal.retry_after_s
    if wait_s is None:
        wait_s = parse_retry_after(refusal.retry_after, context.now())
    return Fault(
        refusal.kind,
        tell("{lead}: {said}", lead=lead, said=said) if said else tell("{lead}.", lead=lead),
        param=refusal.param,
        retry_after_s=wait_s,
        upstream_code=refusal.code,
    )
