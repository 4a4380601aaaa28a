"""The settings' own files, changed one setting at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from cursor_api.domain.errors import StaleTextError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.ports.configuration import (
    FixedSettingError,
    UnknownSettingError,
    WrongSettingError,
)
from cursor_api.settings import ByCommand, Drafts, Loaded, SettingsFiles, load_settings
from cursor_api.settings.files import find_fixed

KEY = "a-key-of-the-operator"
NOTHING = ByCommand()
TOML = '[admission]\nrequests_max = 100  # enough\n\n[listener]\nhost = "127.0.0.1"\n'


def files_of(
    folder: Path, environ: Mapping[str, str] | None = None, said: ByCommand = NOTHING
) -> SettingsFiles:
    """Those of a folder."""
    (folder / ".env").write_text(f"AUTH_TOKEN={KEY}\n")

    def load(drafts: Drafts) -> Loaded[Settings]:
        by_command = said._replace(dotenv=drafts.dotenv)
        return load_settings(SCHEMA, environ or {}, folder, drafts.toml, by_command)

    return SettingsFiles(SCHEMA, load, folder)


def test_a_new_one_goes_into_env_and_one_in_toml_stays_there(tmp_path: Path) -> None:
    """Each where its owner looks for it."""
    files = files_of(tmp_path)
    (tmp_path / "cursor-api.toml").write_text(TOML)
    assert files.change("GATEWAY_STREAMS_MAX", "50", None) == "GATEWAY_STREAMS_MAX"
    files.change("GATEWAY_REQUESTS_MAX", "200", None)
    assert (tmp_path / ".env").read_text() == f"AUTH_TOKEN={KEY}\nGATEWAY_STREAMS_MAX=50\n"
    assert (tmp_path / "cursor-api.toml").read_text() == TOML.replace("100", "200")
    loaded = files.load(Drafts()).settings
    assert (loaded.admission.requests_max, loaded.admission.streams_max) == (200, 50)


def test_what_is_taken_back_is_the_default_again(tmp_path: Path) -> None:
    """Nothing of it is left."""
    files = files_of(tmp_path)
    (tmp_path / "cursor-api.toml").write_text(TOML)
    before = (tmp_path / ".env").read_text()
    files.change("GATEWAY_STREAMS_MAX", "50", None)
    files.change("GATEWAY_STREAMS_MAX", None, None)
    files.change("GATEWAY_REQUESTS_MAX", None, None)
    assert (tmp_path / ".env").read_text() == before
    assert "requests_max" not in (tmp_path / "cursor-api.toml").read_text()


def test_a_file_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    """A key may be in it."""
    files = files_of(tmp_path, {"AUTH_TOKEN": KEY})
    (tmp_path / ".env").unlink()
    files.change("CLIENT_TOKENS", "a-key-for-somebody-else", None)
    assert stat.S_IMODE(os.stat(tmp_path / ".env").st_mode) == 0o600  # noqa: PTH116 - its mode


@pytest.mark.parametrize("value", ["0", "many", "-5", "1e3"])
def test_a_wrong_value_changes_nothing(tmp_path: Path, value: str) -> None:
    """It is named with what would be right."""
    files = files_of(tmp_path)
    before = files.etag()
    with pytest.raises(WrongSettingError, match=r"is not a whole number|number") as caught:
        files.change("GATEWAY_REQUESTS_MAX", value, None)
    assert [one.name for one in caught.value.problems] == ["GATEWAY_REQUESTS_MAX"]
    assert files.etag() == before


def test_what_only_goes_wrong_together_is_refused_too(tmp_path: Path) -> None:
    """The key of an operator who shall not be without one."""
    files = files_of(tmp_path)
    with pytest.raises(WrongSettingError):
        files.change("AUTH_TOKEN", None, None)
    # What was wrong before does not stand in the way.
    (tmp_path / "cursor-api.toml").write_text("[listener]\nport = 99999\n")
    files.change("GATEWAY_REQUESTS_MAX", "7", None)


@pytest.mark.parametrize(
    ("name", "environ", "said", "words"),
    [
        ("PORT", {}, ByCommand(), "from the next start on"),
        ("CURSOR_SDK_BRIDGE_BIN", {}, ByCommand(), "runs on the gateway's machine"),
        ("CURSOR_SDK_BRIDGE_CAGE", {}, ByCommand(), "runs on the gateway's machine"),
        ("GATEWAY_REQUESTS_MAX", {"GATEWAY_REQUESTS_MAX": "7"}, ByCommand(), "in the environment"),
        ("GATEWAY_REQUESTS_MAX", {"GATEWAY_REQUESTS_MAX": ""}, ByCommand(), "in the environment"),
        (
            "GATEWAY_REQUESTS_MAX",
            {},
            ByCommand(overrides={"GATEWAY_REQUESTS_MAX": "7"}),
            "in the command line",
        ),
    ],
)
def test_what_no_file_can_change_is_told(
    tmp_path: Path, name: str, environ: dict[str, str], said: ByCommand, words: str
) -> None:
    """With where it can be."""
    with pytest.raises(FixedSettingError, match=words):
        files_of(tmp_path, environ, said).change(name, "8", None)


def test_why_one_is_fixed_has_a_code(tmp_path: Path) -> None:
    """For those who say it in another language."""
    block = '[[upstream]]\nname = "x"\nkind = "openai"\napi_key = "-"\n'
    (tmp_path / "cursor-api.toml").write_text(block)
    environ = {"GATEWAY_REQUESTS_MAX": "7"}
    rows = files_of(tmp_path, environ).load(Drafts()).rows
    found = {row.name: find_fixed(row.setting, row.source) for row in rows}
    assert found["GATEWAY_CONFIG"] == "config"
    assert found["PORT"] == "restart"
    # What has to be is what a program is found by, or kept in: who adds such a setting adds it.
    assert {name for name, code in found.items() if code == "machine"} == {
        f"CURSOR_SDK_BRIDGE_{name}" for name in ("BIN", "CAGE", "FOLDER")
    }
    assert found["GATEWAY_REQUESTS_MAX"] == "environment"
    assert found["upstream.x.api_key"] == "block"
    assert found["GATEWAY_STREAMS_MAX"] == ""


@pytest.mark.parametrize("name", ["NOBODY", "GATEWAY_CONFIG", "upstream.x.api_key", ""])
def test_only_settings_are_changed(tmp_path: Path, name: str) -> None:
    """Neither blocks nor where the file is."""
    with pytest.raises(UnknownSettingError):
        files_of(tmp_path).change(name, "x", None)


def test_a_change_is_meant_for_what_was_seen(tmp_path: Path) -> None:
    """Somebody else's change of either file is not lost."""
    files = files_of(tmp_path)
    seen = files.etag()
    (tmp_path / "cursor-api.toml").write_text(TOML)
    with pytest.raises(StaleTextError):
        files.change("GATEWAY_STREAMS_MAX", "50", seen)
    files.change("GATEWAY_STREAMS_MAX", "50", files.etag())
    assert files.etag() != seen


def test_what_is_written_in_another_way_is_left_to_its_owner(tmp_path: Path) -> None:
    """A table in one line."""
    files = files_of(tmp_path)
    text = "admission = { requests_max = 100 }\n"
    (tmp_path / "cursor-api.toml").write_text(text)
    with pytest.raises(FixedSettingError, match="by hand"):
        files.change("GATEWAY_REQUESTS_MAX", "7", None)
    assert (tmp_path / "cursor-api.toml").read_text() == text
