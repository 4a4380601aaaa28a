"""Variables of the earlier program's later versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.settings.earlier import UNUSED, find_unused

KEY = "key-of-earlier-settings-0123"
SUCCESSORS = {row.earlier: row.variable for row in SCHEMA.rows if row.earlier}
EARLIER = {
    "SHARED_TOKEN": "a-shared-key-0123456789",
    "GENERAL_TIMEZONE": "Asia/Shanghai",
    "DEFAULT_INSTRUCTIONS": "Respond in Chinese by default",
    "REQUEST_BODY_LIMIT": "2000000",
}


@pytest.mark.parametrize("is_file", [False, True])
def test_what_has_a_counterpart_is_read_as_that(tmp_path: Path, *, is_file: bool) -> None:
    """From either place, as it was written there; a note says the name to write now."""
    assert EARLIER.keys() == SUCCESSORS.keys()
    if is_file:
        text = "".join(f"{name}={value}\n" for name, value in EARLIER.items())
        (tmp_path / ".env").write_text(f"AUTH_TOKEN={KEY}\n{text}")
    loaded = load_settings(SCHEMA, {} if is_file else EARLIER | {"AUTH_TOKEN": KEY}, tmp_path)
    assert loaded.problems == ()
    assert [str(one) for one in loaded.warnings] == [
        f"{name} ({f'.env:{line}' if is_file else 'environment'}):"
        f" is read as {SUCCESSORS[name]}; write that in its place"
        for line, name in enumerate(EARLIER, 2)
    ]
    assert [one.reveal() for one in loaded.settings.access.client_tokens] == [
        "a-shared-key-0123456789"
    ]
    assert loaded.facts.find("GATEWAY_BODY_BYTES_MAX") == 2_000_000
    assert loaded.facts.find("CURSOR_TIMEZONE") == "Asia/Shanghai"
    assert loaded.facts.find("CURSOR_INSTRUCTIONS") == "Respond in Chinese by default"


def test_the_present_name_wins(tmp_path: Path) -> None:
    """Whoever has both has moved on; nothing is said then."""
    given = {"AUTH_TOKEN": KEY, "CURSOR_TIMEZONE": "UTC", "GENERAL_TIMEZONE": "Asia/Shanghai"}
    loaded = load_settings(SCHEMA, given, tmp_path)
    assert (loaded.facts.find("CURSOR_TIMEZONE"), loaded.warnings) == ("UTC", ())


def test_what_has_none_is_named_in_one_line(tmp_path: Path) -> None:
    """In the environment without names that any program may have."""
    (tmp_path / ".env").write_text(f"AUTH_TOKEN={KEY}\nDEBUG=true\nKEY_PREFIX=sk-\n")
    given = {"PROXIES": "system", "USAGE_CHECK": "default"}
    first, second = load_settings(SCHEMA, given, tmp_path).warnings
    assert (first.variable, first.where) == ("USAGE_CHECK", "environment")
    assert (second.variable, second.where) == ("DEBUG, KEY_PREFIX", ".env")
    assert "docs/upgrade.md" in second.message


def test_one_that_begins_as_ours_do_is_told_once(tmp_path: Path) -> None:
    """Not as a setting that was misspelt, too: what it would be taken for is another thing."""
    given = {"AUTH_TOKEN": KEY, "CURSOR_API2_HOST": "proxy.example"}
    (warning,) = load_settings(SCHEMA, given, tmp_path).warnings
    assert (warning.variable, "docs/upgrade.md" in warning.message) == ("CURSOR_API2_HOST", True)


def test_the_lists_are_of_names_that_are_no_settings_here() -> None:
    """One that becomes a setting leaves them."""
    names = {*SUCCESSORS, *UNUSED}
    assert not names & SCHEMA.by_variable.keys()
    assert find_unused(["DEBUG", "OTHER"], is_shared=False) == ["DEBUG"]
