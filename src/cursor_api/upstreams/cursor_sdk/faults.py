"""What the bridge says when a call or a run fails, as tables.

The numbers are those of `sdk.v1.SdkErrorCode`, the texts those of the bridge as they were seen. A
run that failed has seldom a code, so that its text decides.

Rules of this file:
- Words that are known beat a code, a code in the text beats that of the answer around it: a lack of
  permission was seen as `internal`, with `[plan_required]` in its text.
- What is said reaches people: on one line, bounded, without anything that looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.transport.refusals import FaultContext, Refusal, tell_refusal, tell_status
from cursor_api.wire.connect import CODE_UNKNOWN, ConnectFailure, ErrorDetail, parse_error_json
from cursor_api.wire.protobuf import (
    BYTES,
    VARINT,
    ProtobufError,
    as_bytes,
    as_int,
    as_string,
    iter_fields,
)

DETAILS_TYPE: Final = "sdk.v1.SdkErrorDetails"
NAME_PREFIX: Final = "SDK_ERROR_CODE_"
STATUS_PREFIX: Final = "RUN_LIFECYCLE_STATUS_"
# Where nobody's key is in play.
NO_SECRET: Final = Secret("")
# Of what the bridge lets through; a plan's limit may last for the rest of a month.
RETRY_AFTER_S_MAX: Final = 31 * 24 * 3600.0

_REJECTED = FaultKind.CREDENTIAL_REJECTED
_FORBIDDEN = FaultKind.CREDENTIAL_FORBIDDEN
_INVALID = FaultKind.INVALID_REQUEST
_RATE = FaultKind.RATE_LIMITED
_QUOTA = FaultKind.QUOTA_EXHAUSTED
_OTHER = FaultKind.UPSTREAM_ERROR
_OVERLOADED = FaultKind.UPSTREAM_OVERLOADED
_LOST = FaultKind.INTERNAL

# The bridge has another agent than we think, or none: it was started again.
AGENT_NOT_FOUND: Final = "agent_not_found"
AGENT_BUSY: Final = "agent_busy"
# A new agent helps, as long as nothing of the answer was given.
LOST_AGENT_CODES: Final = frozenset({AGENT_NOT_FOUND, AGENT_BUSY})

# SdkErrorCode: its name in small letters, and what it leads to.
ERRORS: Final[dict[int, tuple[str, FaultKind]]] = {
    1: ("unauthorized", _REJECTED),
    2: ("api_key_not_found", _REJECTED),
    3: ("plan_required", _FORBIDDEN),
    4: ("role_forbidden", _FORBIDDEN),
    5: ("feature_unavailable", _FORBIDDEN),
    6: (AGENT_NOT_FOUND, _LOST),
    7: ("run_not_found", _LOST),
    8: ("validation_error", _INVALID),
    9: ("invalid_model", FaultKind.MODEL_NOT_FOUND),
    # Of agents in the cloud, which are never asked for here.
    10: ("invalid_branch_name", _INVALID),
    11: ("repository_required", _INVALID),
    12: ("repository_access", _FORBIDDEN),
    13: ("pr_resolution_failed", _INVALID),
    14: ("usage_limit_exceeded", _QUOTA),
    15: (AGENT_BUSY, _LOST),
    16: ("agent_archived", _LOST),
    17: ("run_not_cancellable", FaultKind.CONFLICT),
    18: ("rate_limit_exceeded", _RATE),
    19: ("upstream_error", _OTHER),
    20: ("internal_error", _OTHER),
    21: ("client_cancelled", FaultKind.INCOMPLETE),
}
NAMES: Final[dict[str, FaultKind]] = dict(ERRORS.values())

_REFUSED = (FaultKind.CONTENT_REFUSED, "content_refused")
_TOO_LONG = (FaultKind.CONTEXT_TOO_LONG, "context_too_long")
# Words in a text, in small letters: what they lead to, and the code that is reported for them.
TEXTS: Final[dict[str, tuple[FaultKind, str]]] = {
    "unknown agent": (_LOST, AGENT_NOT_FOUND),
    "already has active run": (_LOST, AGENT_BUSY),
    "cannot use this model": (FaultKind.MODEL_NOT_FOUND, "invalid_model"),
    "invalid api key": (_REJECTED, "unauthorized"),
    "api key is required": (_REJECTED, "unauthorized"),
    "usage limit": (_QUOTA, "usage_limit_exceeded"),
    "update required": (FaultKind.CLIENT_OUTDATED, "update_required"),
    "network request failed": (FaultKind.UNREACHABLE, "network_request_failed"),
    # How a busy backend is reported after the bridge has asked it several times.
    "http 429": (_RATE, "rate_limit_exceeded"),
    # The bridge held back more than it keeps for who reads slowly.
    "consumer is too slow": (FaultKind.INCOMPLETE, "consumer_too_slow"),
    # The words of the models' providers: the same request will be refused again, whoever sends it.
    # That they come through is likely and was not seen.
    "content policy": _REFUSED,
    "content_policy": _REFUSED,
    "content filter": _REFUSED,
    "usage policy": _REFUSED,
    "maximum context length": _TOO_LONG,
    "context_length_exceeded": _TOO_LONG,
    "prompt is too long": _TOO_LONG,
    "conversation is too long": _TOO_LONG,
}

# Connect's codes, of an answer or in brackets in a text, and Cursor's own words there.
CODES: Final[dict[str, FaultKind]] = NAMES | {
    "canceled": FaultKind.INCOMPLETE,
    "unknown": _OTHER,
    "invalid_argument": _INVALID,
    "deadline_exceeded": FaultKind.UPSTREAM_TIMEOUT,
    "not_found": FaultKind.NOT_FOUND,
    "already_exists": FaultKind.CONFLICT,
    "permission_denied": _FORBIDDEN,
    "resource_exhausted": _RATE,
    "failed_precondition": _INVALID,
    "aborted": _OTHER,
    "out_of_range": _INVALID,
    # Of Cursor's servers: the bridge knows its own methods.
    "unimplemented": _OTHER,
    "internal": _OTHER,
    "unavailable": _OVERLOADED,
    "data_loss": _OTHER,
    "unauthenticated": _REJECTED,
}

# How a run ended that did not finish, where no text says it better.
RUN_STATUSES: Final[dict[str, FaultKind]] = {
    "ERROR": _OTHER,
    # Not by us: who cancels does not ask why.
    "CANCELLED": FaultKind.INCOMPLETE,
    "EXPIRED": FaultKind.INCOMPLETE,
}

# An answer of the bridge itself that says nothing in Connect's form.
STATUSES: Final[dict[int, FaultKind]] = {
    413: FaultKind.BODY_TOO_LARGE,
    429: _OVERLOADED,
    503: _OVERLOADED,
}

# How a message begins, before the words of the bridge or of Cursor.
LEADS: Final[dict[FaultKind, str]] = {
    _INVALID: tell("Cursor refuses the request"),
    FaultKind.NOT_FOUND: tell("Cursor did not find what was asked for"),
    FaultKind.MODEL_NOT_FOUND: tell("Cursor does not serve the model to this key"),
    FaultKind.BODY_TOO_LARGE: tell("The request is too large for the Cursor SDK bridge"),
    FaultKind.CONTEXT_TOO_LONG: tell("The conversation is too long for the model"),
    FaultKind.CONTENT_REFUSED: tell("The content is refused"),
    FaultKind.CONFLICT: tell("Cursor reports a conflict"),
    _REJECTED: tell("Cursor does not accept this API key"),
    _FORBIDDEN: tell("Cursor does not allow this API key to do that"),
    _RATE: tell("Cursor limits the rate of this API key"),
    _QUOTA: tell("The quota of this Cursor account is used up"),
    FaultKind.CLIENT_OUTDATED: tell(
        "Cursor no longer serves this version of its SDK"
        " (the operator can upgrade the package: pip install --upgrade cursor-sdk)"
    ),
    FaultKind.UNREACHABLE: tell("The Cursor SDK bridge does not reach Cursor's servers"),
    FaultKind.UPSTREAM_TIMEOUT: tell("Cursor ran out of time"),
    _OTHER: tell("Cursor failed"),
    _OVERLOADED: tell("Cursor is overloaded"),
    FaultKind.INCOMPLETE: tell("Cursor ended the answer before it was whole"),
    FaultKind.PROTOCOL_ERROR: tell("The Cursor SDK bridge does not speak sdk.v1 as it should"),
    _LOST: tell("The Cursor SDK bridge does not have the agent any more"),
}
NOT_LET_IN: Final = tell(
    "The Cursor SDK bridge does not accept the gateway's token"
    " (the operator can look at CURSOR_SDK_BRIDGE_TOKEN, or restart the gateway)."
)

_BRACKETED: Final = re.compile(r"\[([a-z_]{1,40})\]\s*")
# What the bridge writes where it has no words.
_NOTHING_SAID: Final = "Error"
# What the bridge answers to who has not its own token; refusals of a key have other words.
_NOT_LET_IN: Final = (401, "Unauthorized", ())


def fault_context(
    secret: Secret, now: Callable[[], float], mask: Callable[[str], str] = str
) -> FaultContext:
    """What telling a fault needs, in this upstream's words."""
    return FaultContext("Cursor", secret, now, mask, LEADS)


class BridgeMask:
    """Hides the tokens of the bridge that is asked, and what `mask` does; a bridge may repeat all.

    A bridge's own token is known when it has started, and is another one after each start.
    """

    __slots__ = ("_mask", "tokens")

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self.tokens: tuple[Secret, ...] = ()

    def __call__(self, text: str) -> str:
        """The text without them."""
        for token in self.tokens:
            if said := token.reveal():
                text = text.replace(said, token.masked)
        return self._mask(text)


class SdkError(Struct, frozen=True):
    """SdkErrorDetails: its number (0 where it has none), its words, how long to wait."""

    number: int = 0
    message: str = ""
    retry_after_s: float | None = None


def fault_of_answer(
    status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
) -> Fault:
    """An answer of the bridge with any status but 200. Header names are lower case."""
    failure = parse_error_json(body)
    if failure is not None:
        if (status, failure.message, failure.details) == _NOT_LET_IN:
            return Fault(FaultKind.PROTOCOL_ERROR, NOT_LET_IN, upstream_code="bridge_token")
        return fault_of_failure(failure, context)
    return tell_status(
        STATUSES.get(status, FaultKind.PROTOCOL_ERROR), status, headers, body, context
    )


def fault_of_failure(failure: ConnectFailure, context: FaultContext) -> Fault:
    """An error in Connect's form, of a unary call or at the end of a stream."""
    error = read_error(failure)
    said = failure.message or error.message
    if error.number in ERRORS:
        name, kind = ERRORS[error.number]
    else:
        name, kind = failure.code, CODES.get(failure.code, _OTHER)
    return _fault(said, (kind, name), context, error.retry_after_s)


def fault_of_run(status: str, said: str, code: str, context: FaultContext) -> Fault:
    """A run that did not finish, by its status, the last words about it, and its error code.

    All are as the bridge gave them; `said` and `code` may be "".
    """
    name = code.removeprefix(NAME_PREFIX).lower()
    status = status.removeprefix(STATUS_PREFIX)
    kind = CODES.get(name) or RUN_STATUSES.get(status, _OTHER)
    return _fault(said, (kind, name if name in CODES else status.lower()), context)


def read_error(failure: ConnectFailure) -> SdkError:
    """The first SdkErrorDetails of a failure; an empty one where there is none."""
    for detail in failure.details:
        if detail.type.rpartition("/")[2] == DETAILS_TYPE:
            try:
                return _read_value(detail)
            except ProtobufError:
                return SdkError()
    return SdkError()


def _read_value(detail: ErrorDetail) -> SdkError:
    """{2 sdk_error_code, 3 message, 6 retry_after{1 seconds, 2 nanos}}."""
    number, message, retry_after_s = 0, "", None
    for field, wire_type, value in iter_fields(detail.value):
        match field, wire_type:
            case 2, _ if wire_type == VARINT:
                number = as_int(value)
            case 3, _ if wire_type == BYTES:
                message = as_string(value)
            case 6, _ if wire_type == BYTES:
                parts = {
                    part: as_int(number)
                    for part, kind, number in iter_fields(as_bytes(value))
                    if kind == VARINT
                }
                seconds = parts.get(1, 0) + parts.get(2, 0) / 1e9
                retry_after_s = min(max(seconds, 0.0), RETRY_AFTER_S_MAX)
    return SdkError(number, message, retry_after_s)


def _find_text(said: str) -> tuple[FaultKind, str] | None:
    told = said.lower()
    return next((row for words, row in TEXTS.items() if words in told), None)


def _fault(
    said: str,
    otherwise: tuple[FaultKind, str],
    context: FaultContext,
    retry_after_s: float | None = None,
) -> Fault:
    """By the words, else by a code in brackets among them, else as given."""
    bracketed = _BRACKETED.match(said)
    code = bracketed[1] if bracketed and bracketed[1] in CODES else ""
    kind, name = _find_text(said) or ((CODES[code], code) if code else otherwise)
    words = _BRACKETED.sub("", said, count=1) if code else said
    refusal = Refusal(
        kind,
        "" if words == _NOTHING_SAID else words,
        # Only what is known is repeated: this ends in logs.
        name if name in CODES or name in _REPORTED else CODE_UNKNOWN,
        "model" if kind is FaultKind.MODEL_NOT_FOUND else None,
        retry_after_s=retry_after_s,
    )
    return tell_refusal(refusal, context)


_REPORTED: Final = frozenset(
    {name for _, name in TEXTS.values()} | {status.lower() for status in RUN_STATUSES}
)
