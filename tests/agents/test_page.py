"""The table in docs/clients.md knows the agents, the checks and the versions that there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.agents.agents import AGENTS, QUIET
from tests.agents.checks import CHECKS
from tests.agents.page import FAILED, FILES, SECTION, Language, heads
from tests.agents.versions import LOCK, pinned_versions


@pytest.mark.parametrize("language", FILES)
def test_the_page_shows_what_the_group_does(language: Language) -> None:
    """Every agent with its pinned version, every check, and no failure."""
    lines = SECTION.find(FILES[language].read_text(encoding="utf-8")).splitlines()
    table = [line for line in lines if line.startswith("| ")]
    assert table[0] == heads(language, pinned_versions())
    assert [line.split(" | ")[0].removeprefix("| ") for line in table[1:]] == [
        getattr(check.title, language) for check in CHECKS
    ]
    assert not [line for line in table if getattr(FAILED, language) in line]


def test_the_lock_has_the_pinned_versions_and_no_address() -> None:
    """Whoever installs takes them from the registry that is set there."""
    lock: Any = json.loads(LOCK.read_text(encoding="utf-8"))
    packages = lock["packages"]
    for name, version in pinned_versions().items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert {agent.package for agent in AGENTS} == set(pinned_versions())


def test_agents_may_reach_this_machine_only() -> None:
    """Any other host is asked for at a proxy that nobody serves."""
    assert QUIET["HTTPS_PROXY"] == QUIET["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert QUIET["NO_PROXY"] == QUIET["no_proxy"] == "127.0.0.1,localhost"
