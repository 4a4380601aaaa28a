"""One key of a TOML file, set and taken out."""

from __future__ import annotations

import tomllib

import pytest

from cursor_api.settings.dotenv_text import TextChangeError
from cursor_api.settings.toml_text import set_key, write_value

TEXT = """\
# The gateway.
[listener]
port = 3000  # mine
hosts = [
  "a",
]

[[upstream]]
name = "x"
port = 1

["logs"]
level = "info"
"""


def test_one_line_changes_and_all_else_stays() -> None:
    """Comments, and keys of the same name elsewhere."""
    assert set_key(TEXT, "listener", "port", "3001") == TEXT.replace("3000", "3001")
    assert set_key(TEXT, "logs", "level", '"debug"') == TEXT.replace('"info"', '"debug"')
    assert set_key(TEXT, "listener", "port", None) == TEXT.replace("port = 3000  # mine\n", "")
    windows = TEXT.replace("\n", "\r\n")
    assert set_key(windows, "listener", "port", "1") == windows.replace("3000", "1")


@pytest.mark.parametrize(
    ("text", "table", "key", "why"),
    [
        (TEXT, "listener", "host", "has no host"),
        (TEXT, "nowhere", "port", "has no port"),
        (TEXT, "listener", "hosts", "by hand"),
        ("listener = { port = 1 }\n", "listener", "port", "by hand"),
        ("listener.port = 1\n", "listener", "port", "by hand"),
        ("[listener\n", "listener", "port", "not TOML"),
    ],
)
def test_what_is_not_on_a_line_of_its_own_is_left_to_its_owner(
    text: str, table: str, key: str, why: str
) -> None:
    """Nothing is guessed."""
    with pytest.raises(TextChangeError, match=why):
        set_key(text, table, key, '"x"')


def test_a_line_in_a_text_of_several_lines_is_no_key() -> None:
    """It looks like one."""
    text = '[a]\nb = """\nc = 1\n"""\nc = 2\n'
    assert set_key(text, "a", "c", "3") == text.replace("c = 2", "c = 3")


@pytest.mark.parametrize(
    ("text", "types", "written"),
    [
        ("true", (bool,), "true"),
        ("True", (), '"True"'),
        ("30", (int, float), "30"),
        ("030", (int,), '"030"'),
        ("30s", (int, float), '"30s"'),
        ('a"b\\é', (), '"a\\"b\\\\é"'),
    ],
)
def test_a_value_is_written_as_people_would(
    text: str, types: tuple[type, ...], written: str
) -> None:
    """And read as the same."""
    assert write_value(text, types) == written
    assert str(tomllib.loads(f"x = {written}")["x"]).lower() == text.lower()
