"""Values as other programs write them are taken as they stand, and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Facts
from cursor_api.settings.habits import find_habits, is_quoted
from cursor_api.settings.load import load_settings
from tests.unit.settings.toy_schema import doubted as doubted_in_blocks
from tests.unit.settings.toy_schema import load as load_blocks

KEY = "canary-key-0123456789"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.canary"


def doubted(folder: Path, **environ: str) -> list[str]:
    """What looks wrong in this environment; none of it shows a key."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY, **environ}, folder)
    assert not loaded.problems
    told = [str(warning) for warning in loaded.warnings]
    assert "canary" not in str(told)
    return told


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_quotes_kept_in_a_key_are_told_with_the_reason(tmp_path: Path, quote: str) -> None:
    """An env-file of Docker unquotes nothing; the key is the text with its quotes, as it stands."""
    [warning] = doubted(tmp_path, AUTH_TOKEN=f"{quote}{KEY}{quote}")
    assert warning.startswith("AUTH_TOKEN (environment): has quotes around it")
    [warning] = doubted(tmp_path, CLIENT_TOKENS=f"{quote}{KEY}-1{quote},{KEY}-2")
    assert warning.startswith("CLIENT_TOKENS (environment): has quotes around it")
    [warning] = doubted(tmp_path, CLIENT_TOKENS=f"{quote}{KEY}-1,{KEY}-2{quote}")
    assert "Docker" in warning


def test_a_list_in_json_is_told() -> None:
    """Its brackets would be part of the first and the last key."""
    keys = tuple(map(Secret, (f'["{KEY}-1"', f'"{KEY}-2"]')))
    facts = Facts({"CLIENT_TOKENS": keys}, {"CLIENT_TOKENS": ".env:2"})
    [finding] = find_habits(facts)
    assert str(finding).startswith("CLIENT_TOKENS (.env:2): looks like a JSON list")


@pytest.mark.parametrize("key", [JWT, f"user_01%3A%3A{JWT}", "user_01::canary-canary-canary"])
def test_an_accounts_token_is_no_key_for_callers(tmp_path: Path, key: str) -> None:
    """Whoever puts it there has taken one setting for the other."""
    [warning] = doubted(tmp_path, AUTH_TOKEN=key)
    assert "looks like an account's token" in warning
    assert "TOKEN_FILE" in warning
    [warning] = doubted(tmp_path, CLIENT_TOKENS=key)
    assert warning.startswith("CLIENT_TOKENS")


@pytest.mark.parametrize("key", ["sk-...", "put-your-own-key-into-this-place", "your-api-key-1"])
def test_what_may_be_the_text_of_an_example_is_told(tmp_path: Path, key: str) -> None:
    """Whoever leaves it there has a key that others know, or one that nobody takes."""
    [warning] = doubted(tmp_path, AUTH_TOKEN=key)
    assert "was to be replaced" in warning


def test_what_stands_in_front_of_a_key_or_behind_it_is_told(tmp_path: Path) -> None:
    """Nobody would ever present it so."""
    [warning] = doubted(tmp_path, AUTH_TOKEN=f"Bearer {KEY}")
    assert "begins with `Bearer`" in warning
    [warning] = doubted(tmp_path, AUTH_TOKEN=f"{KEY} # mine")
    assert "leave the comment out" in warning
    assert doubted(tmp_path, AUTH_TOKEN=f"{KEY}#{KEY}") == []


def test_quotes_around_a_path_are_told(tmp_path: Path) -> None:
    """It would be a relative one, whose name ends in a quote; a quote inside is somebody's own."""
    [warning] = doubted(tmp_path, REQUEST_LOG_FILE='"/var/lib/log"')
    assert warning.startswith("REQUEST_LOG_FILE (environment): has quotes around it")
    assert doubted(tmp_path, REQUEST_LOG_FILE="/var/lib/it's/log") == []


def test_a_value_that_its_quotes_spoil_has_a_problem_that_says_so(tmp_path: Path) -> None:
    """Where the value has to be a number or an address, it is refused with the reason."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY, "PORT": '"3000"'}, tmp_path)
    [problem] = loaded.problems
    assert "has quotes around it" in problem.message


@pytest.mark.parametrize(
    ("way", "variable"),
    [
        ("api_key = '\"canary\"'", "upstream.work.api_key"),
        ("api_keys = ['\"canary\"', 'b']", "upstream.work.api_keys"),
        ('api_key_env = "WORK_KEY"', "upstream.work.api_key_env"),
        ('api_key_file = "keys"', "upstream.work.api_key_file"),
    ],
)
def test_the_keys_of_upstreams_too(tmp_path: Path, way: str, variable: str) -> None:
    """Wherever they come from, once each."""
    (tmp_path / "keys").write_text('"canary"\n')
    block = f'[[upstream]]\nname = "work"\nkind = "toy"\n{way}\n'
    loaded = load_blocks(tmp_path, block, {"WORK_KEY": '"canary"'})
    [warning] = doubted_in_blocks(loaded)
    assert warning.startswith(f"{variable} (")
    assert "canary" not in warning


def test_what_nobody_gave_is_not_looked_at() -> None:
    """Defaults are the program's own."""
    assert list(find_habits(Facts({"AUTH_TOKEN": Secret('"a"'), "HOST": '"a"'}, {}))) == []
    assert [is_quoted(text) for text in ('""', '"', "", "\"a'", "'a'")] == [
        True,
        False,
        False,
        False,
        True,
    ]
