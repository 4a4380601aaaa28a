"""One row of the table of limits."""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.options.said import Words

MINE = "tests/limits/test_limits.py::test_beyond_a_limit_the_answer_is_the_stated_one"
OURS_OF_LOAD = "tests/acceptance/test_admission.py::test_"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row. Either `setting` or both of `default` and `reason`.

    `status` and `code` are the answer's, 0 and "" where there is none; `note` says what happens
    then, or besides.
    """

    key: str
    what: Words
    status: int = 0
    code: str = ""
    setting: str = ""
    default: Words | None = None
    reason: Words | None = None
    note: Words | None = None
    shown_by: str = MINE


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading."""

    title: Words
    rows: tuple[Limit, ...]


IN_BAND = Words("inside the stream, if it has begun", "流已开始时，在流中返回")
CUT = Words("the connection is closed", "断开连接")
LAST_FAULT = Words("the error of the last attempt", "返回最后一次尝试的错误")
