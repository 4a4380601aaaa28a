from __future__ import annotations

import re

import pytest

from cursor_api.simulator.directives import (
    ERROR_DIRECTIVES,
    FRAME_DIRECTIVES,
    NUMBERED_DIRECTIVES,
    STREAM_DIRECTIVES,
    Directive,
    DirectiveError,
    DirectiveLanguage,
    split_message,
)
from cursor_api.simulator.faults import Faults, HttpBody

LANGUAGE = DirectiveLanguage(
    (*ERROR_DIRECTIVES, *NUMBERED_DIRECTIVES, *STREAM_DIRECTIVES, *FRAME_DIRECTIVES), "a key"
)
MEANINGS = {
    "ok": Faults(),
    "429-retry-after-2": Faults(http_error=1, http_status=429, retry_after_s=2),
    "429": Faults(http_error=1, http_status=429),
    "502-html": Faults(http_error=1, http_status=502, http_body=HttpBody.HTML),
    "464-empty": Faults(http_error=1, http_status=464, http_body=HttpBody.EMPTY),
    "error-11": Faults(error_before_text=1, error_number=11),
    "error-50-mid": Faults(error_mid_stream=1, error_number=50),
    "reset": Faults(reset_before_headers=1),
    "reset-mid": Faults(reset_mid_stream=1),
    "cut": Faults(half_close_mid_stream=1),
    "cut-at-100": Faults(half_close_mid_stream=1, cut_at_bytes=100),
    "short": Faults(body_ends_mid_stream=1),
    "silence": Faults(silence=1),
    "silence-2.5": Faults(silence=1, silence_s=2.5),
    "stall-3": Faults(stall_mid_stream=1, stall_s=3),
    "ttfb-0.5": Faults(headers_delay_s=0.5),
    "first-text-1": Faults(first_text_delay_s=1),
    "rate-40": Faults(tokens_per_s=40),
    "slow": Faults(tokens_per_s=5),
    "batch-8": Faults(frames_per_write=8),
    "split-7": Faults(split_bytes_max=7),
    "one-byte": Faults(split_bytes_max=1),
    "think": Faults(thinking=True),
    "no-think": Faults(thinking=False),
    "bytes-5000": Faults(answer_bytes=5000),
    "after-4": Faults(fault_after_count=4),
    "no-text": Faults(no_text=1),
    "no-end": Faults(missing_end=1),
    "double-end": Faults(duplicate_end=1),
    "double-end-error": Faults(contradicted_end=1),
    "reset-end": Faults(reset_after_end=1),
    "flag-3": Faults(compressed_end=1),
    "trailing": Faults(trailing_bytes=1),
    "reserved": Faults(reserved_flag=1),
    "oversized": Faults(oversized_length=1),
    "oversized-99": Faults(oversized_length=1, oversized_bytes=99, is_oversized_sent=True),
    "bomb": Faults(gzip_bomb=1),
    "bad-gzip": Faults(bad_gzip=1),
    "malformed": Faults(malformed_message=1),
    "wrong-type": Faults(wrong_content_type=1),
    "seed-9": Faults(seed=9),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_directive_means_the_same_everywhere(text: str) -> None:
    """Dashed in a token, in words in a message, in any case."""
    assert LANGUAGE.token_faults(f"sim-{text}", Faults()) == MEANINGS[text]
    assert LANGUAGE.apply(text.replace("-", " ").upper(), Faults()) == MEANINGS[text]


@pytest.mark.parametrize("row", LANGUAGE.rows, ids=lambda row: row.spelling)
def test_every_row_is_tried_above_and_shown_in_the_help(row: Directive) -> None:
    """A new directive needs its line there."""
    assert [text for text in MEANINGS if re.fullmatch(row.pattern, text)]
    assert row.spelling in LANGUAGE.manual
    assert row.meaning in LANGUAGE.manual


def test_the_manual_names_the_kind_of_credential() -> None:
    """By what its own users call it."""
    assert "sim-429-retry-after-2       as a key\n" in LANGUAGE.manual


def test_several_are_joined_and_change_what_was_there() -> None:
    """The later one wins; what they do not name stays."""
    faults = LANGUAGE.token_faults("sim-think+slow+rate-9@second", Faults(seed=4, stall_s=2))
    assert faults == Faults(seed=4, stall_s=2, thinking=True, tokens_per_s=9)


def test_an_ordinary_token_asks_for_nothing() -> None:
    """Only the prefix makes a script."""
    faults = Faults(seed=4)
    assert LANGUAGE.token_faults("eyJhbGciOi.simple.sim-429", faults) is faults


@pytest.mark.parametrize("text", ["nonsense", "429-retry-after-x", "batch-0", "error", "200"])
def test_unknown_words_are_named(text: str) -> None:
    """A misspelt script must not pass for a healthy credential."""
    with pytest.raises(DirectiveError, match=text):
        LANGUAGE.token_faults(f"sim-{text}", Faults())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", (None, "hello")),
        ("/simple question", (None, "/simple question")),
        ("/sim", ("", "")),
        ("/sim help", ("help", "")),
        ("  /sim 429 retry-after=2\nand code", ("429 retry-after=2", "and code")),
        ("what is\n/sim 429", (None, "what is\n/sim 429")),
    ],
)
def test_only_the_first_line_commands(text: str, expected: tuple[str | None, str]) -> None:
    """The rest is the question."""
    assert split_message(text) == expected
