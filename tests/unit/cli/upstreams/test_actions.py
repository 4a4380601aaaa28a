"""Looking at upstreams, and at those that are known by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.installed import KINDS, SCHEMA
from tests.unit.cli.gateway_folder import enter

KEYS = ("first-key-0123456789", "second-key-0123456789")


def test_each_upstream_with_where_its_keys_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And never a key."""
    enter(tmp_path, monkeypatch)
    assert main(["upstream", "list"]) == 0
    assert "upstream presets" in capsys.readouterr().out
    monkeypatch.setenv("A_KEY", KEYS[0])
    (tmp_path / "keys").write_text("\n".join(KEYS))
    ways = {"one": 'api_key_env = "A_KEY"', "two": 'api_key_file = "keys"', "three": 'api_key="-"'}
    (tmp_path / "cursor-api.toml").write_text(
        "".join(
            f'[[upstream]]\nname="{name}"\nkind="openai"\n{way}\n' for name, way in ways.items()
        )
    )
    assert main(["upstream", "list", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {name: one["keys_from"] for name, one in listed.items()} == {
        **dict.fromkeys(SCHEMA.own_kinds, "token files"),
        "one": "variable A_KEY",
        "two": f"file {tmp_path / 'keys'}",
        "three": "TOML file",
    }
    assert listed["two"]["key_count"] == 2
    assert main(["upstream", "list"]) == 0
    said = capsys.readouterr().out
    assert "(2)" in said
    assert not any(key in said for key in KEYS)


def test_a_file_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1."""
    enter(tmp_path, monkeypatch)
    (tmp_path / "cursor-api.toml").write_text('[[upstream]]\nname = "x"\n')
    assert main(["upstream", "list"]) == 1
    assert "cursor-api.toml:1" in capsys.readouterr().err


def test_presets_of_kinds_that_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """With address and where keys are given."""
    assert main(["upstream", "presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} <= set(KINDS)
    assert main(["upstream", "presets"]) == 0
    said = capsys.readouterr().out
    assert "also: kimi" in said
    assert all(row["base_url"] in said for row in rows)
