"""The table is whole and means one thing."""

from __future__ import annotations

import re

import pytest

from cursor_api.options.setting import Setting
from cursor_api.settings.table import BY_KEY, BY_VARIABLE, CONFIG, GROUPS, TABLE

REFERENCE = {
    "PORT": "3000",
    "AUTH_TOKEN": None,
    "ROUTE_PREFIX": "",
    "TOKEN_FILE": ".token",
    "TOKEN_LIST_FILE": ".token-list",
}


def test_the_variables_that_users_already_have() -> None:
    """Names and defaults of the earlier program."""
    assert {name: BY_VARIABLE[name].default for name in REFERENCE} == REFERENCE
    assert BY_VARIABLE["x-cursor-checksum"] is BY_VARIABLE["X_CURSOR_CHECKSUM"]


def test_names_are_unique() -> None:
    """No variable, no alias and no key twice; every key in a known table."""
    assert len(BY_VARIABLE) == sum(1 + len(setting.aliases) for setting in TABLE)
    assert len(BY_KEY) == len(TABLE) - 1
    assert {setting.table for setting in TABLE} == set(GROUPS)
    assert [setting for setting in TABLE if not setting.key] == [CONFIG]


def test_groups_stand_together() -> None:
    """In the groups' order, so that the page and the report have one heading each."""
    tables = [setting.table for setting in TABLE]
    assert sorted(tables, key=list(GROUPS).index) == tables


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.variable)
def test_a_row_is_whole(setting: Setting) -> None:
    """A default that parses or a note instead; a reason in both languages, in sentences."""
    if setting.default:
        setting.kind.parse(setting.default)
    assert (setting.default is None) is (setting.default_note is not None)
    assert setting.reason.en.endswith(".")
    assert re.search(r"[\u4e00-\u9fff].*。$", setting.reason.zh)
    assert re.search(r"[\u4e00-\u9fff]", setting.kind.label.zh)
    for unit in ("_S", "_BYTES_MAX"):
        if setting.variable.endswith(unit):
            assert setting.kind.label.en.startswith({"_S": "duration"}.get(unit, "size"))


def test_names_are_the_same_in_both_languages() -> None:
    """What stands in backquotes is code; a translation names the same things."""
    for setting in TABLE:
        english, chinese = (
            sorted(re.findall(r"`[^`]+`", text)) for text in (setting.reason.en, setting.reason.zh)
        )
        assert english == chinese, setting.variable
