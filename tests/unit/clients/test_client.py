"""How values come into templates, and which models a client gets."""

from __future__ import annotations

import json
import shlex
import subprocess
import tomllib

import pytest

from cursor_api.clients.client import (
    Api,
    Client,
    Place,
    choose_for,
    choose_models,
    exports_of,
    fill,
    fill_argument,
    variables_of,
)
from cursor_api.clients.table import CLIENTS

NASTY = "a\"b\\c$d`e'f @key@ {x}"
PLACE = Place("http://gate/p", NASTY, "big", "little", ("big", "little"))
CLIENT = Client(
    "x",
    "X",
    Api.CHAT,
    variables=(("X_URL", "@v1@"), ("X_KEY", "@key@"), ("X_JSON", '{"key": "@key@"}')),
    unset=("Y",),
)


def test_a_value_is_itself_in_every_language() -> None:
    """Whatever is in a key; a value is not looked through for marks again."""
    assert json.loads(fill('{"key": "@key@", "m": {@models@}}', "json", PLACE)) == {
        "key": NASTY,
        "m": {"big": {}, "little": {}},
    }
    assert tomllib.loads(fill('key = "@key@"', "toml", PLACE)) == {"key": NASTY}
    echoed = subprocess.run(
        ["sh", "-c", fill('printf %s "@key@"', "sh", PLACE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert echoed.stdout == NASTY
    assert fill("@root@ @v1@ @model@ @small@ @file@", "", PLACE, "f") == (
        "http://gate/p http://gate/p/v1 big little f"
    )
    assert fill_argument('a="@key@"', PLACE) != fill_argument("a=@key@", PLACE) == f"a={NASTY}"
    assert fill("{@models@}", "json", PLACE._replace(models=())) == '{"big": {}, "little": {}}'


def test_lines_for_a_shell_say_the_same_as_the_variables() -> None:
    """And first what must not be set."""
    variables = variables_of(CLIENT, PLACE)
    assert json.loads(variables["X_JSON"]) == {"key": NASTY}
    first, *lines = exports_of(CLIENT, PLACE)
    assert first == "unset Y"
    assert [shlex.split(line)[1] for line in lines] == [
        f"{name}={value}" for name, value in variables.items()
    ]
    assert CLIENT.can_run
    assert not CLIENT._replace(variables=()).can_run


@pytest.mark.parametrize(
    ("api", "served", "chosen"),
    [
        (Api.MESSAGES, ["gpt-5", "claude-opus-5", "claude-haiku-4.5", "claude-sonnet-5"], (3, 2)),
        (Api.RESPONSES, ["claude-sonnet-5", "gpt-5-mini", "gpt-5.1-codex", "gpt-5"], (2, 1)),
        (Api.CHAT, ["text-embedding-3", "qwen3:4b"], (1, 1)),
        (Api.CHAT, ["gpt-4o-mini"], (0, 0)),
        (Api.CHAT, ["deepseek-chat", "openrouter/x-mini"], (0, 1)),
        (Api.CHAT, ["auto", "composer-2.5", "claude-haiku-4.5"], (1, 2)),
    ],
)
def test_models_are_chosen_from_what_is_served(
    api: Api, served: list[str], chosen: tuple[int, int]
) -> None:
    """What fits the client, a small one of the same maker if there is one; embeddings never."""
    assert choose_models(api, served) == tuple(served[place] for place in chosen)


def test_where_nothing_fits_nothing_is_chosen() -> None:
    """The caller says so."""
    assert choose_models(Api.CHAT, ["text-embedding-3"]) is None


def test_an_agent_gets_a_model_that_calls_tools_where_there_is_one() -> None:
    """A chat does not care; and without any the agent takes what there is."""
    served = ["composer-1", "claude-4-sonnet"]
    agent, chat = CLIENTS["claude-code"], CLIENTS["llm"]
    assert choose_for(agent, served, ["composer-1"]) == ("composer-1", "composer-1")
    assert choose_for(agent, served, []) == choose_for(agent, served, served)
    assert choose_for(chat, served, ["claude-4-sonnet"]) == ("composer-1", "composer-1")
