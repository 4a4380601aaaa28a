"""What Cursor's private API says when it refuses, as tables.

The numbers and names are those of `aiserver.v1.ErrorDetails` as decoded from real answers; the
sequential numbering in some published files is wrong. What each one leads to is our reading.

Rules of this file:
- A title beats the number: "Update Required" was seen under the number of a rate limit. The number
  beats the HTTP status, the status beats Connect's code, and everything ends in some kind.
- What the upstream says reaches people: on one line, bounded, without HTML, without anything that
  looks like a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.transport import refusals
from cursor_api.transport.faults import STATUS_KINDS, kind_of_status
from cursor_api.transport.refusals import FaultContext, Refusal, tell_refusal, tell_status
from cursor_api.wire.connect import ConnectFailure, ErrorDetail, parse_error_json
from cursor_api.wire.protobuf import (
    BYTES,
    VARINT,
    ProtobufError,
    as_bytes,
    as_int,
    as_string,
    iter_fields,
)

DETAILS_TYPE: Final = "aiserver.v1.ErrorDetails"
NAME_PREFIX: Final = "ERROR_"
# `message` of real answers: it says nothing.
EMPTY_MESSAGE: Final = "Error"

_REJECTED = FaultKind.CREDENTIAL_REJECTED
_FORBIDDEN = FaultKind.CREDENTIAL_FORBIDDEN
_INVALID = FaultKind.INVALID_REQUEST
_NOT_FOUND = FaultKind.NOT_FOUND
_RATE = FaultKind.RATE_LIMITED
_QUOTA = FaultKind.QUOTA_EXHAUSTED
_OTHER = FaultKind.UPSTREAM_ERROR

# ErrorDetails.error: the name without its prefix, and what it leads to.
ERRORS: Final[dict[int, tuple[str, FaultKind]]] = {
    0: ("UNSPECIFIED", _OTHER),
    1: ("BAD_API_KEY", _REJECTED),
    2: ("NOT_LOGGED_IN", _REJECTED),
    3: ("INVALID_AUTH_ID", _REJECTED),
    4: ("NOT_HIGH_ENOUGH_PERMISSIONS", _FORBIDDEN),
    5: ("BAD_MODEL_NAME", FaultKind.MODEL_NOT_FOUND),
    # The user behind the token is gone: that is the token's end.
    6: ("USER_NOT_FOUND", _REJECTED),
    7: ("FREE_USER_RATE_LIMIT_EXCEEDED", _RATE),
    8: ("PRO_USER_RATE_LIMIT_EXCEEDED", _RATE),
    9: ("FREE_USER_USAGE_LIMIT", _QUOTA),
    10: ("PRO_USER_USAGE_LIMIT", _QUOTA),
    11: ("AUTH_TOKEN_NOT_FOUND", _REJECTED),
    12: ("AUTH_TOKEN_EXPIRED", _REJECTED),
    13: ("OPENAI", _OTHER),
    14: ("OPENAI_RATE_LIMIT_EXCEEDED", _RATE),
    15: ("OPENAI_ACCOUNT_LIMIT_EXCEEDED", _RATE),
    16: ("TASK_UUID_NOT_FOUND", _NOT_FOUND),
    17: ("TASK_NO_PERMISSIONS", _FORBIDDEN),
    18: ("AGENT_REQUIRES_LOGIN", _REJECTED),
    19: ("AGENT_ENGINE_NOT_FOUND", _NOT_FOUND),
    20: ("MAX_TOKENS", FaultKind.CONTEXT_TOO_LONG),
    21: ("USER_ABORTED_REQUEST", _OTHER),
    22: ("GENERIC_RATE_LIMIT_EXCEEDED", _RATE),
    23: ("PRO_USER_ONLY", _FORBIDDEN),
    24: ("API_KEY_NOT_SUPPORTED", _INVALID),
    25: ("TIMEOUT", FaultKind.UPSTREAM_TIMEOUT),
    26: ("SLASH_EDIT_FILE_TOO_LONG", _INVALID),
    27: ("FILE_UNSUPPORTED", _INVALID),
    28: ("GPT_4_VISION_PREVIEW_RATE_LIMIT", _RATE),
    29: ("CUSTOM_MESSAGE", _OTHER),
    30: ("OUTDATED_CLIENT", FaultKind.CLIENT_OUTDATED),
    31: ("CLAUDE_IMAGE_TOO_LARGE", _INVALID),
    32: ("GITGRAPH_NOT_FOUND", _NOT_FOUND),
    33: ("FILE_NOT_FOUND", _NOT_FOUND),
    34: ("API_KEY_RATE_LIMIT", _RATE),
    35: ("DEBOUNCED", _OTHER),
    36: ("BAD_REQUEST", _INVALID),
    37: ("REPOSITORY_SERVICE_REPOSITORY_IS_NOT_INITIALIZED", _OTHER),
    38: ("UNAUTHORIZED", _REJECTED),
    39: ("NOT_FOUND", _NOT_FOUND),
    40: ("DEPRECATED", FaultKind.CLIENT_OUTDATED),
    41: ("RESOURCE_EXHAUSTED", _QUOTA),
    42: ("BAD_USER_API_KEY", _REJECTED),
    43: ("CONVERSATION_TOO_LONG", FaultKind.CONTEXT_TOO_LONG),
    44: ("USAGE_PRICING_REQUIRED", _QUOTA),
    45: ("USAGE_PRICING_REQUIRED_CHANGEABLE", _QUOTA),
    46: ("GITHUB_NO_USER_CREDENTIALS", _REJECTED),
    47: ("GITHUB_USER_NO_ACCESS", _FORBIDDEN),
    48: ("GITHUB_APP_NO_ACCESS", _FORBIDDEN),
    49: ("GITHUB_MULTIPLE_OWNERS", FaultKind.CONFLICT),
    50: ("RATE_LIMITED", _RATE),
    51: ("RATE_LIMITED_CHANGEABLE", _RATE),
    52: ("CUSTOM", _OTHER),
    53: ("HOOKS_BLOCKED", _FORBIDDEN),
}
NUMBERS: Final[dict[str, int]] = {name: number for number, (name, _) in ERRORS.items()}

# Words that say more than any number, in lower case; looked for in title, detail and message.
ERROR_TITLES: Final[dict[str, FaultKind]] = {
    "update required": FaultKind.CLIENT_OUTDATED,
    "too many computers": FaultKind.CREDENTIAL_BLOCKED,
    "suspicious activity": FaultKind.CREDENTIAL_BLOCKED,
    "unauthorized request": _REJECTED,
    "user is unauthorized": _REJECTED,
    # Below, words of the models' providers as their own documentation and users report them. That
    # Cursor hands them through under some number of its own is likely and was not seen; each says
    # plainly that the same request will be refused again, whoever sends it.
    "content policy": FaultKind.CONTENT_REFUSED,
    "content_policy": FaultKind.CONTENT_REFUSED,
    "content management policy": FaultKind.CONTENT_REFUSED,
    "content filter": FaultKind.CONTENT_REFUSED,
    "violating our usage policy": FaultKind.CONTENT_REFUSED,
    "result of our safety system": FaultKind.CONTENT_REFUSED,
    "maximum context length": FaultKind.CONTEXT_TOO_LONG,
    "context_length_exceeded": FaultKind.CONTEXT_TOO_LONG,
    "prompt is too long": FaultKind.CONTEXT_TOO_LONG,
}

# Connect's codes, for errors without a known number.
CODES: Final[dict[str, FaultKind]] = {
    "canceled": _OTHER,
    "unknown": _OTHER,
    "invalid_argument": _INVALID,
    "deadline_exceeded": FaultKind.UPSTREAM_TIMEOUT,
    "not_found": _NOT_FOUND,
    "already_exists": FaultKind.CONFLICT,
    "permission_denied": _FORBIDDEN,
    "resource_exhausted": _RATE,
    "failed_precondition": _INVALID,
    "aborted": FaultKind.CONFLICT,
    "out_of_range": _INVALID,
    # The call is not served (any more): only the operator can change what is asked, and where.
    "unimplemented": FaultKind.CLIENT_OUTDATED,
    "internal": _OTHER,
    "unavailable": FaultKind.UPSTREAM_OVERLOADED,
    "data_loss": _OTHER,
    "unauthenticated": _REJECTED,
}

# How a message begins, where it is not as with endpoints that are asked with a key.
LEADS: Final[Mapping[FaultKind, str]] = {
    **refusals.LEADS,
    FaultKind.NOT_FOUND: tell("{name} did not find what was asked for"),
    FaultKind.MODEL_NOT_FOUND: tell("{name} does not know the model"),
    FaultKind.CREDENTIAL_REJECTED: tell("{name} does not accept this credential"),
    FaultKind.CREDENTIAL_FORBIDDEN: tell("{name} does not allow this account to do that"),
    FaultKind.CREDENTIAL_BLOCKED: tell("{name} has blocked this account or device"),
    FaultKind.RATE_LIMITED: tell("{name} limits the rate of this account"),
    FaultKind.QUOTA_EXHAUSTED: tell("The quota of this {name} account is used up"),
    FaultKind.CLIENT_OUTDATED: tell(
        "{name} no longer serves the client version that this gateway states"
        " (the operator can change CURSOR_CLIENT_VERSION and CURSOR_BASE_URL)"
    ),
    FaultKind.PROTOCOL_ERROR: tell("{name} answered with something else than was asked for"),
}


def fault_context(
    secret: Secret, now: Callable[[], float], mask: Callable[[str], str] = str
) -> FaultContext:
    """What telling a fault needs, in this upstream's words."""
    return FaultContext("Cursor", secret, now, mask, LEADS)


class CursorError(Struct, frozen=True):
    """ErrorDetails: its number (None where there is none), and the texts for people."""

    number: int | None
    title: str = ""
    detail: str = ""


def fault_of_failure(
    failure: ConnectFailure,
    context: FaultContext,
    *,
    status: int | None = None,
    retry_after: str = "",
) -> Fault:
    """An error in Connect's form; `status` where it came with an HTTP status other than 200."""
    error = read_error(failure)
    message = "" if failure.message == EMPTY_MESSAGE else failure.message
    said = [error.title.rstrip(". "), error.detail] if error.title or error.detail else [message]
    refusal = Refusal(
        _kind(failure, error, status),
        ". ".join(dict.fromkeys(filter(None, said))),
        _upstream_code(failure, error),
        retry_after=retry_after,
    )
    return tell_refusal(refusal, context)


def fault_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """An answer that is no StreamChat stream: any status but 200. Header names are lower case."""
    failure = parse_error_json(body)
    if failure is not None:
        retry_after = headers.get("retry-after", "")
        return fault_of_failure(failure, context, status=status, retry_after=retry_after)
    # Connect reads a plain 404 as `unimplemented`: there is one address, and no call behind it.
    kind = CODES["unimplemented"] if status == HTTPStatus.NOT_FOUND else kind_of_status(status)
    return tell_status(kind, status, headers, body, context)


def read_error(failure: ConnectFailure) -> CursorError:
    """The first ErrorDetails of a failure; one without number or texts where there is none."""
    for detail in failure.details:
        if detail.type.rpartition("/")[2] == DETAILS_TYPE:
            told = _read_debug(detail.debug)
            try:
                read = _read_value(detail)
            except ProtobufError:
                return told
            return CursorError(
                told.number if read.number is None else read.number,
                read.title or told.title,
                read.detail or told.detail,
            )
    return CursorError(None)


def _read_value(detail: ErrorDetail) -> CursorError:
    """{1 error, 2 {1 title, 2 detail}, …}."""
    number = None
    texts: dict[int, str] = {}
    for field, wire_type, value in iter_fields(detail.value):
        if field == 1 and wire_type == VARINT:
            number = as_int(value)
        elif field == 2 and wire_type == BYTES:  # noqa: PLR2004 - the field's number
            for inner, inner_type, text in iter_fields(as_bytes(value)):
                if inner in {1, 2} and inner_type == BYTES:
                    texts[inner] = as_string(text)
    return CursorError(number, texts.get(1, ""), texts.get(2, ""))


def _read_debug(debug: object) -> CursorError:
    """{"error": "ERROR_…" or a number, "details": {"title", "detail"}}; anything may be missing."""
    if not isinstance(debug, dict):
        return CursorError(None)
    error, details = debug.get("error"), debug.get("details")
    number = error if type(error) is int else None
    if isinstance(error, str):
        number = NUMBERS.get(error.removeprefix(NAME_PREFIX))
    if not isinstance(details, dict):
        return CursorError(number)
    title, text = details.get("title"), details.get("detail")
    return CursorError(
        number, title if isinstance(title, str) else "", text if isinstance(text, str) else ""
    )


def _kind(failure: ConnectFailure, error: CursorError, status: int | None) -> FaultKind:
    told = f"{error.title}\n{error.detail}\n{failure.message}".lower()
    for words, kind in ERROR_TITLES.items():
        if words in told:
            return kind
    if error.number in ERRORS:
        return ERRORS[error.number][1]
    if status in STATUS_KINDS:
        return STATUS_KINDS[status]
    if failure.code in CODES:
        return CODES[failure.code]
    return _OTHER if status is None else kind_of_status(status)


def _upstream_code(failure: ConnectFailure, error: CursorError) -> str:
    if error.number in ERRORS:
        return NAME_PREFIX + ERRORS[error.number][0]
    if error.number is not None:
        return f"{NAME_PREFIX}{error.number}"
    # Only codes that are known are repeated: this one ends in logs and answers.
    return failure.code if failure.code in CODES else "unknown"
