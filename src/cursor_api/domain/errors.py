"""Everything that can go wrong, as one closed set that says whose fault it is.

A foreign exception or status is turned into a Fault once, at the edge where it appears, with
`raise ... from`. Failover is one `match` on a Fault's scope.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Self

from cursor_api.domain.credential import Credential
from cursor_api.domain.problems import Notice, Problem
from cursor_api.domain.value import Value


class Scope(enum.Enum):
    """Whom a fault blames, and so what helps."""

    REQUEST = "request"  # the caller's: answer it, blame nobody
    CREDENTIAL = "credential"  # cool it and try another
    ENDPOINT = "endpoint"  # feed the breaker and try another route
    GATEWAY = "gateway"  # ours


class FaultKind(enum.Enum):
    """The closed set. `dialects` give each kind its status and code."""

    # the caller's
    INVALID_REQUEST = "invalid_request"
    UNAUTHENTICATED = "unauthenticated"
    LOCKED_OUT = "locked_out"  # too many wrong keys came from the address
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    MODEL_NOT_FOUND = "model_not_found"
    BODY_TOO_LARGE = "body_too_large"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_REFUSED = "content_refused"
    CONFLICT = "conflict"
    WRONG_NODE = "wrong_node"  # what it goes on with is another node's
    PRECONDITION_FAILED = "precondition_failed"  # If-Match names a state that is no more
    # the same, of what its API key may use
    MODEL_NOT_ALLOWED = "model_not_allowed"
    KEY_LIMIT_REACHED = "key_limit_reached"  # there is room again later
    KEY_LIMIT_TOO_SMALL = "key_limit_too_small"  # one request is larger than the whole limit
    KEY_BUDGET_SPENT = "key_budget_spent"
    # the same, of what never becomes a request: refused by the server
    MALFORMED_REQUEST = "malformed_request"
    HEAD_TOO_LARGE = "head_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    # the credential's
    CREDENTIAL_REJECTED = "credential_rejected"  # revoked, expired, never valid
    CREDENTIAL_FORBIDDEN = "credential_forbidden"  # valid, but not allowed this
    CREDENTIAL_BLOCKED = "credential_blocked"  # too many computers, suspicious activity
    CREDENTIAL_SILENT = "credential_silent"  # no answer, where another credential had one
    CREDENTIAL_FAILING = "credential_failing"  # a failure, where another credential had an answer
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    # the endpoint's
    CLIENT_OUTDATED = "client_outdated"  # it wants a newer client version than we state
    UNREACHABLE = "unreachable"  # DNS, connect, TLS, reset before an answer
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_ERROR = "upstream_error"  # it answered, with a failure of its own
    UPSTREAM_OVERLOADED = "upstream_overloaded"
    PROTOCOL_ERROR = "protocol_error"  # bytes that the wire does not allow
    INCOMPLETE = "incomplete"  # it stopped before its end-of-stream
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"  # it failed so often that it is not asked now
    # ours
    NO_CREDENTIALS = "no_credentials"
    OVERLOADED = "overloaded"
    CONCURRENCY_EXCEEDED = "concurrency_exceeded"  # one caller has too much under way
    INVALID_OUTPUT = "invalid_output"  # the model gave no answer of the form that was asked for
    LIMITS_UNAVAILABLE = "limits_unavailable"  # it is not known what an API key has used
    STORE_FAILED = "store_failed"  # a full or read-only disk, a lock that is not to be had
    INTERNAL = "internal"


SCOPES: dict[FaultKind, Scope] = {
    FaultKind.INVALID_REQUEST: Scope.REQUEST,
    FaultKind.UNAUTHENTICATED: Scope.REQUEST,
    FaultKind.LOCKED_OUT: Scope.REQUEST,
    FaultKind.FORBIDDEN: Scope.REQUEST,
    FaultKind.NOT_FOUND: Scope.REQUEST,
    FaultKind.METHOD_NOT_ALLOWED: Scope.REQUEST,
    FaultKind.MODEL_NOT_FOUND: Scope.REQUEST,
    FaultKind.BODY_TOO_LARGE: Scope.REQUEST,
    FaultKind.CONTEXT_TOO_LONG: Scope.REQUEST,
    FaultKind.CONTENT_REFUSED: Scope.REQUEST,
    FaultKind.CONFLICT: Scope.REQUEST,
    FaultKind.WRONG_NODE: Scope.REQUEST,
    FaultKind.PRECONDITION_FAILED: Scope.REQUEST,
    FaultKind.MODEL_NOT_ALLOWED: Scope.REQUEST,
    FaultKind.KEY_LIMIT_REACHED: Scope.REQUEST,
    FaultKind.KEY_LIMIT_TOO_SMALL: Scope.REQUEST,
    FaultKind.KEY_BUDGET_SPENT: Scope.REQUEST,
    FaultKind.MALFORMED_REQUEST: Scope.REQUEST,
    FaultKind.HEAD_TOO_LARGE: Scope.REQUEST,
    FaultKind.REQUEST_TIMEOUT: Scope.REQUEST,
    FaultKind.CREDENTIAL_REJECTED: Scope.CREDENTIAL,
    FaultKind.CREDENTIAL_FORBIDDEN: Scope.CREDENTIAL,
    FaultKind.CREDENTIAL_BLOCKED: Scope.CREDENTIAL,
    FaultKind.CREDENTIAL_SILENT: Scope.CREDENTIAL,
    FaultKind.CREDENTIAL_FAILING: Scope.CREDENTIAL,
    FaultKind.RATE_LIMITED: Scope.CREDENTIAL,
    FaultKind.QUOTA_EXHAUSTED: Scope.CREDENTIAL,
    FaultKind.CLIENT_OUTDATED: Scope.ENDPOINT,
    FaultKind.UNREACHABLE: Scope.ENDPOINT,
    FaultKind.UPSTREAM_TIMEOUT: Scope.ENDPOINT,
    FaultKind.UPSTREAM_ERROR: Scope.ENDPOINT,
    FaultKind.UPSTREAM_OVERLOADED: Scope.ENDPOINT,
    FaultKind.PROTOCOL_ERROR: Scope.ENDPOINT,
    FaultKind.INCOMPLETE: Scope.ENDPOINT,
    FaultKind.UPSTREAM_UNAVAILABLE: Scope.ENDPOINT,
    FaultKind.NO_CREDENTIALS: Scope.GATEWAY,
    FaultKind.OVERLOADED: Scope.GATEWAY,
    FaultKind.CONCURRENCY_EXCEEDED: Scope.GATEWAY,
    FaultKind.INVALID_OUTPUT: Scope.GATEWAY,
    FaultKind.LIMITS_UNAVAILABLE: Scope.GATEWAY,
    FaultKind.STORE_FAILED: Scope.GATEWAY,
    FaultKind.INTERNAL: Scope.GATEWAY,
}


# A foreign exception has two or three causes; a chain longer than this is a cycle.
CAUSES_MAX = 16
# How much of a caller's own word a message repeats.
QUOTED_CHARS_MAX = 40


class Fault(Exception):  # noqa: N818 - the house word; an Error suffix would say less
    """Something went wrong, and it is known whose fault it is.

    `message` is written for the person who reads the error and never holds a secret; `said` is
    what it was raised with, for those who say it in another language.
    `param` names the offending field of the caller's request, `code` says more exactly than the
    kind what is wrong with it. `retry_after_s` is what the upstream asked for, in seconds, and
    `upstream_code` its own name for the fault. `is_retried_upstream`: it has tried again by itself,
    so that the same endpoint is not asked again.

    `quoted` are the upstream's own words, with which `message` ends. They may repeat what the
    caller wrote, so that they go to the caller alone, unless somebody has looked:
    `is_quote_clean`.
    """

    def __init__(
        self,
        kind: FaultKind,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        upstream_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.said = message
        # Plain: a sentence that can be said in another language is nothing that JSON can hold.
        self.message = str(message)
        self.param = param
        self.code: str | None = None
        self.is_retried_upstream = False
        self.quoted = ""
        self.is_quote_clean = False
        self.retry_after_s = retry_after_s
        self.upstream_code = upstream_code

    @property
    def scope(self) -> Scope:
        """Whom this fault blames."""
        return SCOPES[self.kind]

    @property
    def kept_message(self) -> str:
        """What of the message may be kept and logged: nothing that the caller may have written."""
        if not self.quoted or self.is_quote_clean:
            return self.message
        return self.message.removesuffix(self.quoted).rstrip(": ") + "."

    def without_traceback(self) -> Self:
        """The same without the frames that it and its causes came through.

        They hold what was sent and what was read, megabytes of it, and whoever keeps a fault
        stands in one of them: a cycle, which would wait for the garbage collector with all of it.
        A bug of ours keeps them: they are what tells where it is.
        """
        if self.kind is FaultKind.INTERNAL:
            return self
        error: BaseException | None = self
        for _ in range(CAUSES_MAX):
            if error is None:
                break
            error.__traceback__ = None
            error = error.__cause__ or error.__context__
        return self

    def __repr__(self) -> str:
        return f"Fault({self.kind.value}, {self.message!r})"


def quote(word: str) -> str:
    """A caller's own word in quotes, for a message; cut where it is long."""
    if len(word) > QUOTED_CHARS_MAX:
        word = word[:QUOTED_CHARS_MAX] + "…"
    return f"'{word}'"


def invalid_request(message: str, *, code: str, param: str | None = None) -> Fault:
    """INVALID_REQUEST, with a `code` for programs such as `invalid_json` or `missing_parameter`."""
    fault = Fault(FaultKind.INVALID_REQUEST, message, param=param)
    fault.code = code
    return fault


def not_unicode() -> Fault:
    """For messages with a text that has no UTF-8 form: JSON can escape half of a character."""
    return Fault(
        FaultKind.INVALID_REQUEST,
        "The messages hold characters that are not valid Unicode (a lone surrogate).",
        param="messages",
    )


class LineProblem(Value, frozen=True):
    """One line of a user's file that cannot be used. `line` counts from 1; never the secret.

    `problem` is English; `code` and `value` are for those who say it in another language.
    """

    file: str
    line: int
    problem: str
    code: str = ""
    value: str = ""

    @classmethod
    def of(cls, file: str, line: int, problem: Problem) -> Self:
        """One with all that is known of the problem."""
        return cls(file, line, problem.text, problem.code.value, problem.value)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


class StoreError(Exception):
    """A store could not be read or written whole; what it held before is still there.

    `said` is the message as it was raised, for those who say it in another language.
    """

    def __init__(self, message: str | Notice, problems: Sequence[LineProblem] = ()) -> None:
        super().__init__("\n".join([str(message), *map(str, problems)]))
        self.said = message
        self.message = str(message)
        self.notice = message if isinstance(message, Notice) else None
        self.problems = tuple(problems)


class StoreAwayError(StoreError):
    """A store cannot be used now, and may be later: full, locked, or out of reach."""


class NoTextError(StoreError):
    """The credentials are in no text files, and so cannot be read or replaced as text."""


class StaleTextError(StoreError):
    """The text to be replaced is no longer the one that was read; nothing was changed."""


class StaleKeyError(StoreError):
    """An API key is no longer as it was when it was read; nothing was changed."""


class UnknownCredentialError(StoreError):
    """No credential of that alias is in the store; nothing was changed."""


class BindingNotStoredError(StoreError):
    """New credentials could be read, but their bindings not written: a full or read-only disk.

    Serving such a one would give it another binding at every start, so it has to wait. `known` are
    the credentials whose bindings are stored; the caller may serve them in the meantime.
    """

    def __init__(self, message: str | Notice, known: Sequence[Credential]) -> None:
        super().__init__(message)
        self.known = tuple(known)
