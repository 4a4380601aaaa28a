"""The table of OpenTelemetry's names."""

from __future__ import annotations

import re

from cursor_api.domain.deltas import FinishReason
from cursor_api.installed import DIALECTS
from cursor_api.telemetry import genai_names


def test_every_name_is_there_once_and_of_a_known_family() -> None:
    """Theirs, or marked as ours."""
    names = [value for name, value in vars(genai_names).items() if name.isupper()]
    texts = [value for value in names if isinstance(value, str) and "." in value]
    assert len(set(texts)) == len(texts) > 10
    for text in texts:
        assert re.fullmatch(r"(gen_ai|cursor_api|error)(\.[a-z_]+)+", text)


def test_what_is_translated_exists() -> None:
    """A client API or an ending that is renamed is renamed here."""
    assert set(genai_names.OPERATIONS) <= {dialect.name for dialect in DIALECTS}
    assert set(genai_names.FINISHES) <= {reason.value for reason in FinishReason}
