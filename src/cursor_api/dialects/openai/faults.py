"""Faults as OpenAI's clients understand them: one table, one body, one place for headers.

Sources: OpenAI's error object (`message`, `type`, `param`, `code`) and what the SDKs and agents do
with each status, observed by mutating one thing at a time. The rules they led to:

- A status invites a retry only where a retry can mend something, since agents hammer on 429 and
  5xx for a minute and more. Wherever it cannot, `x-should-retry: false` stops those that listen.
- 400 for bad input, never 422, which some clients retry and others show as an empty body.
- `Retry-After` on every 429 and 503 (wire/retry_after.py) but those that no wait mends.
"""

from __future__ import annotations

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
    code: str
    should_retry: bool | None
    retry_after_s: int | None = None


_INVALID = "invalid_request_error"
_AUTHENTICATION = "authentication_error"
_PERMISSION = "permission_error"
_UPSTREAM = "upstream_error"
_SERVER = "server_error"

FAULTS: dict[FaultKind, Shape] = {
    FaultKind.INVALID_REQUEST: Shape(400, _INVALID, "invalid_request", should_retry=False),
    FaultKind.UNAUTHENTICATED: Shape(401, _AUTHENTICATION, "unauthorized", should_retry=False),
    # Sending a wrong key again would only make the lock longer.
    FaultKind.LOCKED_OUT: Shape(
        429, _AUTHENTICATION, "too_many_wrong_keys", should_retry=False, retry_after_s=60
    ),
    FaultKind.FORBIDDEN: Shape(403, _PERMISSION, "forbidden", should_retry=False),
    FaultKind.NOT_FOUND: Shape(404, _INVALID, "not_found", should_retry=False),
    FaultKind.METHOD_NOT_ALLOWED: Shape(405, _INVALID, "method_not_allowed", should_retry=False),
    FaultKind.MODEL_NOT_FOUND: Shape(404, _INVALID, "model_not_found", should_retry=False),
    FaultKind.BODY_TOO_LARGE: Shape(413, _INVALID, "body_too_large", should_retry=False),
    FaultKind.CONTEXT_TOO_LONG: Shape(400, _INVALID, "context_length_exceeded", should_retry=False),
    FaultKind.CONTENT_REFUSED: Shape(400, _INVALID, "content_policy_violation", should_retry=False),
    FaultKind.MODEL_NOT_ALLOWED: Shape(403, _PERMISSION, "model_not_allowed", should_retry=False),
    FaultKind.KEY_LIMIT_REACHED: Shape(
        429, "rate_limit_error", "rate_limit_exceeded", should_retry=True, retry_after_s=1
    ),
    FaultKind.KEY_LIMIT_TOO_SMALL: Shape(
        429, "rate_limit_error", "rate_limit_exceeded", should_retry=False
    ),
    # No Retry-After: a budget is no matter of a minute.
    FaultKind.KEY_BUDGET_SPENT: Shape(
        429, "insufficient_quota", "insufficient_quota", should_retry=False
    ),
    FaultKind.CONCURRENCY_EXCEEDED: Shape(
        429, "rate_limit_error", "concurrency_exceeded", should_retry=True, retry_after_s=1
    ),
    # The SDKs retry every 409 unless told not to.
    FaultKind.CONFLICT: Shape(409, _INVALID, "conflict", should_retry=False),
    # Over a new connection it may come to the right one.
    FaultKind.WRONG_NODE: Shape(409, _INVALID, "wrong_node", should_retry=True),
    FaultKind.PRECONDITION_FAILED: Shape(412, _INVALID, "precondition_failed", should_retry=False),
    # What the server refuses has the name that HTTP gives its status. Whoever sends it is rarely an
    # SDK, which would do the right thing by the status alone.
    FaultKind.MALFORMED_REQUEST: Shape(400, _INVALID, "bad_request", should_retry=None),
    FaultKind.HEAD_TOO_LARGE: Shape(
        431, _INVALID, "request_header_fields_too_large", should_retry=None
    ),
    FaultKind.REQUEST_TIMEOUT: Shape(408, _INVALID, "request_timeout", should_retry=None),
    # The caller's own key is fine, so not 401; see PASSTHROUGH_FAULTS.
    FaultKind.CREDENTIAL_REJECTED: Shape(
        502, _AUTHENTICATION, "upstream_auth_error", should_retry=False
    ),
    FaultKind.CREDENTIAL_FORBIDDEN: Shape(
        403, _PERMISSION, "upstream_forbidden", should_retry=False
    ),
    # 403 and not 502: more requests make a block for suspicious activity worse, and agents go on
    # sending after a 502.
    FaultKind.CREDENTIAL_BLOCKED: Shape(403, _PERMISSION, "upstream_blocked", should_retry=False),
    FaultKind.CREDENTIAL_SILENT: Shape(504, _UPSTREAM, "upstream_timeout", should_retry=True),
    FaultKind.CREDENTIAL_FAILING: Shape(502, _UPSTREAM, "upstream_error", should_retry=True),
    FaultKind.RATE_LIMITED: Shape(
        429, "rate_limit_error", "rate_limit_exceeded", should_retry=True, retry_after_s=5
    ),
    # The longest wait for the agents that do not read x-should-retry.
    FaultKind.QUOTA_EXHAUSTED: Shape(
        429, "insufficient_quota", "insufficient_quota", should_retry=False, retry_after_s=60
    ),
    FaultKind.CLIENT_OUTDATED: Shape(
        502, _UPSTREAM, "upstream_client_outdated", should_retry=False
    ),
    FaultKind.UNREACHABLE: Shape(502, _UPSTREAM, "upstream_unreachable", should_retry=True),
    FaultKind.UPSTREAM_TIMEOUT: Shape(504, _UPSTREAM, "upstream_timeout", should_retry=True),
    FaultKind.UPSTREAM_ERROR: Shape(502, _UPSTREAM, "upstream_error", should_retry=True),
    FaultKind.UPSTREAM_OVERLOADED: Shape(
        503, _UPSTREAM, "upstream_overloaded", should_retry=True, retry_after_s=5
    ),
    FaultKind.PROTOCOL_ERROR: Shape(502, _UPSTREAM, "upstream_protocol_error", should_retry=True),
    FaultKind.INCOMPLETE: Shape(502, _UPSTREAM, "upstream_incomplete", should_retry=True),
    FaultKind.UPSTREAM_UNAVAILABLE: Shape(
        503, _UPSTREAM, "upstream_unavailable", should_retry=True, retry_after_s=5
    ),
    # A person has to act first.
    FaultKind.NO_CREDENTIALS: Shape(
        503, _SERVER, "no_tokens", should_retry=False, retry_after_s=60
    ),
    FaultKind.OVERLOADED: Shape(503, _SERVER, "overloaded", should_retry=True, retry_after_s=1),
    # It was asked again already.
    FaultKind.INVALID_OUTPUT: Shape(502, _SERVER, "invalid_output", should_retry=False),
    FaultKind.LIMITS_UNAVAILABLE: Shape(
        503, _SERVER, "limits_unavailable", should_retry=True, retry_after_s=1
    ),
    # A person has to make room, or the disk writable.
    FaultKind.STORE_FAILED: Shape(500, _SERVER, "store_failed", should_retry=False),
    # The same request would meet the same bug.
    FaultKind.INTERNAL: Shape(500, _SERVER, "internal_error", should_retry=False),
}

# In pass-through the caller's own key is the credential that was refused.
PASSTHROUGH_FAULTS: dict[FaultKind, Shape] = {
    **FAULTS,
    FaultKind.CREDENTIAL_REJECTED: Shape(
        401, _AUTHENTICATION, "invalid_api_key", should_retry=False
    ),
}


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
    """`{"error":{"message","type","param","code"}}`, on one line."""
    shape = _shape(fault, is_passthrough=is_passthrough)
    return msgspec.json.encode(
        {
            "error": {
                "message": explain_wait(fault),
                "type": shape.type,
                "param": fault.param,
                "code": fault.code or shape.code,
            }
        }
    )


def _shape(fault: Fault, *, is_passthrough: bool) -> Shape:
    return (PASSTHROUGH_FAULTS if is_passthrough else FAULTS)[fault.kind]
