"""The key that seals tokens, and tokens in the database, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.cli.command import main
from cursor_api.options.sealing_keys import read_keys
from tests.postgres_server import postgres_server
from tests.unit.cli.gateway_folder import run

OLD, NEW = "a" * 64, "b" * 64


def test_a_key_is_made_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Another one each time, as the setting wants it."""
    assert [main(["token", "sealing-key"]) for _ in range(2)] == [0, 0]
    assert len(set(read_keys(capsys.readouterr().out))) == 2


def test_tokens_in_the_database(tmp_path: Path) -> None:
    """Copied, changed, kept in the audit, and sealed with another key."""
    (tmp_path / ".token").write_text("work::eyJjYW5.eyJhcnki.c2ln\n")
    (tmp_path / "other").write_text("other::eyJh.eyJi.c2ln\n")
    with postgres_server() as server:

        def say(key: str, *arguments: str, status: int = 0) -> str:
            done = run(tmp_path, *arguments, DATABASE_URL=server.url, CREDENTIALS_KEY=key, LANG="C")
            assert done.status == status, done.all
            return done.all

        copied = say(OLD, "token", "copy")
        assert "Copied 1 token(s) into the database." in copied
        assert f"{tmp_path / '.token'} is unchanged and not used any more" in copied
        assert "work is in the database already." in say(OLD, "token", "copy")
        added = say(OLD, "token", "add", "home::eyJh.eyJi.c2ln")
        assert "Saved in the database; a running gateway" in added
        say(OLD, "token", "priority", "work", "4")
        assert "from the database." in say(OLD, "token", "remove", "home", "--yes")
        listed = say(OLD, "token", "list")
        assert ("work" in listed, "home" in listed) == (True, False)
        audit = say(OLD, "audit")
        assert "command-line" in audit
        for kind in ("added", "changed", "removed"):
            assert f"credential_{kind}" in audit.replace(" ", "_")
        resealed = say(f"{NEW},{OLD}", "token", "reseal")
        assert "Sealed 1 of 1 token(s) with the key" in resealed
        assert "which CREDENTIALS_KEY does not have" in say(OLD, "token", "list", status=1)
        assert "Tokens are in the database" in say(NEW, "import", "other", status=1)
        for command in ("copy", "reseal"):
            assert "CREDENTIALS_KEY is not set" in say("", "token", command, status=1)
