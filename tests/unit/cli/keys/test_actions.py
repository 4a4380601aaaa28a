"""`cursor-api key …` within this process, on a file of its own."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli import main
from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.stores.sqlite.keys import SqliteKeys

Read = pytest.CaptureFixture[str]


def key(*arguments: str) -> int:
    """The command's exit status."""
    return main(["key", *arguments])


def told(read: Read, *arguments: str) -> Any:
    """What a command that works tells to scripts."""
    read.readouterr()
    assert key(*arguments, "--json") == 0
    return json.loads(read.readouterr().out)


def stored(folder: Path) -> dict[str, ApiKey]:
    """What is in the file, by id."""

    async def load() -> dict[str, ApiKey]:
        store = SqliteKeys(folder / ".request-log.sqlite3")
        keys = {one.id: one for one in await store.load()}
        await store.close()
        return keys

    return asyncio.run(load())


def test_an_empty_list_says_what_to_do(capsys: Read, folder: Path) -> None:
    """And makes no file."""
    assert key("list") == 0
    assert "key create NAME" in capsys.readouterr().out
    assert list(folder.iterdir()) == []
    assert told(capsys, "list") == {"keys": []}


def test_a_key_is_made_and_its_secret_shown_once(capsys: Read, folder: Path) -> None:
    """Alone on its line; no later command knows it."""
    assert key("create", "Alice B.", "--rpm", "60", "--budget", "20usd", "--expires", "90d") == 0
    [secret] = re.findall(r"^sk-ca-[a-z2-7]{52}$", capsys.readouterr().out, re.MULTILINE)
    [made] = stored(folder).values()
    assert (made.id, made.digest) == ("alice-b", digest_of(secret))
    for arguments in (("list",), ("show", "alice-b"), ("show", "alice-b", "--json")):
        assert key(*arguments) == 0
        output = capsys.readouterr().out
        assert "alice-b" in output
        assert secret not in output
    assert key("list") == 0
    table = capsys.readouterr().out
    assert "60 requests/min, $20 a month" in table
    assert "in 90 days" in table


def test_everything_of_a_key_can_be_said(capsys: Read) -> None:
    """In one command."""
    made = told(
        capsys,
        *("create", "ci", "--id", "ci-1", "--owner", "team", "--note", "n", "--role", "admin"),
        *("--model", "gpt-*", "--model", "m", "--zone", "Europe/Berlin"),
        *("--tpm", "200k", "--rpd", "5", "--tpd", "1M", "--concurrent", "4", "--reserve", "100"),
        *("--budget", "5Mtokens", "--per", "week"),
    )
    assert made["secret"].startswith(made["key"]["hint"])
    assert {name: made["key"][name] for name in ("id", "owner", "note", "role", "time_zone")} == {
        "id": "ci-1",
        "owner": "team",
        "note": "n",
        "role": "admin",
        "time_zone": "Europe/Berlin",
    }
    assert made["key"]["models"] == ["gpt-*", "m"]
    assert made["key"]["limits"] == {
        "requests_per_minute": None,
        "tokens_per_minute": 200_000,
        "requests_per_day": 5,
        "tokens_per_day": 1_000_000,
        "concurrent_max": 4,
        "budget": {"period": "week", "tokens": 5_000_000},
        "output_reserve_count": 100,
    }


def test_limits_are_changed_one_by_one(capsys: Read) -> None:
    """What is not named stays, and none takes away."""
    key("create", "a", "--rpm", "60", "--tpd", "5M", "--budget", "20usd", "--per", "day")
    limits = told(capsys, "limits", "a", "--rpm", "none", "--rpd", "7", "--per", "week")["limits"]
    assert (limits["requests_per_minute"], limits["requests_per_day"]) == (None, 7)
    assert limits["tokens_per_day"] == 5_000_000
    assert limits["budget"] == {"period": "week", "dollars": "20"}
    limits = told(capsys, "limits", "a", "--budget", "30usd", "--reserve", "9")["limits"]
    assert limits["budget"] == {"period": "week", "dollars": "30"}
    assert limits["output_reserve_count"] == 9
    limits = told(capsys, "limits", "a", "--budget", "none", "--reserve", "none")["limits"]
    assert (limits["budget"], limits["output_reserve_count"]) == (None, 4096)


def test_the_rest_is_changed_too(capsys: Read) -> None:
    """Each by its name."""
    key("create", "a", "--model", "m", "--expires", "1h")
    changed = told(capsys, "change", "a", "--name", "A.", "--owner", "o", "--expires", "never")
    assert (changed["name"], changed["owner"], changed["expires_at"]) == ("A.", "o", None)
    assert changed["models"] == ["m"]
    assert told(capsys, "change", "a", "--all-models")["models"] == []
    assert key("show", "a") == 0
    facts = capsys.readouterr().out
    assert re.search(r"^owner +o$", facts, re.MULTILINE)
    assert re.search(r"^models +all$", facts, re.MULTILINE)


def test_a_key_is_rotated_revoked_and_forgotten(capsys: Read, folder: Path) -> None:
    """Each is told in a line."""
    key("create", "a", "--rpd", "3")
    capsys.readouterr()
    assert key("rotate", "a", "--keep", "24h") == 0
    output = capsys.readouterr().out
    assert "The old secret is valid until" in output
    assert digest_of(re.findall(r"sk-ca-\w{52}", output)[0]) == stored(folder)["a"].digest
    assert key("show", "a") == 0
    assert "valid until" in capsys.readouterr().out
    assert key("delete", "a") == 1
    assert "revoke it first" in capsys.readouterr().err
    assert key("revoke", "a") == 0
    assert key("show", "a") == 0
    assert "revoked" in capsys.readouterr().out
    assert key("delete", "a") == 0
    assert stored(folder) == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nobody"), "There is no API key 'nobody'"),
        (("create", "a", "--rpm", "0"), "limits.requests_per_minute"),
        (("create", "a", "--zone", "Mars"), "time_zone"),
        (("create", "a", "--id", "operator"), "the name of other callers"),
    ],
)
def test_what_is_wrong_is_said(capsys: Read, arguments: tuple[str, ...], words: str) -> None:
    """And the status is 1."""
    assert key(*arguments) == 1
    assert words in capsys.readouterr().err


def test_what_is_wrong_is_said_in_chinese(capsys: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a reader of Chinese, with the facts in it."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert key("show", "nobody") == 1
    assert capsys.readouterr().err == "错误：没有 API 密钥 'nobody'。\n"
    assert key("create", "Alice", "--zone", "Berlin") == 1
    assert capsys.readouterr().err == "错误：“time_zone”不是时区名称，例如 Asia/Shanghai。\n"


def test_a_file_that_is_none_of_ours_is_left_alone(capsys: Read, folder: Path) -> None:
    """With its name and what to do."""
    (folder / ".request-log.sqlite3").write_text("a diary")
    assert key("create", "a") == 1
    assert "is no request log of this program" in capsys.readouterr().err
    assert (folder / ".request-log.sqlite3").read_text() == "a diary"


def test_a_name_of_client_tokens_is_no_id(
    capsys: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given or made, whatever else is wrong with the settings; wrong names forbid nothing."""
    (folder / ".env").write_text("CLIENT_TOKENS=anna::a-long-random-text\nPORT=x\n")
    assert key("create", "Anna", "--id", "anna") == 1
    assert "'anna' is the name of a key in CLIENT_TOKENS" in capsys.readouterr().err
    assert told(capsys, "create", "Anna")["key"]["id"] == "anna-2"
    monkeypatch.setenv("CLIENT_TOKENS", "!::x")
    assert told(capsys, "create", "Anna")["key"]["id"] == "anna"


def test_keys_are_where_the_settings_say(
    capsys: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the database that is named, and not in a file that no gateway looks into."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:canary@127.0.0.1:1/there")
    assert key("create", "Anna") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "canary" not in said.err
    assert list(folder.iterdir()) == []


def test_without_a_database_there_is_nowhere_to_copy_to(capsys: Read) -> None:
    """It says which setting is missing."""
    assert key("copy") == 1
    assert "DATABASE_URL is not set" in capsys.readouterr().err
