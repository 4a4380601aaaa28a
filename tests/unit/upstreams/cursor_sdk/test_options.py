"""How the official way is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.installed import SCHEMA
from cursor_api.options.proxies import find_shared_proxies
from cursor_api.settings import load_settings
from cursor_api.upstreams.cursor_sdk.options import SdkOptions


def test_a_proxy_is_chosen_by_where_the_bridge_asks() -> None:
    """A named one, that of the machine, or none."""
    named = Secret("http://proxy:1")
    assert SdkOptions(proxy=named).find_proxy() == named
    assert SdkOptions().find_proxy() is None
    shared = find_shared_proxies({}, {"HTTPS_PROXY": "http://shared:1"})
    assert SdkOptions(proxy=shared).find_proxy() == Secret("http://shared:1")
    excepted = {"HTTPS_PROXY": "http://shared:1", "NO_PROXY": "cursor.sh"}
    assert SdkOptions(proxy=find_shared_proxies({}, excepted)).find_proxy() is None


@pytest.mark.parametrize(
    ("variables", "problems", "warnings"),
    [
        ({"CURSOR_SDK_BRIDGE_URL": "http://127.0.0.1:1"}, ["needs bridge_token"], []),
        (
            {
                "CURSOR_SDK_BRIDGE_URL": "http://bridge.example:1",
                "CURSOR_SDK_BRIDGE_TOKEN": "t",
                "CURSOR_SDK_BRIDGE_BIN": "/bin/true",
            },
            [],
            ["has no TLS", "has no effect"],
        ),
        ({"CURSOR_SDK_BRIDGE_ULR": "http://127.0.0.1:1"}, [], ["CURSOR_SDK_BRIDGE_URL"]),
        ({"CURSOR_SDK_LOG": "debug", "CURSOR_SDK_CLIENT_LANGUAGE": "python"}, [], []),
    ],
)
def test_what_does_not_go_together_is_found(
    tmp_path: Path, variables: dict[str, str], problems: list[str], warnings: list[str]
) -> None:
    """Before anything is started."""
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20, **variables}, tmp_path)
    for found, words in ((loaded.problems, problems), (loaded.warnings, warnings)):
        assert len(found) == len(words)
        for finding, part in zip(found, words, strict=True):
            assert part in finding.message


def test_a_block_has_them_too(tmp_path: Path) -> None:
    """A second route with keys of its own, and a bridge of its own."""
    (tmp_path / "cursor-api.toml").write_text(
        '[cursor-sdk]\nruns_max = 3\n[[upstream]]\nname = "team"\nkind = "cursor-sdk"\n'
        'api_key = "crsr_of_the_team"\nbridge_cage = false\nrun_timeout_s = 60\n'
    )
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 20}, tmp_path)
    assert (loaded.problems, loaded.warnings) == ((), ())
    _, own, team = loaded.settings.upstreams
    assert (own.options.runs_max, own.options.is_caged) == (3, True)
    assert (team.options.is_caged, team.options.run_max_s) == (False, 60)
    assert team.api_keys == (Secret("crsr_of_the_team"),)
