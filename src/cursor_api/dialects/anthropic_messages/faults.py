"""Faults as Anthropic's clients understand them: one table, one body, one place for headers.

Sources: Anthropic's error object (`type`, `message`) and what its SDKs and Claude Code do with each
status, observed. The rules they led to:

- A status invites a retry only where a retry can mend something. Wherever it cannot,
  `x-should-retry: false` ends it: without it Claude Code tries again for a minute, after a 401 too.
- `Retry-After` on every 429 and 529 (wire/retry_after.py) but those that no wait mends.
- The place in the request stands before the message, as in Anthropic's own errors: the object has
  no field for it.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import RenderedFault
from cursor_api.wire.retry_after import explain_wait, fault_headers


class Shape(Struct, frozen=True):
    """How a kind of fault looks to a caller.

    `should_retry` None leaves a retry to the client's own rules. `retry_after_s` is sent when the
    fault itself names no wait; None sends no Retry-After then.
    """

    status: int
    type: str
    should_retry: bool | None
    retry_after_s: int | None = None


_INVALID: Final = "invalid_request_error"
_AUTHENTICATION: Final = "authentication_error"
_PERMISSION: Final = "permission_error"
_NOT_FOUND: Final = "not_found_error"
_RATE_LIMIT: Final = "rate_limit_error"
_OVERLOADED: Final = "overloaded_error"
_TIMEOUT: Final = "timeout_error"
_API: Final = "api_error"

FAULTS: Final[dict[FaultKind, Shape]] = {
    FaultKind.INVALID_REQUEST: Shape(400, _INVALID, should_retry=False),
    FaultKind.UNAUTHENTICATED: Shape(401, _AUTHENTICATION, should_retry=False),
    # Sending a wrong key again would only make the lock longer.
    FaultKind.LOCKED_OUT: Shape(429, _AUTHENTICATION, should_retry=False, retry_after_s=60),
    FaultKind.FORBIDDEN: Shape(403, _PERMISSION, should_retry=False),
    FaultKind.NOT_FOUND: Shape(404, _NOT_FOUND, should_retry=False),
    FaultKind.METHOD_NOT_ALLOWED: Shape(405, _INVALID, should_retry=False),
    FaultKind.MODEL_NOT_FOUND: Shape(404, _NOT_FOUND, should_retry=False),
    FaultKind.BODY_TOO_LARGE: Shape(413, "request_too_large", should_retry=False),
    FaultKind.CONTEXT_TOO_LONG: Shape(400, _INVALID, should_retry=False),
    FaultKind.CONTENT_REFUSED: Shape(400, _INVALID, should_retry=False),
    FaultKind.MODEL_NOT_ALLOWED: Shape(403, _PERMISSION, should_retry=False),
    FaultKind.KEY_LIMIT_REACHED: Shape(429, _RATE_LIMIT, should_retry=True, retry_after_s=1),
    FaultKind.KEY_LIMIT_TOO_SMALL: Shape(429, _RATE_LIMIT, should_retry=False),
    # No Retry-After: a budget is no matter of a minute.
    FaultKind.KEY_BUDGET_SPENT: Shape(429, _RATE_LIMIT, should_retry=False),
    FaultKind.CONCURRENCY_EXCEEDED: Shape(429, _RATE_LIMIT, should_retry=True, retry_after_s=1),
    # The SDKs retry every 409 unless told not to.
    FaultKind.CONFLICT: Shape(409, _INVALID, should_retry=False),
    # Over a new connection it may come to the right one.
    FaultKind.WRONG_NODE: Shape(409, _INVALID, should_retry=True),
    FaultKind.PRECONDITION_FAILED: Shape(412, _INVALID, should_retry=False),
    FaultKind.MALFORMED_REQUEST: Shape(400, _INVALID, should_retry=None),
    FaultKind.HEAD_TOO_LARGE: Shape(431, _INVALID, should_retry=None),
    FaultKind.REQUEST_TIMEOUT: Shape(408, _TIMEOUT, should_retry=None),
    # The caller's own key is fine, so not 401; see PASSTHROUGH_FAULTS.
    FaultKind.CREDENTIAL_REJECTED: Shape(502, _API, should_retry=False),
    FaultKind.CREDENTIAL_FORBIDDEN: Shape(403, _PERMISSION, should_retry=False),
    # More requests make a block for suspicious activity worse.
    FaultKind.CREDENTIAL_BLOCKED: Shape(403, _PERMISSION, should_retry=False),
    FaultKind.CREDENTIAL_SILENT: Shape(504, _TIMEOUT, should_retry=True),
    FaultKind.CREDENTIAL_FAILING: Shape(502, _API, should_retry=True),
    FaultKind.RATE_LIMITED: Shape(429, _RATE_LIMIT, should_retry=True, retry_after_s=5),
    FaultKind.QUOTA_EXHAUSTED: Shape(429, _RATE_LIMIT, should_retry=False, retry_after_s=60),
    FaultKind.CLIENT_OUTDATED: Shape(502, _API, should_retry=False),
    FaultKind.UNREACHABLE: Shape(502, _API, should_retry=True),
    FaultKind.UPSTREAM_TIMEOUT: Shape(504, _TIMEOUT, should_retry=True),
    FaultKind.UPSTREAM_ERROR: Shape(502, _API, should_retry=True),
    # 529 is Anthropic's own status for it, which its clients know.
    FaultKind.UPSTREAM_OVERLOADED: Shape(529, _OVERLOADED, should_retry=True, retry_after_s=5),
    FaultKind.PROTOCOL_ERROR: Shape(502, _API, should_retry=True),
    FaultKind.INCOMPLETE: Shape(502, _API, should_retry=True),
    FaultKind.INVALID_OUTPUT: Shape(502, _API, should_retry=False),
    FaultKind.UPSTREAM_UNAVAILABLE: Shape(529, _OVERLOADED, should_retry=True, retry_after_s=5),
    # A person has to act first.
    FaultKind.NO_CREDENTIALS: Shape(503, _API, should_retry=False, retry_after_s=60),
    FaultKind.OVERLOADED: Shape(529, _OVERLOADED, should_retry=True, retry_after_s=1),
    FaultKind.LIMITS_UNAVAILABLE: Shape(529, _OVERLOADED, should_retry=True, retry_after_s=1),
    # A person has to make room, or the disk writable.
    FaultKind.STORE_FAILED: Shape(500, _API, should_retry=False),
    # The same request would meet the same bug.
    FaultKind.INTERNAL: Shape(500, _API, should_retry=False),
}

# In pass-through the caller's own key is the credential that was refused.
PASSTHROUGH_FAULTS: Final[dict[FaultKind, Shape]] = {
    **FAULTS,
    FaultKind.CREDENTIAL_REJECTED: Shape(401, _AUTHENTICATION, should_retry=False),
}

# By these words Claude Code knows that it has to make the conversation shorter.
TOO_LONG: Final = "prompt is too long"
# `messages[0].content[1]`, as others spell it.
_INDEX: Final = re.compile(r"\[(\d+)\]")


def render_fault(fault: Fault, *, is_passthrough: bool = False) -> RenderedFault:
    """The HTTP answer for a fault that is known before the first byte of an answer."""
    shape = _shape(fault, is_passthrough=is_passthrough)
    headers = fault_headers(
        fault, shape.status, should_retry=shape.should_retry, default_s=shape.retry_after_s
    )
    return RenderedFault(
        shape.status, headers, render_error_object(fault, is_passthrough=is_passthrough)
    )


def render_error_object(fault: Fault, *, is_passthrough: bool = False) -> bytes:
    """`{"type":"error","error":{"type","message"}}`, on one line."""
    shape = _shape(fault, is_passthrough=is_passthrough)
    return msgspec.json.encode(
        {"type": "error", "error": {"type": shape.type, "message": _message(fault)}}
    )


def _shape(fault: Fault, *, is_passthrough: bool) -> Shape:
    return (PASSTHROUGH_FAULTS if is_passthrough else FAULTS)[fault.kind]


def _message(fault: Fault) -> str:
    message = explain_wait(fault)
    if fault.kind is FaultKind.CONTEXT_TOO_LONG and TOO_LONG not in message:
        message = f"{TOO_LONG}: {message}"
    if fault.param is None:
        return message
    place = _INDEX.sub(r".\1", fault.param)
    message = message.replace(fault.param, place)
    return message if place in message else f"{place}: {message}"
