"""Programs that write code with a model."""

from __future__ import annotations

from cursor_api.clients.agents import AGENTS, CLAUDE_CODE, CODEX, KEY_VARIABLE
from cursor_api.clients.client import Api
from cursor_api.installed import SCHEMA


def test_the_small_and_the_sub_agents_models_are_set_as_well() -> None:
    """Else such requests would name models that nobody here serves."""
    names = dict(CLAUDE_CODE.variables)
    assert names["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "@small@"
    assert names["CLAUDE_CODE_SUBAGENT_MODEL"] == "@model@"
    assert CLAUDE_CODE.api is Api.MESSAGES
    assert CODEX.api is Api.RESPONSES


def test_the_variable_of_the_key_is_no_setting_of_ours() -> None:
    """A gateway that starts where it is set warns of nothing."""
    assert not SCHEMA.is_ours(KEY_VARIABLE)
    assert len({client.name for client in AGENTS}) == len(AGENTS)
