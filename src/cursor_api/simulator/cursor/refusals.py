"""How the private API says no: numbered errors inside a Connect end-of-stream frame.

The numbers, their names and the frame's shape are facts about the upstream, read from public
sources and checked against decoded captures; the Connect code that goes with each number is an
inference, except those of 28 and 38, which were seen. Nothing here does I/O.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cursor_api.wire.connect import encode_end_stream
from cursor_api.wire.protobuf import field_bytes, field_string, field_varint

DETAILS_TYPE = "aiserver.v1.ErrorDetails"

# A number is a position. Names carry the prefix ERROR_ in JSON.
ERROR_NAMES = (
    "UNSPECIFIED",
    "BAD_API_KEY",
    "NOT_LOGGED_IN",
    "INVALID_AUTH_ID",
    "NOT_HIGH_ENOUGH_PERMISSIONS",
    "BAD_MODEL_NAME",
    "USER_NOT_FOUND",
    "FREE_USER_RATE_LIMIT_EXCEEDED",
    "PRO_USER_RATE_LIMIT_EXCEEDED",
    "FREE_USER_USAGE_LIMIT",
    "PRO_USER_USAGE_LIMIT",
    "AUTH_TOKEN_NOT_FOUND",
    "AUTH_TOKEN_EXPIRED",
    "OPENAI",
    "OPENAI_RATE_LIMIT_EXCEEDED",
    "OPENAI_ACCOUNT_LIMIT_EXCEEDED",
    "TASK_UUID_NOT_FOUND",
    "TASK_NO_PERMISSIONS",
    "AGENT_REQUIRES_LOGIN",
    "AGENT_ENGINE_NOT_FOUND",
    "MAX_TOKENS",
    "USER_ABORTED_REQUEST",
    "GENERIC_RATE_LIMIT_EXCEEDED",
    "PRO_USER_ONLY",
    "API_KEY_NOT_SUPPORTED",
    "TIMEOUT",
    "SLASH_EDIT_FILE_TOO_LONG",
    "FILE_UNSUPPORTED",
    "GPT_4_VISION_PREVIEW_RATE_LIMIT",
    "CUSTOM_MESSAGE",
    "OUTDATED_CLIENT",
    "CLAUDE_IMAGE_TOO_LARGE",
    "GITGRAPH_NOT_FOUND",
    "FILE_NOT_FOUND",
    "API_KEY_RATE_LIMIT",
    "DEBOUNCED",
    "BAD_REQUEST",
    "REPOSITORY_SERVICE_REPOSITORY_IS_NOT_INITIALIZED",
    "UNAUTHORIZED",
    "NOT_FOUND",
    "DEPRECATED",
    "RESOURCE_EXHAUSTED",
    "BAD_USER_API_KEY",
    "CONVERSATION_TOO_LONG",
    "USAGE_PRICING_REQUIRED",
    "USAGE_PRICING_REQUIRED_CHANGEABLE",
    "GITHUB_NO_USER_CREDENTIALS",
    "GITHUB_USER_NO_ACCESS",
    "GITHUB_APP_NO_ACCESS",
    "GITHUB_MULTIPLE_OWNERS",
    "RATE_LIMITED",
    "RATE_LIMITED_CHANGEABLE",
    "CUSTOM",
    "HOOKS_BLOCKED",
)

BAD_MODEL_NAME = 5
NOT_LOGGED_IN = 2
AUTH_TOKEN_EXPIRED = 12
UPDATE_REQUIRED = 28  # the number seen with the title "Update Required", whatever its name says
OUTDATED_CLIENT = 30
BAD_REQUEST = 36
UNAUTHORIZED = 38

# Connect code -> the numbers that come with it. Numbers named nowhere are "unknown".
_NUMBERS_BY_CODE: dict[str, tuple[int, ...]] = {
    "unauthenticated": (1, 2, 3, 11, 12, 18, 38, 42, 46),
    "permission_denied": (4, 17, 23, 47, 48, 53),
    "invalid_argument": (5, 24, 26, 27, 31, 36, 43),
    "not_found": (6, 16, 19, 32, 33, 39),
    "resource_exhausted": (7, 8, 9, 10, 14, 15, 20, 22, 28, 34, 41, 44, 45, 50, 51),
    "failed_precondition": (30, 40),
    "canceled": (21,),
    "deadline_exceeded": (25,),
    "already_exists": (49,),
}
CODES_BY_NUMBER = {number: code for code, numbers in _NUMBERS_BY_CODE.items() for number in numbers}

# Number -> (title, detail), where people have seen the words or where they matter.
TITLES_BY_NUMBER: dict[int, tuple[str, str]] = {
    2: ("Not logged in", "Please log in."),
    5: ("Bad model name", "The model name is not known."),
    7: ("Rate limited", "Try again later."),
    9: ("Usage limit reached", "You have used up your free requests."),
    10: ("Usage limit reached", "You have used up your fast requests."),
    11: ("Not logged in", "Please log in."),
    12: ("Session expired", "Please log in again."),
    25: ("Timeout", "The model took too long to answer."),
    28: ("Update Required", "Please update to the newest version of the editor."),
    30: ("Update Required", "Please update to the newest version of the editor."),
    38: ("Unauthorized request.", "User is unauthorized"),
    43: ("Conversation too long", "Please start a new conversation."),
    50: ("Rate limited", "Slow down."),
}


def error_name(number: int) -> str:
    """`ERROR_…` for a number; one outside the list is spelled by its value."""
    return f"ERROR_{ERROR_NAMES[number]}" if 0 <= number < len(ERROR_NAMES) else f"ERROR_{number}"


def error_code(number: int) -> str:
    """The Connect code that goes with a number."""
    return CODES_BY_NUMBER.get(number, "unknown")


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The words of an error. Empty ones are filled in from the table of titles."""

    title: str = ""
    detail: str = ""
    is_retryable: bool | None = None
    is_expected: bool = True


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of ours
    """The request is answered with an error inside the stream (HTTP 200, end frame).

    With a `number` it is one of the private API's numbered errors, whose `message` is literally
    "Error" and whose words are in the details; without one it is the RPC library's own.
    """

    def __init__(self, code: str, message: str, *, number: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.number = number

    @classmethod
    def numbered(cls, number: int, detail: str) -> Refusal:
        """One of the private API's errors; `detail` names what was wrong."""
        return cls(error_code(number), detail, number=number)

    def end_frame(self) -> bytes:
        """The whole end-of-stream frame that carries it."""
        if self.number is None:
            return encode_end_stream({"code": self.code, "message": self.message})
        return numbered_end_frame(self.number, ErrorText(detail=self.message))


def encode_details(number: int, text: ErrorText) -> bytes:
    """`ErrorDetails {1 error, 2 {1 title, 2 detail, 4 is_retryable}, 3 is_expected}`."""
    words = field_string(1, text.title) + field_string(2, text.detail)
    if text.is_retryable is not None:
        words += field_varint(4, int(text.is_retryable))
    return field_varint(1, number) + field_bytes(2, words) + field_varint(3, int(text.is_expected))


def numbered_error(number: int, text: ErrorText | None = None) -> dict[str, object]:
    """The `error` member of the end frame, with `value` in base64 without padding."""
    given = text or ErrorText()
    title, detail = TITLES_BY_NUMBER.get(number, (error_name(number), "The request was refused."))
    full = ErrorText(
        given.title or title, given.detail or detail, given.is_retryable, given.is_expected
    )
    words: dict[str, object] = {"title": full.title, "detail": full.detail}
    if full.is_retryable is not None:
        words["isRetryable"] = full.is_retryable
    value = base64.b64encode(encode_details(number, full)).rstrip(b"=").decode("ascii")
    debug = {"error": error_name(number), "details": words, "isExpected": full.is_expected}
    return {
        "code": error_code(number),
        "message": "Error",
        "details": [{"type": DETAILS_TYPE, "debug": debug, "value": value}],
    }


def numbered_end_frame(number: int, text: ErrorText | None = None) -> bytes:
    """An end-of-stream frame that carries one of the numbered errors."""
    return encode_end_stream(numbered_error(number, text))
