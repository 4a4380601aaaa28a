"""What a look at one part of the gateway found."""

from __future__ import annotations

from cursor_api.domain.diagnosis import Check, Diagnosing, Needing, Verdict


def test_a_check_is_one_sentence_and_perhaps_what_to_do() -> None:
    """Its verdict is one word, for scripts as well."""
    check = Check("files", Verdict.WARNING, "the disk is full")
    assert check.advice == ""
    assert not isinstance(check, Diagnosing | Needing)
    assert [one.value for one in Verdict] == ["ok", "warning", "problem", "skipped"]
