"""`cursor-api upstream`, run as its users run it: one life of an upstream from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_folder import run

COMMANDS = ("add", "list", "presets", "remove", "test")
KEY = "sk-0123456789abcdefghijkl"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_by_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its help has a line that can be typed."""
    with pytest.raises(SystemExit) as ended:
        main(["upstream", name, "--help"])
    assert ended.value.code == 0
    assert f"\n  cursor-api upstream {name}" in capsys.readouterr().out


def test_from_a_name_and_a_key_to_an_upstream_and_back(tmp_path: Path) -> None:
    """The key is in a private file of its own and nowhere else; the TOML file is as it was."""
    config = tmp_path / "cursor-api.toml"
    config.write_text("# mine\n[listener]\nport = 8080 # here\n")
    before = config.read_bytes()
    added = run(tmp_path, "upstream", "add", "deepseek", stdin=f"{KEY}\n")
    assert (added.status, added.err) == (0, "")
    assert "cursor-api reload" in added.out
    key_file = tmp_path / ".deepseek.key"
    assert key_file.read_text() == f"{KEY}\n"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert config.read_bytes().startswith(before)
    assert b"https://api.deepseek.com/v1" in config.read_bytes()
    removed = run(tmp_path, "upstream", "remove", "deepseek", "--yes")
    assert removed.status == 0
    assert config.read_bytes() == before
    assert not key_file.exists()
    assert all(KEY not in done.all for done in (added, removed))
