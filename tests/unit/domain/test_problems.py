"""What is wrong with stored credentials is said in a sentence and by a code."""

from __future__ import annotations

from cursor_api.domain.errors import LineProblem, StoreError
from cursor_api.domain.problems import Notice, NoticeCode, Problem, ProblemCode


def test_a_line_carries_the_sentence_and_the_code() -> None:
    """Programs go by the code, people by the sentence."""
    problem = Problem(ProblemCode.AGAIN, "the token of line 4 again", "4")
    line = LineProblem.of(".token", 7, problem)
    assert str(line) == ".token:7: the token of line 4 again"
    assert (line.code, line.value) == ("again", "4")
    assert str(problem) == problem.text


def test_an_error_without_a_line_has_its_notice() -> None:
    """Its message is the notice's sentence; one that has only a sentence has no notice."""
    notice = Notice(NoticeCode.SAME_FILE, "They are one file: x", {"path": "x"})
    error = StoreError(notice)
    assert error.message == str(notice) == "They are one file: x"
    assert error.notice is notice
    assert StoreError("It is locked.").notice is None


def test_codes_are_words_that_a_program_can_use() -> None:
    """Small letters, each once."""
    codes = [code.value for code in (*ProblemCode, *NoticeCode)]
    assert all(code.isidentifier() and code.islower() for code in codes)
    assert len(codes) == len(set(codes))
