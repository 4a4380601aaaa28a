"""How a stream that has begun tells of its failure: the error of `response.failed`."""

from __future__ import annotations

from typing import Final

import msgspec

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.retry_after import explain_wait
from cursor_api.wire.sse_text import escape_line_ends

# OpenAI has few codes here. Those of the context and of the quota are not among them, but agents
# know both, and stop trying.
CODES: Final = {
    FaultKind.RATE_LIMITED: "rate_limit_exceeded",
    FaultKind.KEY_LIMIT_REACHED: "rate_limit_exceeded",
    FaultKind.KEY_LIMIT_TOO_SMALL: "rate_limit_exceeded",
    FaultKind.KEY_BUDGET_SPENT: "insufficient_quota",
    FaultKind.INVALID_REQUEST: "invalid_prompt",
    FaultKind.CONTENT_REFUSED: "invalid_prompt",
    FaultKind.CONTEXT_TOO_LONG: "context_length_exceeded",
    FaultKind.QUOTA_EXHAUSTED: "insufficient_quota",
}


def render_failure(fault: Fault) -> bytes:
    """`{"code","message"}`, on one line."""
    code = CODES.get(fault.kind, "server_error")
    return escape_line_ends(msgspec.json.encode({"code": code, "message": explain_wait(fault)}))
