"""What Cursor is told, and what is doubtful about it."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.options.rules import Facts, check, rules_of
from cursor_api.options.setting import find_rows
from cursor_api.transport.options import HttpOptions
from cursor_api.upstreams.cursor.answer import AnswerLimits
from cursor_api.upstreams.cursor.options import ChecksumTime, CursorOptions, checksum

CHECKSUM = Secret("k" * 16)


def doubtful(**values: object) -> list[str]:
    """The keys that are worth a word."""
    rules = rules_of(CursorOptions)
    return [finding.variable for finding in check(rules.should, Facts(values, {}))]


def test_variables_are_named_as_their_keys() -> None:
    """`CURSOR_X_Y` is `x_y`; one variable is older than the rule."""
    named = {row.name: row.variable for row in find_rows(CursorOptions).values() if row.variable}
    assert named.pop("checksum") == "X_CURSOR_CHECKSUM"
    assert named == {name: f"CURSOR_{name.upper()}" for name in named}


def test_prompts_are_private_and_nothing_is_added() -> None:
    """Privacy mode on, instructions empty, the time of now, no zone made up."""
    options = CursorOptions()
    assert (options.is_private, options.instructions) == (True, "")
    assert (options.checksum_time, options.timezone) == (ChecksumTime.NOW, "UTC")


def test_a_frame_fits_into_its_inflated_limit() -> None:
    """An uncompressed frame of the largest size is not refused afterwards."""
    limits = AnswerLimits()
    assert limits.frame_bytes_max <= limits.inflated_bytes_max <= limits.answer_bytes_max


def test_a_checksum_is_what_callers_may_send() -> None:
    """Of the known form or written by hand, and a secret either way."""
    kind = checksum()
    assert kind.parse("abc/+_=-") == Secret("abc/+_=-")
    assert kind.show(kind.parse(kind.examples[0])) == "set (72 characters, hidden)"
    assert "canary" not in kind.quote("canary")


@pytest.mark.parametrize("text", ["a b", "a,b", "a\nb", "校验", "x" * 257])
def test_what_is_no_checksum_is_refused(text: str) -> None:
    """With what it may be, and without what was given."""
    with pytest.raises(ValueError, match=r"^cannot be a checksum") as caught:
        checksum().parse(text)
    assert len(text) <= 3 or text not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://api.example", True),
        ("http://10.0.0.1:8080/x", True),
        ("https://api.example", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost", False),
    ],
)
def test_tokens_in_the_clear_are_told(url: str, *, is_told: bool) -> None:
    """Plain http is for one's own machine."""
    assert doubtful(base_url=url) == (["base_url"] if is_told else [])


def test_a_checksum_without_pass_through_is_told() -> None:
    """It would be ignored in silence."""
    assert doubtful(checksum=CHECKSUM, PASSTHROUGH=False) == ["checksum"]
    assert doubtful(checksum=CHECKSUM, PASSTHROUGH=True) == []
    assert doubtful(checksum=None, PASSTHROUGH=False) == []


def test_values_that_could_not_be_parsed_have_no_second_finding() -> None:
    """Rules say nothing about what is missing."""
    assert doubtful() == []


def test_the_certificates_of_the_client_are_checked_with_the_rest() -> None:
    """Rules of the options inside count as its own."""
    assert set(HttpOptions.RULES.must) <= set(rules_of(CursorOptions).must)
