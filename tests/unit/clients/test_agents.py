"""Programs that write code with a model."""

from __future__ import annotations

import json

from cursor_api.clients.agents import AGENTS, CLAUDE_CODE, CODEX, GPTME, KEY_VARIABLE, PI
from cursor_api.clients.client import Api, Place, fill
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


def test_pi_reads_the_key_from_the_variable() -> None:
    """A name without the sign would be taken for the key itself."""
    assert PI.file is not None
    place = Place("http://127.0.0.1:3000", "the-key", "big", "little")
    file = json.loads(fill(PI.file.template, PI.file.language, place))
    provider = file["providers"]["cursor-api"]
    assert provider["apiKey"] == f"${KEY_VARIABLE}"
    assert provider["models"] == [{"id": "big"}]
    assert PI.arguments == ("--model", "cursor-api/@model@")


def test_gptme_is_given_the_one_address() -> None:
    """An older spelling of the variable would win."""
    assert GPTME.unset == ("OPENAI_API_BASE",)
    assert dict(GPTME.variables)["MODEL"] == "local/@model@"
