"""What Anthropic-compatible servers say when they refuse, as tables.

Rules of this file:
- The error's own words beat its `type`, the type beats the HTTP status: `invalid_request_error` is
  the type of a prompt that is too long and of an account without credit as well.
- A status that says the address is wrong is the operator's to mend, never the caller's fault.
- What the server says reaches people: on one line, bounded, without anything like a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.refusals import (
    TOO_LONG,
    USED_UP,
    WRONG_KEY,
    FaultContext,
    Refusal,
    find_words,
    kind_of_key_status,
    read_error_json,
    tell_refusal,
    tell_wordless,
)

_CONTEXT = FaultKind.CONTEXT_TOO_LONG
_QUOTA = FaultKind.QUOTA_EXHAUSTED
_REFUSED = FaultKind.CONTENT_REFUSED

# Words that say more than the type, in lower case.
WORDS: Final[dict[str, FaultKind]] = {
    **dict.fromkeys(TOO_LONG, _CONTEXT),
    **dict.fromkeys(USED_UP, _QUOTA),
    **dict.fromkeys(WRONG_KEY, FaultKind.CREDENTIAL_REJECTED),
    "credit balance is too low": _QUOTA,
    "content filtering policy": _REFUSED,
    "organization has been disabled": FaultKind.CREDENTIAL_REJECTED,
    # LiteLLM's proxy; the second where it has no database to look a key up in: any but its own.
    "invalid model name": FaultKind.MODEL_NOT_FOUND,
    "no connected db": FaultKind.CREDENTIAL_REJECTED,
}

# `error.type`.
TYPES: Final[dict[str, FaultKind]] = {
    "invalid_request_error": FaultKind.INVALID_REQUEST,
    "bad_request_error": FaultKind.INVALID_REQUEST,  # MiniMax
    "authentication_error": FaultKind.CREDENTIAL_REJECTED,
    "permission_error": FaultKind.CREDENTIAL_FORBIDDEN,
    "billing_error": _QUOTA,
    "not_found_error": FaultKind.MODEL_NOT_FOUND,
    "conflict_error": FaultKind.CONFLICT,
    "request_too_large": FaultKind.BODY_TOO_LARGE,
    "rate_limit_error": FaultKind.RATE_LIMITED,
    "timeout_error": FaultKind.UPSTREAM_TIMEOUT,
    "api_error": FaultKind.UPSTREAM_ERROR,
    "overloaded_error": FaultKind.UPSTREAM_OVERLOADED,
}

_BAD_REQUEST: Final = 400
_MODEL: Final = FaultKind.MODEL_NOT_FOUND


class ServerError(Struct, frozen=True):
    """An error as the server tells it; "" for what it does not."""

    type: str
    message: str


def fault_of_error(
    body: str | bytes, context: FaultContext, status: int | None = None, retry_after: str = ""
) -> Fault:
    """An error in the server's own form; one of another form is its failure."""
    error = read_error(body) or ServerError("", "")
    kind = kind_of(error, status)
    # Only what is known is repeated: this ends in logs.
    other = "unknown" if status is None else f"http_{status}"
    code = error.type if error.type in TYPES else other
    param = "model" if kind is _MODEL else None
    return tell_refusal(Refusal(kind, error.message, code, param, retry_after), context)


def fault_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """An answer with any status but 200. Header names are lower case."""
    if read_error(body) is not None:
        return fault_of_error(body, context, status, headers.get("retry-after", ""))
    return tell_wordless(kind_of_key_status(status), status, headers, body, context)


def read_error(body: str | bytes) -> ServerError | None:
    """`{"type": "error", "error": {"type", "message"}}`, and what is like it; None for others."""
    content = read_error_json(body)
    if not isinstance(content, dict):
        return None
    error = content.get("error")
    if isinstance(error, str):
        return ServerError("", _text(content, "message") or error)
    fields = error if isinstance(error, dict) else content
    found = ServerError(_text(fields, "type").lower(), _text(fields, "message"))
    return found if isinstance(error, dict) or found.message else None


def kind_of(error: ServerError, status: int | None) -> FaultKind:
    """What an error means; every one has a kind."""
    told = error.message.lower()
    known = find_words(WORDS, told)
    if known is not None:
        return known
    kind = TYPES.get(error.type, FaultKind.UPSTREAM_ERROR)
    if kind is _MODEL and "model" not in told:
        # It is the call that is not found, so the address is wrong.
        return FaultKind.PROTOCOL_ERROR
    if error.type in TYPES or status is None:
        return kind
    return FaultKind.INVALID_REQUEST if status == _BAD_REQUEST else kind_of_key_status(status)


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
