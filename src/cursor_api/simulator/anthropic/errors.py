"""The error bodies of Anthropic's API, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from cursor_api.simulator.json_api import Refusal

INVALID: Final = "invalid_request_error"
API: Final = "api_error"
# What a simulated request is called; the header has its own number.
REQUEST_ID: Final = "req_simulated"
OVERLOADED_STATUS: Final = 529


class Row(NamedTuple):
    """An error that can be asked for by name."""

    status: int
    kind: str
    message: str


# By the words of the simulator's directives.
ERRORS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "rate-limit": Row(
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 50 requests per minute."
            " For details, refer to: https://docs.claude.com/en/api/rate-limits.",
        ),
        "quota": Row(
            400,
            INVALID,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans &"
            " Billing to upgrade or purchase credits.",
        ),
        "wrong-key": Row(401, "authentication_error", "invalid x-api-key"),
        "forbidden": Row(
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        "model-gone": Row(404, "not_found_error", "model: this-model"),
        "context-too-long": Row(400, INVALID, "prompt is too long: 210000 tokens > 200000 maximum"),
        "content-refused": Row(400, INVALID, "Output blocked by content filtering policy"),
        "server-error": Row(500, API, "Internal server error"),
        "overloaded": Row(OVERLOADED_STATUS, "overloaded_error", "Overloaded"),
    }
)
# What an unnamed error is.
DEFAULT: Final = "server-error"

_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: INVALID,
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        503: "overloaded_error",
        504: "timeout_error",
        OVERLOADED_STATUS: "overloaded_error",
    }
)


def named_refusal(name: str) -> Refusal:
    """An error by its name; any other name is the message of a failure."""
    row = ERRORS.get(name or DEFAULT) or Row(500, API, name)
    return Refusal(row.status, row.kind, row.message)


def refusal_of(status: int, message: str) -> Refusal:
    """An error of which only the status is known."""
    return Refusal(status, _KINDS.get(status, API), message)


def invalid(message: str) -> Refusal:
    """A request that is not as it must be; the message begins with the place."""
    return Refusal(HTTPStatus.BAD_REQUEST, INVALID, message)


def encode_refusal(refusal: Refusal) -> bytes:
    """`{"type": "error", "error": {"type", "message"}, "request_id"}`."""
    return msgspec.json.encode(
        {
            "type": "error",
            "error": {"type": refusal.kind, "message": refusal.message},
            "request_id": REQUEST_ID,
        }
    )
