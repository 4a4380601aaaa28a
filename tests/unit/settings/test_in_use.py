"""The settings in use, as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.rules import Finding
from cursor_api.options.said import Words
from cursor_api.ports.configuration import ShownFinding, ShownSetting
from cursor_api.settings import SettingsInUse, load_settings
from cursor_api.settings.chinese import REASONS

KEY = "a-key-of-the-operator"
TOML = """\
[listener]
port = 3001

[[upstream]]
name = "mine"
kind = "openai"
base_url = "https://api.example.com"
api_key = "sk-a-secret-of-an-upstream"

[[model]]
name = "fast"
routes = ["mine/small"]
"""


def in_use(folder: Path, environ: Mapping[str, str] | None = None) -> SettingsInUse[Settings]:
    """What stands in the folder."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY, **(environ or {})}, folder)
    return SettingsInUse(SCHEMA, loaded, lambda: loaded)


def shown(settings: SettingsInUse[Settings]) -> dict[str, ShownSetting]:
    """By name."""
    return {one.name: one for one in settings.show().settings}


def test_each_has_its_value_its_source_and_its_words(tmp_path: Path) -> None:
    """In both languages; a secret is masked."""
    (tmp_path / "cursor-api.toml").write_text(TOML)
    by_name = shown(in_use(tmp_path))
    port = by_name["PORT"]
    assert (port.key, port.value, port.default) == ("listener.port", "3001", "3000")
    assert (port.is_set, port.source) == (True, "cursor-api.toml [listener]")
    assert port.group == Words("Listener", "监听")
    assert port.text.zh == REASONS["PORT"]
    key = by_name["AUTH_TOKEN"]
    assert KEY not in key.value
    assert (key.is_set, key.source, key.default) == (True, "environment", "none, required")
    assert (key.is_secret, key.default_text) == (True, Words("none, required", "无，必填"))
    assert (port.is_secret, port.default_text) == (False, Words("3000", "3000"))
    assert by_name["HOST"].is_set is False
    assert by_name["HOST"].fixed_by == "no_files"


def test_the_keys_of_blocks_are_among_them(tmp_path: Path) -> None:
    """Under the name of their block."""
    (tmp_path / "cursor-api.toml").write_text(TOML)
    by_name = shown(in_use(tmp_path))
    url = by_name["upstream.mine.base_url"]
    assert (url.key, url.value) == ("", "https://api.example.com")
    assert url.group == Words("Upstream mine", "上游 mine")
    assert "secret" not in by_name["upstream.mine.api_key"].value
    assert by_name["model.fast.routes"].group == Words("Model fast", "模型 fast")


def test_every_text_there_can_be_has_both_languages(tmp_path: Path) -> None:
    """Those of every kind of upstream too."""
    blocks = [
        f'[[upstream]]\nname = "{kind}-1"\nkind = "{kind}"\napi_key = "k-0123456789abcdef"\n'
        for kind in SCHEMA.kinds
    ]
    (tmp_path / "cursor-api.toml").write_text("\n".join(blocks))
    for one in in_use(tmp_path).show().settings:
        assert one.text.zh
        assert one.text.zh != one.text.en
        assert one.group.zh


def test_what_was_read_and_refused_is_told_until_something_better_is(tmp_path: Path) -> None:
    """The old ones stay in use meanwhile."""
    settings = in_use(tmp_path)
    settings.refuse((Finding("PORT", ".env:3", "is no port"),))
    assert settings.show().problems == (
        ShownFinding("PORT", ".env:3", "is no port", Words("is no port", "is no port")),
    )
    assert shown(settings)["PORT"].value == "3000"
    settings.take(in_use(tmp_path, {"PORT": "3002"}).loaded)
    assert settings.show().problems == ()
    assert repr(settings).endswith("refused=0)")


def test_what_waits_for_a_restart_says_so(tmp_path: Path) -> None:
    """Until it is what the gateway started with again."""
    settings = in_use(tmp_path)
    settings.take(in_use(tmp_path, {"PORT": "3002", "GATEWAY_REQUESTS_MAX": "7"}).loaded)
    by_name = shown(settings)
    assert (by_name["PORT"].value, by_name["PORT"].is_waiting) == ("3002", True)
    assert by_name["GATEWAY_REQUESTS_MAX"].is_waiting is False
    settings.take(in_use(tmp_path).loaded)
    assert shown(settings)["PORT"].is_waiting is False
