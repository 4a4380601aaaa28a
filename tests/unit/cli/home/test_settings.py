"""Settings for commands that need only some of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.cli.home.settings import FILE_AND_CURSOR_GROUPS, FILE_GROUPS, find_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("TOKEN_FILE", "TOKEN_LIST_FILE", "AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_only_the_groups_asked_for_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake elsewhere is not even mentioned; one in them is told and stops."""
    (folder / ".env").write_text("PORT=x\nTOKEN_FILE=mine\nAUTH_TOKEN=\n")
    monkeypatch.setenv("CURSOR_BASE_URL", "nonsense")
    settings = find_settings(FILE_GROUPS, None)
    assert settings is not None
    assert settings.files.token_file == folder / "mine"
    assert capsys.readouterr().err == ""
    assert find_settings(FILE_AND_CURSOR_GROUPS, None) is None
    said = capsys.readouterr().err
    assert "CURSOR_BASE_URL" in said
    assert "PORT" not in said


def test_the_toml_file_counts_as_for_serving(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named or found; one that is no TOML stops, since it may say where the files are."""
    path = folder / "other.toml"
    path.write_text('[files]\ntoken_file = "theirs"\n[listener]\nport = "x"\n')
    settings = find_settings(FILE_GROUPS, path)
    assert settings is not None
    assert settings.files.token_file == folder / "theirs"
    path.write_text("[files")
    assert find_settings(FILE_GROUPS, path) is None
    assert "TOML" in capsys.readouterr().err


def test_a_warning_about_another_setting_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What belongs to the command is."""
    monkeypatch.setenv("CURSOR_BASE_URL", "http://example.com")
    assert find_settings(FILE_GROUPS, None) is not None
    assert capsys.readouterr().err == ""
    assert find_settings(FILE_AND_CURSOR_GROUPS, None) is not None
    assert "CURSOR_BASE_URL" in capsys.readouterr().err


def test_a_mistake_in_a_block_stops_no_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tokens are kept and tested without other upstreams."""
    (folder / "cursor-api.toml").write_text("[[upstream]]\n[[model]]\n")
    assert find_settings(FILE_GROUPS, None) is not None
    assert capsys.readouterr().err == ""
