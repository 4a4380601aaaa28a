"""Listing, adding and removing, within this process."""

from __future__ import annotations

import asyncio
import io
import json
import time
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.domain.credential import Secret
from cursor_api.domain.credential_health import (
    Cooldown,
    CredentialHealth,
    Preferences,
    Quarantine,
    QuarantineReason,
)
from cursor_api.service.credentials.roster import digest
from cursor_api.stores.files.pool_state import FilePoolStateStore
from tests.unit.cli.editor_folder import make_token

UPSTREAM = '[[upstream]]\nname = "work"\nkind = "cursor"\n'
CHECKSUM = "paaotdDV" + "0" * 64


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in ("TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE", "AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What stands on standard input, which is no terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def token(*arguments: str) -> int:
    """The command's exit status."""
    return main(["token", *arguments])


def test_an_empty_list_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """And `--json` is an empty list all the same."""
    assert token("list") == 0
    assert "token import" in capsys.readouterr().out
    assert token("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_an_added_key_needs_besides_is_told_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the first request fails. A session token does not need it."""
    monkeypatch.setenv("CURSOR_SDK_BRIDGE_BIN", str(folder / "gone"))
    give(monkeypatch, make_token())
    assert token("add", "-") == 0
    assert capsys.readouterr().err == ""
    give(monkeypatch, "crsr_0123456789abcdef0123")
    assert token("add", "-") == 0
    assert "warning: CURSOR_SDK_BRIDGE_BIN names" in capsys.readouterr().err


def test_what_keeps_credentials_from_serving_is_told_in_chinese(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the gateway saved last cannot be read; a warning, and the list is there all the same."""
    (folder / ".token").write_text(f"me::{make_token()}\n")
    (folder / ".token").chmod(0o600)
    (folder / ".token-state").write_text("{")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert token("list") == 0
    told = capsys.readouterr()
    assert told.err.startswith("警告：无法读取各凭据的状态: ")
    assert "pool" not in told.err
    assert "尚未试过" in told.out


def test_the_list_tells_how_each_one_stands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From what the gateway saved last: priority, cooling, quarantine, expiry; masked."""
    now = time.time()
    tokens = {
        "fine": "token-of-fine-000000",
        "slow": "token-of-slow-000000",
        "gone": "token-of-gone-000000",
        "old": make_token(expires_at=int(now) - 100),
        "ends": make_token(expires_at=int(now) + 7200),
        "[bold]off": "token-of-off-0000000",
    }
    (folder / ".token").write_text("".join(f"{a}::{t}\n" for a, t in tokens.items()))
    cooling = CredentialHealth(cooldowns=(("gpt-4o", Cooldown(now + 600, 0, "rate_limited")),))
    revoked = CredentialHealth(quarantine=Quarantine(QuarantineReason.REVOKED, now))
    state = {
        "fine": (Preferences(priority=7), CredentialHealth()),
        "slow": (Preferences(), cooling),
        "gone": (Preferences(), revoked),
        "[bold]off": (Preferences(is_enabled=False), CredentialHealth()),
    }
    store = FilePoolStateStore(folder / ".token-state")
    asyncio.run(store.save({digest(Secret(tokens[name])): kept for name, kept in state.items()}))
    assert token("list") == 0
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line for line in shown.splitlines()}
    assert "  7  " in rows["fine"]
    assert rows["fine"].endswith("never  not tried yet")
    assert "cooling until" in rows["slow"]
    assert "(in 10 min)" in rows["slow"]
    assert "gpt-4o" in rows["slow"]
    assert "quarantined" in rows["gone"]
    assert "expired" in rows["old"]
    assert "soon!" in rows["ends"]
    assert "disabled" in rows["[bold]off"]
    assert all(secret not in shown for secret in tokens.values())


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("tok-1\n", [], "tok-1\n"),
        ("a::tok-1\n\n# a comment\nb::tok-2\n", [], None),
        ("user_X%3A%3Atok-1", ["--alias", "me"], "me::tok-1\n"),
        ("WorkosCursorSessionToken=user_X%3A%3Atok-1; path=/", ["--alias", "me"], "me::tok-1\n"),
        ("other::tok-1", ["--alias", "me"], "me::tok-1\n"),
    ],
)
def test_tokens_are_added_in_any_spelling(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    arguments: list[str],
    expected: str | None,
) -> None:
    """From standard input, one or many."""
    give(monkeypatch, text)
    assert token("add", "-", *arguments) == 0
    added = (folder / ".token").read_text()
    assert added == expected if expected else added.split() == ["a::tok-1", "b::tok-2"]


@pytest.mark.parametrize(
    ("text", "arguments_and_words"),
    [
        ("", ["no token was given"]),
        ("\n# a note\n", ["--alias", "me", "no token was given"]),
        ("two words", ["a space inside"]),
        ("a::tok-1\nb::tok-2", ["--alias", "me", "names one token"]),
        ("tok-1", ["--alias", "a\nb", "an alias is"]),
        ("tok-1", ["--alias", "a::b", "an alias is"]),
        ("tok-1", ["--alias", "#a", "an alias is"]),
        ("tok-1", ["--alias", "", "an alias is"]),
        ("tok-1", ["--checksum", "short", "checksum"]),
        ("tok-1\ntok-2", ["--checksum", CHECKSUM, "checksum"]),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_changed(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    arguments_and_words: list[str],
) -> None:
    """A sentence on standard error, exit status 1, no line in the file."""
    *arguments, words = arguments_and_words
    give(monkeypatch, text)
    assert token("add", "-", *arguments) == 1
    assert words in capsys.readouterr().err
    path = folder / ".token"
    assert not path.exists() or path.read_text() == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key-of-work-000000", "this token is there already, as 'work'"),
        ("work::another-token-0000", "another credential has this alias"),
    ],
)
def test_what_stands_in_the_settings_is_not_added(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    words: str,
) -> None:
    """A key of an upstream is no token for another one; its name is taken."""
    (folder / "cursor-api.toml").write_text(UPSTREAM + 'api_key = "key-of-work-000000"\n')
    give(monkeypatch, text)
    assert token("add", "-") == 1
    assert words in capsys.readouterr().err
    give(monkeypatch, make_token())
    assert token("add", "-") == 0
    assert "warning" not in capsys.readouterr().err
    assert (folder / ".token").read_text() == f"{make_token()}\n"


def test_a_mistake_in_an_upstream_stops_no_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be found out because of it is said."""
    (folder / "cursor-api.toml").write_text(UPSTREAM)
    give(monkeypatch, "a-token-00000000")
    assert token("add", "-") == 0
    told = capsys.readouterr().err
    assert "warning: upstream.work (cursor-api.toml:1): has no key" in told
    assert "would not be found out" in told


def test_a_token_in_the_arguments_is_taken_with_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in the shell's history; two of them are refused without being repeated."""
    assert token("add", "tok-123456789012345", "--checksum", CHECKSUM) == 0
    assert "history" in capsys.readouterr().err
    assert (folder / ".token-list").read_text() == f"tok-123456789012345,{CHECKSUM}\n"
    assert token("add", "me", "tok-another-one-0000") == 1
    assert "tok-another" not in "".join(capsys.readouterr())


def test_binary_and_endless_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it is looked at."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8"))
    assert token("add", "-") == 1
    assert "UTF-8" in capsys.readouterr().err
    monkeypatch.setattr("cursor_api.cli.tokens.actions.INPUT_CHARS_MAX", 10)
    give(monkeypatch, "x" * 11)
    assert token("add", "-") == 1
    assert "the right file" in capsys.readouterr().err


def test_an_expired_token_is_added_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its owner may know better; the clock may be wrong."""
    give(monkeypatch, make_token(expires_at=1_000_000_000))
    assert token("add", "-", "--alias", "old") == 0
    assert "old has expired" in capsys.readouterr().err


def test_removing_asks_and_names_what_there_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at all where nobody can be asked; "no" and an end of input change nothing."""
    (folder / ".token").write_text("".join(f"a{number}::tok-{number}\n" for number in range(12)))
    give(monkeypatch, "")
    assert token("remove", "a1") == 1
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer in ("n\n", ""):
        give(monkeypatch, answer)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        assert token("remove", "a1") == 1
    assert "a1::" in (folder / ".token").read_text()
    give(monkeypatch, "y\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert token("remove", "a1") == 0
    assert "a1::" not in (folder / ".token").read_text()
    assert token("remove", "a1", "--yes") == 1
    assert "a0, a2" in (said := capsys.readouterr().err)
    assert "and 1 more" in said


def test_a_list_that_cannot_be_written_still_lists_what_has_a_checksum(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mounted secret beside a list that is a folder: told, with what there is."""
    (folder / ".token").write_text("known::tok-1\nnew::tok-2\n")
    (folder / "locked").mkdir()
    (folder / "locked" / "list").write_text(f"tok-1,{CHECKSUM}\n")
    (folder / "locked" / ".cursor-api.lock").mkdir()
    (folder / ".env").write_text("TOKEN_LIST_FILE=locked/list\n")
    assert token("list") == 0
    said = capsys.readouterr()
    assert "known" in said.out
    assert "new" not in said.out
    assert "warning: 1 new token(s) cannot be served" in said.err


@pytest.mark.parametrize(("answer", "is_taken"), [("y", True), ("", False)])
def test_a_text_that_looks_like_no_token_is_asked_about(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    *,
    is_taken: bool,
) -> None:
    """Where somebody sits there; elsewhere it is taken, with a word."""
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _question: "canary-token-0000")
    monkeypatch.setattr("builtins.input", reply)
    assert token("add") == (0 if is_taken else 1)
    assert (folder / ".token").exists() is is_taken
    assert asked[0].startswith("Line 1 is not an API key (crsr_…), and not a session token")
    give(monkeypatch, "canary-token-0001")
    assert token("add", "-") == 0
    said = capsys.readouterr()
    assert "warning: line 1 is not an API key" in said.err
    assert "canary" not in said.out + said.err + asked[0]
