"""What OpenAI-compatible servers say when they refuse, as tables.

Rules of this file:
- The error's own `code` beats its words, but for TOO_LARGE_AT_ONCE. The words beat the HTTP status,
  the status beats the `type`: `invalid_request_error` is the type of a wrong key as well. A number
  as the code is a status.
- A status that says the address is wrong is the operator's to mend, never the caller's fault.
- What the server says reaches people: on one line, bounded, without anything like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

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

_INVALID = FaultKind.INVALID_REQUEST
_REJECTED = FaultKind.CREDENTIAL_REJECTED
_FORBIDDEN = FaultKind.CREDENTIAL_FORBIDDEN
_QUOTA = FaultKind.QUOTA_EXHAUSTED
_RATE = FaultKind.RATE_LIMITED
_OVERLOADED = FaultKind.UPSTREAM_OVERLOADED
_OTHER = FaultKind.UPSTREAM_ERROR
_CONTEXT = FaultKind.CONTEXT_TOO_LONG
_REFUSED = FaultKind.CONTENT_REFUSED
_MODEL = FaultKind.MODEL_NOT_FOUND

# `error.code`, and `error.type` where it says as much; in lower case.
CODES: Final[dict[str, FaultKind]] = {
    "invalid_api_key": _REJECTED,
    "account_deactivated": _REJECTED,
    # LiteLLM's proxy where it has no database to look a key up in: any but its own.
    "no_db_connection": _REJECTED,
    "insufficient_quota": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "billing_not_active": _QUOTA,
    "insufficient_balance": _QUOTA,
    "usage_limit_reached": _QUOTA,  # Codex
    "rate_limit_exceeded": _RATE,
    "model_not_found": _MODEL,
    "model_decommissioned": _MODEL,
    "model_deprecated": _MODEL,
    "invalid_model": _MODEL,  # Mistral
    "deploymentnotfound": _MODEL,  # Azure
    "organization_restricted": _REJECTED,  # Groq, with status 400
    "context_length_exceeded": _CONTEXT,
    "exceed_context_size_error": _CONTEXT,
    # GitHub Copilot and GitHub Models
    "model_max_prompt_tokens_exceeded": _CONTEXT,
    "tokens_limit_reached": _CONTEXT,
    # llama.cpp, with status 501: it was not started for that, and does everything else.
    "not_supported_error": _INVALID,
    "content_policy_violation": _REFUSED,
    "content_filter": _REFUSED,
    "unsupported_country_region_territory": _FORBIDDEN,
}

# Words that say more than the status, in lower case.
WORDS: Final[dict[str, FaultKind]] = {
    **dict.fromkeys(TOO_LONG, _CONTEXT),
    **dict.fromkeys(USED_UP, _QUOTA),
    **dict.fromkeys(WRONG_KEY, _REJECTED),
    "content management policy": _REFUSED,
    "content policy": _REFUSED,
    "violating our usage policy": _REFUSED,
    "input was flagged": _REFUSED,
    "invalid model name": _MODEL,
    "model not exist": _MODEL,  # DeepSeek
    "模型不存在": _MODEL,  # GLM
    # Gemini, with status 400: of the place of the gateway, not of the request.
    "user location is not supported": _FORBIDDEN,
    "insufficient credits": _QUOTA,
    "insufficient_quota": _QUOTA,
}

# Groq and OpenAI of a request with more tokens than the key may use in a minute, under the code of
# a limited rate: no wait helps, and the key is as good as before for everybody else.
TOO_LARGE_AT_ONCE: Final = "request too large for"

# Where it means something else than for every upstream. There is no client version to be outdated.
STATUSES: Final[dict[int, FaultKind]] = {
    498: _OVERLOADED,  # Groq: no capacity
}

# `error.type`, for errors without a status, in the middle of a stream.
TYPES: Final[dict[str, FaultKind]] = {
    "authentication_error": _REJECTED,
    "permission_error": _FORBIDDEN,
    "rate_limit_error": _RATE,
    "requests": _RATE,
    "tokens": _RATE,
    "invalid_request_error": _INVALID,
    "badrequesterror": _INVALID,
    "bad_request_error": _INVALID,  # MiniMax
    "overloaded_error": _OVERLOADED,
    "timeout_error": FaultKind.UPSTREAM_TIMEOUT,
}

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_STATUS_MIN: Final = 400
_STATUS_MAX: Final = 599
# A field of the caller's request, such as `messages[1].content`.
_PARAM: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,100}")


class ServerError(Struct, frozen=True):
    """What an error says of itself; "" for what it does not. `status` stands in for HTTP's."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    status: int | None = None


def fault_of_error(
    body: str | bytes, context: FaultContext, status: int | None = None, retry_after: str = ""
) -> Fault:
    """An error in the server's own form; one of another form is its failure."""
    error = read_error(body) or ServerError()
    kind = kind_of(error, error.status if status is None else status)
    # Only what is known is repeated: this ends in logs.
    code = next(
        (word for word in (error.code, error.type) if word in CODES or word in TYPES),
        "unknown" if status is None else f"http_{status}",
    )
    param = error.param or ("model" if kind is _MODEL else None)
    return tell_refusal(Refusal(kind, error.message, code, param, retry_after), context)


def fault_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """An answer with any status but 200. Header names are lower case."""
    if read_error(body) is not None:
        return fault_of_error(body, context, status, headers.get("retry-after", ""))
    return tell_wordless(_kind_of_status(status), status, headers, body, context)


def read_error(body: str | bytes) -> ServerError | None:
    """The error in any of its spellings; None for what is no error.

    `{"error": {…}}`, the same in a list, `{"error": "…"}`, `{"message": …}`, `{"detail": "…"}`,
    `{"detail": [{"loc": […], "msg": "…"}]}`, and such a detail as the message.
    """
    content = read_error_json(body)
    if isinstance(content, list) and content:
        content = content[0]
    if not isinstance(content, dict):
        return None
    error = content.get("error")
    if isinstance(error, str):
        # Beside a message it is a word like "Bad Request".
        return ServerError(_text(content, "message") or error)
    fields = error if isinstance(error, dict) else content
    message = _text(fields, "message") or _text(content, "message") or _tell_detail(content)
    code, param = fields.get("code"), _text(fields, "param")
    if not isinstance(error, dict) and not message:
        return None
    return ServerError(
        message,
        code.lower() if isinstance(code, str) else "",
        (_text(fields, "type") or _text(fields, "status")).lower(),
        param if _PARAM.fullmatch(param) else "",
        _status_of(code),
    )


def _tell_detail(content: Mapping[str, Any]) -> str:
    """What a web framework has found wrong with the request, each fault with its place."""
    inner = content.get("message")
    detail = (inner if isinstance(inner, dict) else content).get("detail")
    if isinstance(detail, str):
        return detail
    told = []
    for one in detail if isinstance(detail, list) else ():
        if isinstance(one, dict) and _text(one, "msg"):
            place = one.get("loc")
            where = ".".join(map(str, place)) if isinstance(place, list) else ""
            told.append(f"{where}: {one['msg']}" if where else one["msg"])
    return "; ".join(told)


def kind_of(error: ServerError, status: int | None) -> FaultKind:
    """What an error means; every one has a kind."""
    kind = _kind_of_words(error)
    if kind is not None:
        return kind
    if status == _BAD_REQUEST:
        return _INVALID
    if status == _NOT_FOUND and (error.param == "model" or "model" in error.message.lower()):
        return _MODEL
    if status is not None:
        return _kind_of_status(status)
    return TYPES.get(error.type, _OTHER)


def _kind_of_words(error: ServerError) -> FaultKind | None:
    if TOO_LARGE_AT_ONCE in error.message.lower():
        return _CONTEXT
    for word in (error.code, error.type):
        if word in CODES:
            return CODES[word]
    return find_words(WORDS, error.message)


def _kind_of_status(status: int) -> FaultKind:
    return STATUSES.get(status) or kind_of_key_status(status)


def _status_of(code: object) -> int | None:
    """A code that is a status, as a number or as its digits."""
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == len("400"):
        code = int(code)
    return code if type(code) is int and _STATUS_MIN <= code <= _STATUS_MAX else None


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
