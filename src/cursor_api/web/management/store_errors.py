"""What a store's error is to a caller of the management API."""

from __future__ import annotations

from cursor_api.domain.errors import (
    Fault,
    FaultKind,
    NoTextError,
    StaleTextError,
    StoreAwayError,
    StoreError,
    UnknownCredentialError,
    invalid_request,
)
from cursor_api.service.credentials.use_cases import INPUT

INVALID_TOKENS = "invalid_tokens"
STORE_AWAY = "store_away"
NO_TOKEN_FILES = "no_token_files"  # noqa: S105 - a code
RETRY_AFTER_S = 5.0
BROKEN_FILES = (
    "The token files have lines that cannot be used, so nothing can be changed here. Mend the"
    " lines first."
)


class GivenTextError(StoreError):
    """The text that was given for a file cannot take its place. `param` is the field it was in."""

    def __init__(self, error: StoreError, param: str | None) -> None:
        super().__init__(error.message, error.problems)
        self.param = param


def explain(error: StoreError) -> Fault:
    """A store's error as whose fault it is.

    What was given is the caller's. A file that was broken already is a conflict. What has no line
    at all is the disk's, or another program's that holds the files. A database that is away is a
    wait.
    """
    match error:
        case StaleTextError():
            return Fault(
                FaultKind.PRECONDITION_FAILED,
                f"{error.message} Read them again (POST /get-tokeninfo) and repeat your change.",
                param="If-Match",
            )
        case UnknownCredentialError():
            return Fault(FaultKind.NOT_FOUND, error.message, param="alias")
        case GivenTextError():
            return invalid_request(error.message, code=INVALID_TOKENS, param=error.param)
        case _ if not error.problems:
            return _without_lines(error)
        case _ if all(problem.file == INPUT for problem in error.problems):
            return invalid_request(error.message, code=INVALID_TOKENS)
        case _:
            return Fault(FaultKind.CONFLICT, BROKEN_FILES)


def _without_lines(error: StoreError) -> Fault:
    if isinstance(error, NoTextError):
        fault = Fault(FaultKind.CONFLICT, error.message)
        fault.code = NO_TOKEN_FILES
        return fault
    if not isinstance(error, StoreAwayError):
        return Fault(FaultKind.STORE_FAILED, error.message)
    fault = Fault(FaultKind.OVERLOADED, error.message, retry_after_s=RETRY_AFTER_S)
    fault.code = STORE_AWAY
    return fault
