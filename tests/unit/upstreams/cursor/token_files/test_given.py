"""Credentials of a setting: read like a token file, tied to the same device at every start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.installed import FORMS, SCHEMA, Settings, given_credentials
from cursor_api.settings.load import Loaded, load_settings
from cursor_api.settings.report import render_check
from cursor_api.upstreams.cursor.forms import is_checksum
from cursor_api.upstreams.cursor.token_files.given import LIMITS, join, place, token_lines
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from tests.unit.upstreams.cursor.token_files.token_folder import checksum

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.canary"


def read(text: str) -> tuple[Credential, ...]:
    """What the setting gives, at its endpoints."""
    return place(token_lines().parse(text), FORMS)


def load(folder: Path, tokens: str) -> Loaded[Settings]:
    """Settings with these tokens in the environment."""
    return load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20, "TOKENS": tokens}, folder)


def test_each_spelling_of_a_token_file_is_one_here() -> None:
    """Names, cookies, comments and blank lines, line ends of Windows, and keys of a dashboard."""
    text = f"# mine\r\nwork::{JWT}\r\n\r\nuser_01%3A%3A{JWT}2\nopaque\ncrsr_0123456789abcdef\n"
    named, cookie, opaque, key = read(text)
    assert (named.alias, named.secret, named.endpoint) == ("work", Secret(JWT), "cursor")
    assert (cookie.alias, cookie.secret) == ("user_01", Secret(f"{JWT}2"))
    assert opaque.secret == Secret("opaque")
    assert opaque.alias.startswith("token-")
    assert (key.endpoint, key.binding) == ("cursor-sdk", "")
    assert all(one.is_configured for one in (named, cookie, opaque, key))


def test_a_device_is_the_given_one_or_derived_and_lasts() -> None:
    """The same token is the same computer after every restart; another one is another."""
    first, second = read(f"a::x\nb::y,{checksum(7)}")
    assert is_checksum(first.binding)
    assert second.binding == checksum(7)
    assert read("a::x")[0].binding == read("x")[0].binding == first.binding
    assert read("z")[0].binding != first.binding


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("good\ncanary words", "line 2: a space inside the token"),
        ("a::canary\nb::canary", "line 2: the token of line 1 again"),
        ("a::canary\na::canary2", "line 2: the alias of line 1 again"),
        ("canary,short", "line 1: the checksum is not of the known form"),
        ("sk-ant-canary" + "y" * 20, "line 1: the API key of another service"),
        ("canary 1\ncanary 2\ncanary 3\ncanary 4", "line 3: a space"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_not_shown(
    tmp_path: Path, text: str, words: str
) -> None:
    """The gateway does not start with fewer credentials than were given."""
    loaded = load(tmp_path, text)
    [problem] = loaded.problems
    assert str(problem).startswith("TOKENS (environment): the value given cannot be used: line")
    assert words in problem.message
    assert "line 4" not in problem.message
    assert "canary" not in problem.message


def test_a_value_without_end_is_refused(tmp_path: Path) -> None:
    """More than an environment can hold is no list of accounts."""
    [problem] = load(tmp_path, "x" * (LIMITS.file_bytes_max + 1)).problems
    assert "more than the 131072 allowed" in problem.message


def test_the_setting_shows_how_many_and_none_of_them(tmp_path: Path) -> None:
    """In the list of settings, in a repr, and for the log to hide."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20, "TOKENS": f"a::{JWT}\nb"}, tmp_path)
    shown = render_check(loaded)
    assert "set (2 credentials, hidden)" in shown
    assert "canary" not in shown + repr(loaded.settings)
    assert Secret(JWT) in loaded.settings.secrets
    assert given_credentials(loaded.settings)[0].alias == "a"


def test_what_stands_in_the_files_too_counts_as_it_stands_there() -> None:
    """Its stored device wins, the owner's names come first, and order is kept."""
    stored = [Credential("a", Secret("x"), checksum(1), "cursor"), Credential("b", Secret("y"))]
    given = read("other::x\na::z\nc::w")
    joined = join(stored, given)
    assert [(one.alias, one.secret.reveal()) for one in joined] == [
        ("a", "x"),
        ("b", "y"),
        ("a-2", "z"),
        ("c", "w"),
    ]
    assert joined[0].binding == checksum(1)
    assert join(stored, ()) is stored


def test_nothing_of_it_is_written(tmp_path: Path) -> None:
    """A store whose folder takes nothing serves the given ones all the same."""
    options = FileOptions(forms=FORMS, given=read("a::x"))
    store = FileCredentialStore(tmp_path / "t", tmp_path / "l", lambda: checksum(1), options)
    [credential] = asyncio.run(store.load())
    assert credential.alias == "a"
    assert list(tmp_path.iterdir()) == []
