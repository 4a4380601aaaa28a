"""What goes wrong with HTTP, as tables: foreign exceptions and statuses to the domain's faults."""

from __future__ import annotations

import enum
import errno
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import fill, tell
from cursor_api.transport.errors import (
    CertificateError,
    ConnectTimeoutError,
    HandshakeError,
    LostError,
    NoAddressError,
    NotHttpError,
    ProxyRefusedError,
    ProxyUnreachableError,
    UnreachableError,
)


class HttpStage(enum.Enum):
    """How far a request came: OPENING until the answer's head is there, READING after it."""

    OPENING = "opening"
    READING = "reading"


class ErrorRow(Struct, frozen=True):
    """One foreign exception and what it is here.

    `message` may name `{host}`, the limits, and the `{flaw}` of a certificate.
    """

    error: type[BaseException]
    kind: FaultKind
    message: str


ANSWER_BROKEN_OFF = tell("{host} broke off in the middle of its answer.")
NO_CONNECTION = tell("No connection to {host} within {connect_timeout_s:g} s.")
NO_TEXT = tell("{host} gave no word of an answer within {first_token_s:g} s.")
NO_NEXT_BYTE = tell("{host} fell silent in the middle of its answer, for {idle_s:g} s.")
UNEXPECTED = tell("The request to {host} failed inside the gateway.")

# The first row whose type fits counts, so that a class stands before its bases.
ERROR_ROWS: Final[dict[HttpStage, tuple[ErrorRow, ...]]] = {
    HttpStage.OPENING: (
        ErrorRow(ConnectTimeoutError, FaultKind.UNREACHABLE, NO_CONNECTION),
        ErrorRow(TimeoutError, FaultKind.UPSTREAM_TIMEOUT, NO_TEXT),
        ErrorRow(
            NoAddressError,
            FaultKind.UNREACHABLE,
            tell("The name {host} has no address, or no name server answers."),
        ),
        ErrorRow(
            CertificateError,
            FaultKind.UNREACHABLE,
            tell("The TLS certificate of {host} {flaw}."),
        ),
        ErrorRow(
            HandshakeError,
            FaultKind.UNREACHABLE,
            tell("{host} and the gateway could not agree on TLS."),
        ),
        ErrorRow(
            ProxyUnreachableError,
            FaultKind.UNREACHABLE,
            tell("The proxy on the way to {host} cannot be reached."),
        ),
        ErrorRow(
            ProxyRefusedError,
            FaultKind.UNREACHABLE,
            tell("The proxy on the way to {host} refused the connection."),
        ),
        ErrorRow(
            UnreachableError,
            FaultKind.UNREACHABLE,
            tell("{host} refuses connections or cannot be reached."),
        ),
        ErrorRow(
            NotHttpError,
            FaultKind.PROTOCOL_ERROR,
            tell("{host} answered with something that is not HTTP."),
        ),
        ErrorRow(
            LostError,
            FaultKind.UNREACHABLE,
            tell("{host} closed the connection before it answered."),
        ),
        ErrorRow(OSError, FaultKind.UNREACHABLE, tell("The network on the way to {host} failed.")),
        ErrorRow(BaseException, FaultKind.INTERNAL, UNEXPECTED),
    ),
    HttpStage.READING: (
        ErrorRow(LostError, FaultKind.INCOMPLETE, ANSWER_BROKEN_OFF),
        ErrorRow(NotHttpError, FaultKind.INCOMPLETE, ANSWER_BROKEN_OFF),
        ErrorRow(OSError, FaultKind.INCOMPLETE, ANSWER_BROKEN_OFF),
        ErrorRow(BaseException, FaultKind.INTERNAL, UNEXPECTED),
    ),
}

# What this machine had none left of: descriptors of the process or of the system, buffers, memory.
# No endpoint can do anything about it, so none is blamed.
SHORTAGES: Final[dict[int | None, str]] = {
    errno.EMFILE: tell("file descriptor (`ulimit -n`)"),
    errno.ENFILE: tell("file descriptor of the whole system"),
    errno.ENOBUFS: tell("network buffer"),
    errno.ENOMEM: tell("memory"),
}
# Connections end all the time where there are so many.
SHORTAGE_RETRY_AFTER_S: Final = 1.0

UNKNOWN_AUTHORITY: Final = tell(
    "is signed by nobody whom this machine trusts; a private authority goes into {ca_setting}"
)
# By the numbers of OpenSSL's x509_vfy.h.
CERTIFICATE_FLAWS: Final[dict[int, str]] = {
    9: tell("is not valid yet by this machine's clock"),
    10: tell("has expired"),
    18: UNKNOWN_AUTHORITY,
    19: UNKNOWN_AUTHORITY,
    20: UNKNOWN_AUTHORITY,
    21: UNKNOWN_AUTHORITY,
    26: tell("is not one for a server"),
    62: tell("is for another host"),
    64: tell("is for another host"),
}


def find_shortage(error: BaseException, host: str) -> Fault | None:
    """The fault of a connection that this machine could not make; None for any other error."""
    cause = getattr(error, "os_error", error)
    number = cause.errno if isinstance(cause, OSError) else None
    if number not in SHORTAGES:
        return None
    message = tell(
        "The gateway has no {means} left for a connection to {host}.",
        means=SHORTAGES[number],
        host=host,
    )
    return Fault(FaultKind.OVERLOADED, message, retry_after_s=SHORTAGE_RETRY_AFTER_S)


def flaw_of_certificate(error: BaseException, ca_setting: str) -> str:
    """Why a certificate was refused, as the end of a sentence; "" for any other error.

    `ca_setting` is where an operator names another authority.
    """
    if not isinstance(error, CertificateError):
        return ""
    cause = error.ssl_error
    if cause.verify_code not in CERTIFICATE_FLAWS:
        return tell("is not trusted: {reason}", reason=cause.verify_message)
    return fill(CERTIFICATE_FLAWS[cause.verify_code], ca_setting=ca_setting)


# A monthly quota may ask for a month; more is a mistake of the sender.
RETRY_AFTER_HEADER_S_MAX: Final = 31 * 24 * 3600.0

# What a status means where the body does not say it better. 410, 415, 426, 464 (a load balancer
# that expects another HTTP version) and 505 are how an endpoint turns old clients away; 501 is a
# call that it does not serve any more.
STATUS_KINDS: Final[dict[int, FaultKind]] = {
    401: FaultKind.CREDENTIAL_REJECTED,
    402: FaultKind.QUOTA_EXHAUSTED,
    403: FaultKind.CREDENTIAL_FORBIDDEN,
    408: FaultKind.UPSTREAM_TIMEOUT,
    409: FaultKind.CONFLICT,
    410: FaultKind.CLIENT_OUTDATED,
    413: FaultKind.BODY_TOO_LARGE,
    415: FaultKind.CLIENT_OUTDATED,
    422: FaultKind.INVALID_REQUEST,
    426: FaultKind.CLIENT_OUTDATED,
    429: FaultKind.RATE_LIMITED,
    464: FaultKind.CLIENT_OUTDATED,
    501: FaultKind.CLIENT_OUTDATED,
    503: FaultKind.UPSTREAM_OVERLOADED,
    504: FaultKind.UPSTREAM_TIMEOUT,
    505: FaultKind.CLIENT_OUTDATED,
    524: FaultKind.UPSTREAM_TIMEOUT,
    529: FaultKind.UPSTREAM_OVERLOADED,
}


def kind_of_status(status: int) -> FaultKind:
    """What an HTTP status other than 200 means; every one has a kind."""
    if status in STATUS_KINDS:
        return STATUS_KINDS[status]
    # Redirects (3xx) are the upstream's failure too: they are never followed. So is a bare 400: the
    # caller's mistakes are answered with a Connect error, and what else is malformed is not theirs.
    return FaultKind.PROTOCOL_ERROR if status < 300 else FaultKind.UPSTREAM_ERROR  # noqa: PLR2004 - HTTP's own border


def parse_retry_after(text: str, now_s: float) -> float | None:
    """A Retry-After header, seconds or an HTTP date, as seconds from now; None if unreadable.

    `now_s` is unix time. Never negative, and bounded by RETRY_AFTER_HEADER_S_MAX.
    """
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            wait_s = float(text)
        else:
            wait_s = parsedate_to_datetime(text).timestamp() - now_s
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait_s, 0.0), RETRY_AFTER_HEADER_S_MAX)
