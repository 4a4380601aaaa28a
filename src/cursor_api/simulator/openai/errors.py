"""The error bodies of OpenAI's API, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from cursor_api.simulator.json_api import Refusal

INVALID: Final = "invalid_request_error"
SERVER: Final = "server_error"


class Row(NamedTuple):
    """An error that can be asked for by name."""

    status: int
    kind: str
    message: str
    code: str | None = None
    param: str = ""


# By the words of the simulator's directives.
ERRORS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "rate-limit": Row(
            429,
            "requests",
            "Rate limit reached for this model in organization org-simulated on requests per min"
            " (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit"
            " https://platform.openai.com/account/rate-limits to learn more.",
            "rate_limit_exceeded",
        ),
        "quota": Row(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details. For more"
            " information on this error, read the docs:"
            " https://platform.openai.com/docs/guides/error-codes/api-errors.",
            "insufficient_quota",
        ),
        "wrong-key": Row(
            401,
            INVALID,
            "Incorrect API key provided: sim-****. You can find your API key at"
            " https://platform.openai.com/account/api-keys.",
            "invalid_api_key",
        ),
        "forbidden": Row(
            403,
            INVALID,
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
        ),
        "model-gone": Row(
            404,
            INVALID,
            "The model does not exist or you do not have access to it.",
            "model_not_found",
        ),
        "context-too-long": Row(
            400,
            INVALID,
            "This model's maximum context length is 200000 tokens. However, your messages resulted"
            " in 210000 tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
            "messages",
        ),
        "content-refused": Row(
            400,
            INVALID,
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
            " Please try again with a different prompt:"
            " https://platform.openai.com/docs/guides/reasoning#advice-on-prompting",
            "invalid_prompt",
        ),
        "server-error": Row(
            500,
            SERVER,
            "The server had an error while processing your request. Sorry about that!",
        ),
        "overloaded": Row(
            503, SERVER, "The engine is currently overloaded, please try again later."
        ),
    }
)
# What an unnamed error is.
DEFAULT: Final = "server-error"

_STATUS_KINDS: Final[Mapping[int, str]] = MappingProxyType(
    {429: "requests", 401: INVALID, 403: INVALID, 404: INVALID, 400: INVALID, 413: INVALID}
)


def named_refusal(name: str) -> Refusal:
    """An error by its name; any other name is the message of a failure."""
    row = ERRORS.get(name or DEFAULT) or Row(500, SERVER, name)
    return Refusal(row.status, row.kind, row.message, code=row.code, param=row.param)


def refusal_of(status: int, message: str) -> Refusal:
    """An error of which only the status is known."""
    code = "rate_limit_exceeded" if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return Refusal(status, _STATUS_KINDS.get(status, SERVER), message, code=code)


def invalid(message: str, param: str = "", code: str | None = None) -> Refusal:
    """A request that is not as it must be."""
    return Refusal(HTTPStatus.BAD_REQUEST, INVALID, message, code=code, param=param)


def encode_refusal(refusal: Refusal) -> bytes:
    """`{"error": {"message", "type", "param", "code"}}`."""
    error = {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.code,
    }
    return msgspec.json.format(msgspec.json.encode({"error": error}), indent=2)
